import { readEach } from '../checkpoint/readEach';
import type { WeightsOutcome } from '../../shared/engineProtocol';
import { InputError } from '../../shared/inputError';
import type { WeightFigures } from '../../shared/weightFigures';
import { openCheckpoint } from '../checkpoint/openCheckpoint';
import { sizeOf, type FloatArray } from '../tensor';
import { countDeadUnits, isMatrix } from './matrixStatistics';

export interface MeasureRunOptions {
  readonly signal: AbortSignal;
  readonly onOutcome: (outcome: WeightsOutcome) => void;
}

/** As they are when they are read: quantised tensors of PyTorch stand for such. */
const FLOATING = /^(b?float|qu?int)/;

/** Bytes of a checkpoint's tensors that are held for the next ones; of a larger one each is read again. */
const MAX_HELD = 2 ** 28;

/** Tensors to compare with; null where there is none of this name and shape. */
interface Weights {
  readonly names: number;
  of(name: string, shape: readonly number[]): Promise<FloatArray | null>;
  close(): Promise<void>;
}

/**
 * Norms of the weights of a run's checkpoints, and how far each is from the first and from the one before.
 * Each file is read once, but where it is too large to be held.
 *
 * @param paths in the order of training. One that cannot be read does not keep the others from it.
 * @throws the signal's reason.
 */
export async function measureRun(
  paths: readonly string[],
  { signal, onOutcome }: MeasureRunOptions,
): Promise<void> {
  let first: Weights | null = null;
  let previous: Weights | null = null;
  try {
    for (const [place, path] of paths.entries()) {
      signal.throwIfAborted();
      let own: Weights | null = null;
      try {
        const others = { isFirst: place === 0, first, previous };
        const measured = await measureWeights(path, others, signal);
        own = measured.weights;
        onOutcome({ path, ok: true, figures: measured.figures });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        onOutcome({ path, ok: false, message: error.said });
      }
      if (previous !== first) await previous?.close();
      previous = own;
      if (place === 0) first = own;
    }
  } finally {
    await first?.close();
    if (previous !== first) await previous?.close();
  }
}

interface Others {
  readonly isFirst: boolean;
  readonly first: Weights | null;
  readonly previous: Weights | null;
}

async function measureWeights(
  path: string,
  { isFirst, first, previous }: Others,
  signal: AbortSignal,
): Promise<{ readonly figures: WeightFigures; readonly weights: Weights }> {
  const checkpoint = await openCheckpoint(path);
  try {
    const floating = [...checkpoint.tensors.values()].filter(({ dtype }) => FLOATING.test(dtype));
    const bytes = floating.reduce((sum, { shape }) => sum + 8 * sizeOf(shape), 0);
    const held = bytes <= MAX_HELD ? new Map<string, FloatArray>() : null;
    const [fromFirst, fromPrevious] = [
      new Distance(first, floating.length),
      new Distance(previous, floating.length),
    ];
    let [values, squares, units, deadUnits] = [0, 0, 0, 0];
    const names = floating.map(({ name }) => name);
    for await (const { name, tensor } of readEach(checkpoint, names, signal)) {
      signal.throwIfAborted();
      const { data } = tensor;
      const entry = checkpoint.tensors.get(name)!;
      if (!(data instanceof Float32Array || data instanceof Float64Array)) continue;
      for (let i = 0; i < data.length; i++) squares += data[i]! * data[i]!;
      values += data.length;
      if (isMatrix(entry)) {
        units += entry.shape[0]!;
        deadUnits += countDeadUnits(data, entry.shape[0]!);
      }
      await fromFirst.add(entry.name, entry.shape, data);
      await fromPrevious.add(entry.name, entry.shape, data);
      held?.set(`${entry.name}\0${entry.shape.join()}`, data);
    }
    const figures: WeightFigures = {
      values,
      norm: finite(Math.sqrt(squares)),
      fromFirst: isFirst ? 0 : fromFirst.value,
      fromPrevious: fromPrevious.value,
      units,
      deadUnits,
    };
    if (held !== null) return { figures, weights: inMemory(held) };
    return { figures, weights: await inFile(path, floating.length) };
  } finally {
    await checkpoint.close();
  }
}

/** ‖θ − θ′‖, tensor by tensor; null where they have not the same ones. */
class Distance {
  private squares = 0;
  private isSame: boolean;

  constructor(
    private readonly other: Weights | null,
    names: number,
  ) {
    this.isSame = other?.names === names;
  }

  async add(name: string, shape: readonly number[], data: FloatArray): Promise<void> {
    if (!this.isSame) return;
    const theirs = (await this.other?.of(name, shape)) ?? null;
    if (theirs === null) {
      this.isSame = false;
      return;
    }
    for (let i = 0; i < data.length; i++) {
      const apart = data[i]! - theirs[i]!;
      this.squares += apart * apart;
    }
  }

  get value(): number | null {
    return this.isSame ? finite(Math.sqrt(this.squares)) : null;
  }
}

function inMemory(held: ReadonlyMap<string, FloatArray>): Weights {
  return {
    names: held.size,
    of: (name, shape) => Promise.resolve(held.get(`${name}\0${shape.join()}`) ?? null),
    close: () => Promise.resolve(),
  };
}

async function inFile(path: string, names: number): Promise<Weights> {
  const checkpoint = await openCheckpoint(path);
  return {
    names,
    of: async (name, shape) => {
      if (checkpoint.tensors.get(name)?.shape.join() !== shape.join()) return null;
      const { data } = await checkpoint.read(name);
      return data instanceof Float32Array || data instanceof Float64Array ? data : null;
    },
    close: () => checkpoint.close(),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
