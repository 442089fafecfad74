// One bundle per house: extension host, engine process, its workers, command line, webview, and
// the suite that runs inside a real VS Code.
import { existsSync } from 'node:fs';
import { glob } from 'tinyglobby';
import esbuild from 'esbuild';
import { writeSchema } from './scripts/schema.mjs';

const watch = process.argv.includes('--watch');
const production = process.argv.includes('--production');

/** @type {import('esbuild').BuildOptions} */
const shared = {
  bundle: true,
  outdir: 'dist',
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

/** @type {(Omit<import('esbuild').BuildOptions, 'entryPoints'> & { entryPoints: Record<string, string> | string[] })[]} */
const all = [
  // The host of VS Code: 'vscode' is its own module.
  { ...node, entryPoints: { extension: 'src/extension/extension.ts' }, external: ['vscode'] },
  // Native modules stay outside the bundle.
  {
    ...node,
    entryPoints: {
      basin: 'src/engine/cli/basin.ts',
      engine: 'src/engine/server.ts',
      worker: 'src/engine/study/worker.ts',
    },
    external: ['onnxruntime-node'],
  },
  {
    ...shared,
    entryPoints: { webview: 'src/webview/panel.ts', checkpoint: 'src/webview/checkpoint/page.ts' },
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    minify: true,
  },
  {
    ...node,
    entryPoints: await glob('test/vscode/**/*.ts'),
    outbase: 'test/vscode',
    outdir: 'dist/test-vscode',
    external: ['vscode', 'mocha', 'playwright-core'],
  },
];

// A house that is not there yet is left out.
const builds = all.filter(({ entryPoints }) =>
  Object.values(entryPoints).every((path) => existsSync(path)),
);

await writeSchema(import.meta.dirname, 'dist/basin.schema.json');

if (watch) {
  for (const options of builds) {
    const context = await esbuild.context({ ...options, logLevel: 'info' });
    await context.watch();
  }
} else {
  await Promise.all(builds.map((options) => esbuild.build(options)));
}
