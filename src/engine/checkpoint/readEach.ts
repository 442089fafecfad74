import { untilAborted } from '../aborted';
import { sizeOf, type Tensor } from '../tensor';
import type { Checkpoint } from './checkpoint';

/** Tensors that are read while whoever asked for them still looks at one. */
const AHEAD = 2;
const MAX_BYTES_AHEAD = 2 ** 26;
/** Smaller ones are in memory with what was read before them. */
const MIN_BYTES_AHEAD = 2 ** 18;
const MAX_BYTES_PER_ELEMENT = 8;

/**
 * Reads tensors one after the other, in the order of their names; large ones while those before them are looked at.
 *
 * @throws InputError as `read`; the signal's reason.
 */
export async function* readEach(
  checkpoint: Pick<Checkpoint, 'tensors' | 'read'>,
  names: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<{ readonly name: string; readonly tensor: Tensor }, void> {
  const underWay: { readonly bytes: number; readonly tensor: Promise<Tensor> }[] = [];
  let [started, ahead] = [0, 0];
  const start = (bytes: number): void => {
    const tensor = checkpoint.read(names[started++]!);
    // Whoever waits for the one before hears of its fault, and of no other.
    tensor.catch(() => undefined);
    underWay.push({ bytes, tensor });
    ahead += bytes;
  };
  for (const name of names) {
    for (; started < names.length && underWay.length <= AHEAD;) {
      const shape = checkpoint.tensors.get(names[started]!)?.shape ?? [];
      const bytes = MAX_BYTES_PER_ELEMENT * sizeOf(shape);
      const isAhead = underWay.length > 0;
      if (isAhead && (bytes < MIN_BYTES_AHEAD || ahead + bytes > MAX_BYTES_AHEAD)) break;
      start(bytes);
    }
    const { bytes, tensor } = underWay.shift()!;
    yield { name, tensor: await untilAborted(tensor, signal) };
    ahead -= bytes;
  }
}
