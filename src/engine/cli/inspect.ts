import { inspect } from '../checkpoint/inspect';
import { ExitStatus } from './exitStatus';
import { table } from './table';
import { escaped } from '../../shared/escaped';
import { english } from '../../shared/words/message';
import { formatBytes, formatCount } from '../../shared/words/numbers';
import { complain, print, sayJson } from './output';
import { plural } from '../../shared/words/text';

export interface InspectFlags {
  readonly json?: boolean;
  readonly base?: string;
  readonly statistics?: boolean;
  /** Of the run: its first checkpoint, and the one before. */
  readonly first?: string;
  readonly previous?: string;
}

export async function inspectCommand(
  file: string,
  { json, base, ...run }: InspectFlags,
  signal: AbortSignal,
): Promise<number> {
  const inspection = await inspect(file, base);
  for (const warning of inspection.warnings ?? []) complain(`Warning: ${english(warning)}`);
  const isMeasured =
    run.statistics === true || run.first !== undefined || run.previous !== undefined;
  // Reading a header needs none of what measures.
  const statistics = isMeasured
    ? await (await import('./weightTable')).measureAll(file, inspection, run, signal)
    : null;
  if (json === true) {
    const told = { ...inspection, warnings: inspection.warnings?.map(english) };
    await sayJson(statistics === null ? told : { ...told, statistics });
    return ExitStatus.done;
  }
  const { path, format, size, tensors, parameters, step, epoch, metadata } = inspection;
  const facts = [
    `${format}, ${formatBytes(size)}`,
    `${plural(parameters, 'value')}, buffers included, in ${plural(tensors.length, 'tensor')}`,
    ...(epoch === null ? [] : [`epoch ${formatCount(epoch)}`]),
    ...(step === null ? [] : [`step ${formatCount(step)}`]),
  ];
  print(`${escaped(path)}\n${facts.join(' · ')}`);
  const others = Object.entries(metadata);
  if (others.length > 0) {
    print(
      `\n${table(
        [],
        others.map(([name, value]) => [name, String(value)]),
        'left',
      )}`,
    );
  }
  if (statistics !== null) {
    const { weightTable } = await import('./weightTable');
    print(`\n${weightTable(tensors, statistics, run)}`);
    return ExitStatus.done;
  }
  const rows = tensors.map(({ name, dtype, shape }) => [name, dtype, `[${shape.join(', ')}]`]);
  print(`\n${table(['tensor', 'type', 'shape'], rows, 'left')}`);
  return ExitStatus.done;
}
