// One bundle per house: extension host, engine process, its workers, command line, webview, and
// the suite that runs inside a real VS Code.
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runInNewContext } from 'node:vm';
import { glob } from 'tinyglobby';
import esbuild from 'esbuild';
import { writeSchema } from './scripts/schema.mjs';

const {
  values: { watch, production, outdir, metafile },
} = parseArgs({
  options: {
    watch: { type: 'boolean', default: false },
    /** For a package: small, without maps, and without the suites. */
    production: { type: 'boolean', default: false },
    outdir: { type: 'string', default: 'dist' },
    /** File for what went into which bundle. */
    metafile: { type: 'string' },
  },
});

/** @type {import('esbuild').BuildOptions} */
const shared = {
  bundle: true,
  outdir,
  metafile: metafile !== undefined,
  sourcemap: !production,
  minify: production,
  logLevel: 'warning',
  legalComments: 'linked',
};

/** @type {import('esbuild').BuildOptions} */
const node = {
  ...shared,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // Its main file is UMD, which a bundler cannot follow.
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
  // Some packages ask where they are in the words of ES modules.
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
};

/** What most windows never need and none needs at its start, and the file it is loaded from. */
const LATER = {
  './src/extension/configuration/checkBasinJson.ts': 'checkBasinJson',
  'vscode-jsonrpc/node': 'jsonrpc',
};

/** @type {import('esbuild').Plugin} */
const filesOfTheirOwn = {
  name: 'files of their own',
  setup({ onResolve }) {
    onResolve({ filter: /^vscode-jsonrpc\/node$|\/checkBasinJson$/ }, ({ path }) => ({
      path: path.startsWith('.') ? './checkBasinJson.js' : './jsonrpc.js',
      external: true,
    }));
  },
};

/**
 * Files of commands: parsing all of them takes as long as Node's own start, and what only looks at files needs few.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const COMMANDS = {
  'basin-files': ['inspect', 'diff'],
  'basin-commands': [
    'analyze',
    'compare',
    'doctor',
    'export',
    'init',
    'report',
    'study',
    'topology',
  ],
};

/** @type {import('esbuild').Plugin} */
const commandsInTheirFiles = {
  name: 'commands in their files',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/\w+$/ }, ({ path, kind, importer }) => {
      if (kind !== 'dynamic-import' || !/[\\/]cli[\\/]basin\.ts$/.test(importer)) return null;
      const found = Object.keys(COMMANDS).find((file) => COMMANDS[file]?.includes(path.slice(2)));
      if (found === undefined) throw new Error(`${path} is in no file of commands`);
      return { path: `./${found}.js`, external: true };
    });
    onResolve({ filter: /^commands:/ }, ({ path }) => ({
      path: path.slice('commands:'.length),
      namespace: 'commands',
    }));
    onLoad({ filter: /.*/, namespace: 'commands' }, ({ path }) => ({
      contents: (COMMANDS[path] ?? []).map((name) => `export * from './${name}';`).join('\n'),
      resolveDir: join(import.meta.dirname, 'src/engine/cli'),
    }));
  },
};

/**
 * Its hundreds of names are copied for every file that imports it, as esbuild cannot know that it
 * is no ES module; that took longer than all else when the extension was loaded.
 *
 * @type {import('esbuild').Plugin}
 */
const oneVscode = {
  name: 'one vscode',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/extension\/.*\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(
        /^import \* as vscode from 'vscode';$/m,
        "const vscode = require('vscode');",
      ),
      loader: 'ts',
    }));
  },
};

/**
 * h5wasm carries its WebAssembly as text, which every thread would read, decode and compile for a quarter of a
 * second. It becomes a file, compiled once by whoever starts the threads, which give it to h5wasm.
 *
 * @type {import('esbuild').Plugin}
 */
