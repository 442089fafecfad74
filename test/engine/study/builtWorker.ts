import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

/** The worker as a bundle, where it finds native packages. */
export async function buildWorker(): Promise<{
  readonly script: string;
  readonly remove: () => void;
}> {
  const cache = join(ROOT, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'basin-worker-'));
  const script = join(folder, 'worker.js');
  await build({
    entryPoints: [join(ROOT, 'src/engine/study/pool/worker.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    external: ['onnxruntime-node', 'onnxruntime-web', '@tensorflow/*'],
  });
  return {
    script,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
