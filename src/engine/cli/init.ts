import { relative } from 'node:path';
import { initRun } from '../init/initRun';
import { ExitStatus } from './exitStatus';
import { complain, print, sayJson } from './output';
import { english } from '../../shared/words/message';
import { formatCount } from '../../shared/words/numbers';

/** Writes basin_export.py beside the checkpoints of a run, and says what to do with it. */
export async function initCommand(
  folder: string,
  { json }: { readonly json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const result = await initRun(folder, __dirname, signal);
  if (json === true) {
    await sayJson({ ...result, left: result.left.map(english) });
    return ExitStatus.done;
  }
  const { file, checkpoints, count, parameters, left, isConfigured } = result;
  const named = checkpoints.join(', ');
  print(
    `${count} ${count === 1 ? 'checkpoint' : 'checkpoints'} (${named}), ${formatCount(parameters)} scalars in each.`,
  );
  for (const sentence of left) complain(`Note: ${english(sentence)}`);
  print(`Wrote ${relative('.', file) || file}.\n`);
  print(
    'Add this line to your training script, where the model, a data loader and the loss exist, and run it:\n\n' +
      '    from basin_export import export; export(model, loader, loss)\n\n' +
      'A script elsewhere finds the file with sys.path.append. Then: basin analyze ' +
      (relative('.', result.folder) || '.'),
  );
  if (isConfigured) {
    print('There is a basin.json; the export replaces what it names, and the rest of it stays.');
  }
  return ExitStatus.done;
}
