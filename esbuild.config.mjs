// One bundle per house: extension host, engine process, its workers, command line, webview, and
// the suite that runs inside a real VS Code.
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
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
  // Native modules stay outside the bundle.
  {
    ...node,
    entryPoints: {
      basin: 'src/engine/cli/basin.ts',
      engine: 'src/engine/server/server.ts',
      worker: 'src/engine/study/worker.ts',
      hdf5: 'src/engine/topology/files/surfaceWorker.ts',
    },
    external: ['onnxruntime-node', 'onnxruntime-web'],
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
