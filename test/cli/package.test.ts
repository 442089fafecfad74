import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPromise, type Entry } from 'yauzl';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'basin-packages-'));
  await run(
    process.execPath,
    ['scripts/package.mjs', '--target', 'linux-x64,universal', '--out', folder],
    { cwd: root, timeout: 240_000 },
  );
}, 240_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Packed {
  /** Bytes of the .vsix. */
  readonly size: number;
  /** Bytes of each file in it. */
  readonly files: ReadonlyMap<string, number>;
  readonly text: (name: string) => Promise<string>;
}

async function open(target: string): Promise<Packed> {
  const path = join(folder, `basin-0.1.0-${target}.vsix`);
  const archive = await openPromise(path, { autoClose: false });
  const entries = new Map<string, Entry>();
  for await (const entry of archive.eachEntry()) entries.set(entry.fileName, entry);
  return {
    size: (await stat(path)).size,
    files: new Map([...entries].map(([name, entry]) => [name, entry.uncompressedSize])),
    text: async (name) => {
      const stream = await archive.openReadStreamPromise(entries.get(name)!);
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}

/** What every package holds, and may hold. */
const COMMON = [
  /^extension\.vsixmanifest$/,
  /^\[Content_Types\]\.xml$/,
  /^extension\/(package(\.nls(\.[\w-]+)?)?\.json|readme\.md|changelog\.md|LICENSE\.txt|THIRD-PARTY-NOTICES\.txt)$/,
  /^extension\/media\/[\w-]+(\/[\w-]+)*\.(svg|png|md)$/,
  /^extension\/snippets\/[\w-]+\.json$/,
  /^extension\/l10n\/(bundle\.l10n|engine)(\.[\w-]+)?\.json$/,
  /^extension\/dist\/[\w-]+\.(js|css|wasm)$/,
  /^extension\/dist\/[\w-]+\.js\.LEGAL\.txt$/,
  /^extension\/dist\/basin\.schema\.json$/,
  // What Set Up This Run writes into the run's folder.
  /^extension\/dist\/basin_export\.py$/,
  /^extension\/dist\/node_modules\/onnxruntime-common\/package\.json$/,
  /^extension\/dist\/node_modules\/onnxruntime-common\/dist\/cjs\/([\w-]+\.js|package\.json)$/,
];

const OWN = {
  'linux-x64': [
    /^extension\/dist\/node_modules\/onnxruntime-node\/(package\.json|dist\/[\w-]+\.js)$/,
    /^extension\/dist\/node_modules\/onnxruntime-node\/bin\/napi-v6\/linux\/x64\/(libonnxruntime\.so\.1|onnxruntime_binding\.node)$/,
  ],
  universal: [
    /^extension\/dist\/node_modules\/onnxruntime-web\/package\.json$/,
    /^extension\/dist\/node_modules\/onnxruntime-web\/dist\/(ort\.node\.min\.js|ort-wasm-simd-threaded\.(mjs|wasm))$/,
  ],
};

describe.each(['linux-x64', 'universal'] as const)('the package for %s', (target) => {
  it('holds nothing but what it needs', async () => {
    const { files } = await open(target);
    const allowed = [...COMMON, ...OWN[target]];
    expect([...files.keys()].filter((name) => !allowed.some((a) => a.test(name)))).toEqual([]);
    for (const pattern of [...COMMON.slice(0, 4), ...OWN[target]]) {
      expect([...files.keys()].some((name) => pattern.test(name))).toBe(true);
    }
    for (const bundle of ['extension', 'engine', 'worker', 'basin', 'webview', 'checkpoint']) {
      expect(files.get(`extension/dist/${bundle}.js`)).toBeGreaterThan(1000);
    }
  });

  it('has no maps, sources, tests or examples, and no word of them in its manifest', async () => {
    const { files, text } = await open(target);
    const names = [...files.keys()].filter((name) => !name.endsWith('/basin_export.py')).join('\n');
    expect(names).not.toMatch(/\.(map|ts|tsx|py|pt|onnx|npz)$|\/(src|test|examples|bench|docs)\//m);
    expect(await text('extension/dist/engine.js')).not.toContain('sourceMappingURL');
    const manifest = JSON.parse(await text('extension/package.json')) as Record<string, unknown>;
    expect(Object.keys(manifest)).not.toContain('devDependencies');
    expect(Object.keys(manifest)).not.toContain('scripts');
    expect(manifest.main).toBe('./dist/extension.js');
  });

  it('is below 40 MB', async () => {
    const { size } = await open(target);
    expect(size).toBeLessThan(40e6);
    expect(size).toBeGreaterThan(2e6);
  });

  it('brings the licences of what is in it', async () => {
    const { text } = await open(target);
    const notices = await text('extension/THIRD-PARTY-NOTICES.txt');
    const runtime = target === 'universal' ? 'onnxruntime-web' : 'onnxruntime-node';
    for (const name of ['echarts', 'three', 'zod', 'yauzl', 'vscode-jsonrpc', runtime]) {
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(.+\\)$`, 'm'));
    }
    expect(notices).toContain('onnx.proto');
    expect(notices).toContain('TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION');
    // What only builds or tests it is not in it.
    expect(notices).not.toMatch(/^(esbuild|typescript|vitest|playwright-core|mocha) /m);
  });
});
