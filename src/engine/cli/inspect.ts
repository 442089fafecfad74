import { inspect } from '../checkpoint/inspect';
import { ExitStatus } from './exitStatus';
import { bytes, grouped } from './numbers';
import { table } from './table';

export async function inspectCommand(
  file: string,
  { json }: { readonly json?: boolean },
): Promise<number> {
  const inspection = await inspect(file);
  if (json === true) {
    console.log(JSON.stringify(inspection));
    return ExitStatus.done;
  }
  const { path, format, size, tensors, parameters, step, epoch, metadata } = inspection;
  const facts = [
    `${format}, ${bytes(size)}`,
    `${grouped(parameters)} scalars in ${tensors.length} tensors`,
    ...(epoch === null ? [] : [`epoch ${epoch}`]),
    ...(step === null ? [] : [`step ${step}`]),
  ];
  console.log(`${path}\n${facts.join(' · ')}`);
  const others = Object.entries(metadata);
  if (others.length > 0) {
    console.log(
      `\n${table(
        [],
        others.map(([name, value]) => [name, String(value)]),
        'left',
      )}`,
    );
  }
  const rows = tensors.map(({ name, dtype, shape }) => [name, dtype, `[${shape.join(', ')}]`]);
  console.log(`\n${table(['tensor', 'type', 'shape'], rows, 'left')}`);
  return ExitStatus.done;
}
