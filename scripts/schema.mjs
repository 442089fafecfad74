import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import esbuild from 'esbuild';

/**
 * Writes the JSON schema of basin.json, which the editor completes and checks with, from the one
 * the engine checks with.
 *
 * @param {string} root The project's folder.
 * @param {string} out File to write.
 */
export async function writeSchema(root, out) {
  const bundle = await esbuild.build({
    stdin: {
      contents: `
        import { toJSONSchema } from 'zod';
        import { configurationSchema } from './src/shared/configuration';
        export const schema = toJSONSchema(configurationSchema, { io: 'input', target: 'draft-7' });
      `,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  const code = Buffer.from(bundle.outputFiles[0]?.contents ?? []).toString('base64');
  const { schema } = await import(`data:text/javascript;base64,${code}`);
  await mkdir(dirname(out), { recursive: true });
  // basin.json is JSON with comments.
  const tolerant = { ...schema, allowComments: true, allowTrailingCommas: true };
  await writeFile(out, `${JSON.stringify(tolerant, null, 2)}\n`);
}
