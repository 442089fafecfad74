import { inspect } from '../checkpoint/inspect';
import { ExitStatus } from './exitStatus';
import { bytes, grouped } from './numbers';
import { table } from './table';
import { escaped } from '../../shared/escaped';
import { complain, say, sayJson } from './output';

export async function inspectCommand(
  file: string,
  { json, base }: { readonly json?: boolean; readonly base?: string },
): Promise<number> {
  const inspection = await inspect(file, base);
  for (const warning of inspection.warnings ?? []) complain(`Warning: ${warning}`);
  if (json === true) {
    await sayJson(inspection);
    return ExitStatus.done;
  }
  const { path, format, size, tensors, parameters, step, epoch, metadata } = inspection;
  const facts = [
    `${format}, ${bytes(size)}`,
    `${grouped(parameters)} scalars in ${tensors.length} tensors`,
    ...(epoch === null ? [] : [`epoch ${epoch}`]),
    ...(step === null ? [] : [`step ${step}`]),
  ];
  say(`${escaped(path)}\n${facts.join(' · ')}`);
  const others = Object.entries(metadata);
  if (others.length > 0) {
    say(
      `\n${table(
        [],
        others.map(([name, value]) => [name, String(value)]),
        'left',
      )}`,
    );
  }
  const rows = tensors.map(({ name, dtype, shape }) => [name, dtype, `[${shape.join(', ')}]`]);
  say(`\n${table(['tensor', 'type', 'shape'], rows, 'left')}`);
  return ExitStatus.done;
}