const hdf5Library = {
  name: 'HDF5 library',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]h5wasm[\\/]dist[\\/]esm[\\/]hdf5_util\.js$/ }, async ({ path }) => {
      const [before, literal, after] = around(await readFile(path, 'utf8'), [
        'function findWasmBinary(){return binaryDecode(',
        ')}function getBinarySync(',
      ]);
      const characters = /** @type {string} */ (runInNewContext(literal));
      // As h5wasm's own binaryDecode: 0 may be written as 256.
      const bytes = Uint8Array.from(characters, (character) => character.charCodeAt(0));
      await writeFile(join(outdir, 'hdf5.wasm'), bytes);
      return { contents: `${before}''${after}` };
    });
    onLoad({ filter: /[\\/]h5wasm[\\/]dist[\\/]esm[\\/]hdf5_hl\.js$/ }, async ({ path }) => {
      const [before, started, after] = around(await readFile(path, 'utf8'), [
        'const ready = ',
        ';\nexport { ready };',
      ]);
      const options = '{ noInitialRun: true';
      if (!started.includes(options)) throw new Error(`h5wasm no longer says ${options}`);
      const again = started.replace(options, `${options}, instantiateWasm`);
      const from = join(import.meta.dirname, 'src/engine/checkpoint/hdf5/instance.ts');
      const imported = `import { begun, instantiateWasm } from ${JSON.stringify(from)};\n`;
      return { contents: `${imported}${before}begun(() => ${again})${after}` };
    });
  },
};

/**
 * @param {string} text
 * @param {[string, string]} marks
 * @returns {[string, string, string]} What comes before, between and after two marks, which stay.
 */
function around(text, [first, second]) {
  const start = text.indexOf(first) + first.length;
  const end = text.indexOf(second, start);
  if (start < first.length || end < 0) throw new Error(`h5wasm no longer says ${first}…${second}`);
  return [text.slice(0, start), text.slice(start, end), text.slice(end)];
}

/** @type {(Omit<import('esbuild').BuildOptions, 'entryPoints'> & { entryPoints: Record<string, string> | string[] })[]} */
const all = [
  // The host of VS Code: 'vscode' is its own module.
  {
    ...node,
    entryPoints: { extension: 'src/extension/extension.ts' },
    external: ['vscode'],
    plugins: [oneVscode, filesOfTheirOwn],
    // An import that comes later is a require that comes later.
    supported: { 'dynamic-import': false },
  },
  {
    ...node,
    entryPoints: Object.fromEntries(Object.entries(LATER).map(([name, from]) => [from, name])),
  },
  {
    ...node,
    entryPoints: { basin: 'src/engine/cli/basin.ts' },
    plugins: [commandsInTheirFiles],
    supported: { 'dynamic-import': false },
  },
  // Native modules stay outside the bundle.
  {
    ...node,
    entryPoints: {
      ...Object.fromEntries(Object.keys(COMMANDS).map((file) => [file, `commands:${file}`])),
      engine: 'src/engine/server/server.ts',
      worker: 'src/engine/study/pool/worker.ts',
      hdf5: 'src/engine/topology/files/surfaceWorker.ts',
    },
    external: ['onnxruntime-node', 'onnxruntime-web'],
    plugins: [hdf5Library, commandsInTheirFiles],
  },
  {
    ...shared,
    entryPoints: { webview: 'src/webview/panel.ts', checkpoint: 'src/webview/checkpoint/page.ts' },
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    minify: true,
  },
  ...(production
    ? []
    : [
        {
          ...node,
          entryPoints: await glob('test/vscode/**/*.ts'),
          outbase: 'test/vscode',
          outdir: join(outdir, 'test-vscode'),
          external: ['vscode', 'mocha', 'playwright-core'],
        },
      ]),
];

await writeSchema(import.meta.dirname, join(outdir, 'basin.schema.json'));
// What `basin init` writes beside checkpoints.
await copyFile('src/engine/init/basin_export.py', join(outdir, 'basin_export.py'));

if (watch) {
  for (const options of all) {
    const context = await esbuild.context({ ...options, logLevel: 'info' });
    await context.watch();
  }
} else {
  const builds = await Promise.all(all.map((options) => esbuild.build(options)));
  if (metafile !== undefined) {
    const inputs = Object.assign({}, ...builds.map((build) => build.metafile?.inputs ?? {}));
    await writeFile(metafile, JSON.stringify({ inputs }));
  }
}
