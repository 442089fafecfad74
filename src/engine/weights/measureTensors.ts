import type { TensorStatistics, TensorStatisticsOutcome } from '../../shared/engineProtocol';
import { InputError } from '../../shared/inputError';
import { Moments, statisticsOf } from '../checkpoint/statistics';
import { openTensors, type ReadableTensors } from '../checkpoint/tensors';
import { sizeOf, type Tensor } from '../tensor';
import { isMatrix, matrixStatistics } from './matrixStatistics';

export interface MeasureOptions {
  readonly signal: AbortSignal;
  readonly onOutcome: (outcome: TensorStatisticsOutcome) => void;
  /** Of the run: its first checkpoint, and the one before. */
  readonly first?: string | undefined;
  readonly previous?: string | undefined;
}

/**
 * Statistics of tensors, one after the other. One that cannot be read does not keep the others from
 * it. Of each file one tensor is in memory, and of those that are no matrix and compared with none, a
 * piece.
 *
 * @param indices places in the file's order.
 * @throws InputError when a file is not one that is read; the signal's reason.
 */
export async function measureTensors(
  path: string,
  indices: readonly number[],
  { signal, onOutcome, first, previous }: MeasureOptions,
): Promise<void> {
  const opened: ReadableTensors[] = [];
  const open = async (of: string | undefined): Promise<ReadableTensors | undefined> => {
    if (of === undefined) return undefined;
    const { checkpoint } = await openTensors(of);
    opened.push(checkpoint);
    return checkpoint;
  };
  try {
    const checkpoint = (await open(path))!;
    const others = { fromFirst: await open(first), fromPrevious: await open(previous) };
    const names = [...checkpoint.tensors.keys()];
    for (const index of indices) {
      signal.throwIfAborted();
      const name = names[index];
      if (name === undefined) continue;
      try {
        const statistics = await measured(checkpoint, name, others, signal);
        onOutcome({ index, ok: true, statistics });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        onOutcome({ index, ok: false, message: error.said });
      }
    }
  } finally {
    for (const checkpoint of opened) await checkpoint.close();
  }
}

/** Tensors that are held to be compared. */
const MAX_COMPARED = 2 ** 28;

async function measured(
  checkpoint: ReadableTensors,
  name: string,
  others: Readonly<Record<'fromFirst' | 'fromPrevious', ReadableTensors | undefined>>,
  signal: AbortSignal,
): Promise<TensorStatistics> {
  const entry = checkpoint.tensors.get(name)!;
  const asMatrix = isMatrix(entry);
  const named = Object.entries(others).filter(([, other]) => other !== undefined);
  const isCompared = named.length > 0 && sizeOf(entry.shape) <= MAX_COMPARED;
  if (!asMatrix && !isCompared) return statisticsOf(elements(checkpoint, name), signal);
  const tensor = await checkpoint.read(name);
  const moments = new Moments();
  moments.add(tensor.data);
  const distances: Record<string, number | null> = {};
  for (const [key, other] of named) distances[key] = await distanceTo(other!, name, tensor);
  const matrix =
    asMatrix && tensor.dtype.startsWith('float') ? await matrixStatistics(tensor, signal) : null;
  return { ...moments.statistics, ...(matrix === null ? {} : { matrix }), ...distances };
}

/** ‖θ − θ′‖; null where there is no such tensor, or it is not finite. */
async function distanceTo(
  other: ReadableTensors,
  name: string,
  { shape, data }: Tensor,
): Promise<number | null> {
  const entry = other.tensors.get(name);
  if (entry?.shape.join() !== shape.join()) return null;
  const theirs = (await other.read(name)).data;
  let squares = 0;
  for (let i = 0; i < data.length; i++) {
    const apart = Number(data[i]) - Number(theirs[i]);
    squares += apart * apart;
  }
  const distance = Math.sqrt(squares);
  return Number.isFinite(distance) ? distance : null;
}

async function* elements(checkpoint: ReadableTensors, name: string): AsyncGenerator<Tensor> {
  if (checkpoint.stream === undefined) yield await checkpoint.read(name);
  else yield* checkpoint.stream(name);
}
