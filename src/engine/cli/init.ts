import { relative } from 'node:path';
import { initRun } from '../init/initRun';
import { ExitStatus } from './exitStatus';
import { complain, print, sayJson } from './output';
import { english } from '../../shared/words/message';
import { plural } from '../../shared/words/text';

/** Writes basin_export.py, or the basin.json of saved models, beside the checkpoints of a run, and says what is next. */
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
  const { file, checkpoints, count, parameters, left, needsExport, isConfigured } = result;
  const named = checkpoints.join(', ');
  print(
    `${plural(count, 'checkpoint')} (${named}), ${plural(parameters, 'value')}, buffers included, in each.`,
  );
  for (const sentence of left) complain(`Note: ${english(sentence)}`);
  const analyze = `basin analyze ${relative('.', result.folder) || '.'}`;
  if (!needsExport) {
    print(
      isConfigured
        ? 'There is a basin.json; it stays as it is.'
        : `Wrote ${relative('.', file)}: the models hold their graph themselves, so that nothing is to be exported.`,
    );
    print(`${left.length === 0 ? 'Now' : 'Then'}: ${analyze}`);
    return ExitStatus.done;
  }
  print(`Wrote ${relative('.', file) || file}.\n`);
  print(
    'Add this line to your training script, where the model, a data loader and the loss exist, and run it:\n\n' +
      '    from basin_export import export; export(model, loader, loss)\n\n' +
      `A script elsewhere finds the file with sys.path.append. Then: ${analyze}`,
  );
  if (isConfigured) {
    print('There is a basin.json; the export replaces what it names, and the rest of it stays.');
  }
  return ExitStatus.done;
}
