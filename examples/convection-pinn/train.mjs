/** Bundles train.ts with the engine's sources and runs it: node train.mjs [RUN] [OUT] [ITERATIONS] */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import esbuild from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
// Inside the repository, where ONNX Runtime is found.
const outfile = join(here, '.train.bundle.cjs');
try {
  await esbuild.build({
    entryPoints: [join(here, 'train.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    outfile,
    logLevel: 'warning',
  });
  process.chdir(here);
  const { trained } = await import(pathToFileURL(outfile).href);
  await trained;
} finally {
  rmSync(outfile, { force: true });
}
