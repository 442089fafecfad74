import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import esbuild from 'esbuild';

/**
 * What some of Basin's own files export, for programs beside it.
 *
 * @param {readonly string[]} sources paths below `src`, with their endings.
 */
export async function compiled(sources) {
  const folder = mkdtempSync(join(tmpdir(), 'basin-compiled-'));
  try {
    const outfile = join(folder, 'module.mjs');
    const src = new URL('../src/', import.meta.url);
    await esbuild.build({
      stdin: {
        contents: sources
          .map((name) => `export * from ${JSON.stringify(fileURLToPath(new URL(name, src)))};`)
          .join('\n'),
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
