import { resolve } from 'node:path';
import { writeReport } from '../study/results/writeReport';
import { ExitStatus } from './exitStatus';
import { complain, print } from './output';

/** Writes the panel, with the documents of a folder, as one page. */
export async function reportCommand(
  folder: string,
  { out }: { readonly out: string },
): Promise<number> {
  const { count, outdated } = await writeReport({
    folder: resolve(folder),
    assets: __dirname,
    out: resolve(out),
  });
  for (const sentence of outdated) complain(`Warning: ${sentence}`);
  const which = outdated.length === 0 ? '' : `, ${outdated.length} of them outdated`;
  print(
    `${out}: ${count} ${count === 1 ? 'checkpoint' : 'checkpoints'} on one page${which}; open it in a browser.`,
  );
  return ExitStatus.done;
}
