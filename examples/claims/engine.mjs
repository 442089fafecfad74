import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import esbuild from 'esbuild';

const SOURCES = [
  'engine/topology/trees/gridBranches.ts',
  'engine/topology/order.ts',
  'engine/topology/persistence.ts',
  'shared/gridBorder.ts',
  'shared/rankCorrelation.ts',
  'webview/landscape/contour.ts',
  'webview/plots/colorMap.ts',
  'webview/plots/ticks.ts',
];

/** Basin's own functions: what the pages count and draw with is what the product does. */
export async function engine() {
  const folder = mkdtempSync(join(tmpdir(), 'basin-claims-'));
  try {
    const outfile = join(folder, 'engine.mjs');
    const from = (name) => fileURLToPath(new URL(`../../src/${name}`, import.meta.url));
    await esbuild.build({
      stdin: {
        contents: SOURCES.map((name) => `export * from ${JSON.stringify(from(name))};`).join('\n'),
        resolveDir: folder,
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile,
      logLevel: 'warning',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
