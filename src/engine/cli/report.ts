import { resolve } from 'node:path';
import { writeReport } from '../study/writeReport';
import { ExitStatus } from './exitStatus';
import { say } from './output';

/** Writes the panel, with the documents of a folder, as one page. */
export async function reportCommand(
  folder: string,
  { out }: { readonly out: string },
): Promise<number> {
  const count = await writeReport({
    folder: resolve(folder),
    assets: __dirname,
    out: resolve(out),
  });
  say(`${out}: ${count} checkpoints on one page; open it in a browser.`);
  return ExitStatus.done;
}
