import type { Configuration } from '../../../shared/configuration';
import { say, type Message } from '../../../shared/words/message';
import type { WorkerPool } from '../pool/workerPool';

type Asked = Pick<Configuration['hessian'], 'probes' | 'lanczosSteps'>;

export interface SpectrumRoom {
  /** Bytes for everything beside θ. */
  readonly room: number;
  /** Of one worker at its peak. */
  readonly worker: number;
  /** Of θ. */
  readonly length: number;
  readonly precision: 'float32' | 'float64';
}

/** A Lanczos space that fits into memory, and the bytes that are held beside the workers for it. */
export interface SpectrumPlan {
  readonly probes: number;
  /** Vectors its basis has, beyond which it is restarted; null where it is never. */
  readonly room: number | null;
  /** Products that are held at once. */
  readonly together: number;
  readonly bytes: number;
}

/** Blocks a basis that is restarted holds, at least: what is kept, what waits, and two to go on with. */
const MIN_BLOCKS = 4;

/** What the gradient and an eigenvector take, with the image of one and the copies workers see. */
const EIGENVECTOR_BYTES = 32;

/** Products that have come from workers: one is added while the next comes. */
const COMING = 2;

/**
 * The settings as they are where their basis fits beside one worker. Or else a basis that is
 * restarted, with products one at a time, then with fewer probes; null where not even one of one
 * probe fits. The products are as many as were asked for.
 *
 * The basis is in the precision of the products; of each product that is held there are its image in
 * float64 and the direction the workers see.
 */
export function planSpectrum(
  { probes, lanczosSteps }: Asked,
  { room, worker, length, precision }: SpectrumRoom,
): SpectrumPlan | null {
  const element = precision === 'float64' ? 8 : 4;
  const bytesOf = (vectors: number, together: number): number =>
    length * ((vectors + COMING) * element + Math.max(together * (8 + element), EIGENVECTOR_BYTES));
  const free = room - worker;
  const block = Math.min(probes, length);
  // Those of the products, and those the last of them lead to.
  const whole = Math.min(length, block * lanczosSteps + block);
  for (const together of new Set([block, 1])) {
    const bytes = bytesOf(whole, together);
    if (bytes <= free) return { probes: block, room: null, together, bytes };
  }
  for (const fewer of new Set([block, Math.ceil(block / 2), 1])) {
    const vectors = Math.min(whole, Math.floor((free - bytesOf(0, 1)) / (length * element)));
    if (vectors < MIN_BLOCKS * fewer) continue;
    return { probes: fewer, room: vectors, together: 1, bytes: bytesOf(vectors, 1) };
  }
  return null;
}

/** How a Lanczos space is kept where memory is short; figures follow from it, if only by rounding. */
export interface MemoryShape {
  readonly room?: number;
  readonly together?: number;
}

/** What a Lanczos space is made with, where it is not what was asked for. */
export interface FittedSpectrum {
  readonly settings: Partial<Asked>;
  readonly shape: MemoryShape;
  readonly note: Message | null;
}

/**
 * The Lanczos space that fits into the memory of a pool whose problem is set, for which room is kept;
 * a sentence where it is not the one that was asked for.
 *
 * @throws InputError where none fits.
 */
export async function fitSpectrum(
  pool: WorkerPool,
  asked: Asked,
  length: number,
  signal?: AbortSignal,
): Promise<FittedSpectrum> {
  const { precision } = pool.runtime.identity;
  const worker = await pool.workerMemory('derivatives', signal);
  const own = { worker, length, precision };
  const plan = planSpectrum(asked, { ...own, room: pool.room });
  const least = { probes: 1, lanczosSteps: MIN_BLOCKS - 1 };
  const bytes = (plan ?? planSpectrum(least, { ...own, room: Infinity })!).bytes;
  await pool.keepRoom('derivatives', bytes, signal);
  if (plan === null) return { settings: {}, shape: {}, note: null };
  const { probes, room, together } = plan;
  const block = Math.min(asked.probes, length);
  const one = together === block ? {} : { together };
  if (room === null) return { settings: {}, shape: one, note: null };
  // As many products from fewer probes are more steps.
  const lanczosSteps = Math.ceil((asked.lanczosSteps * block) / probes);
  const wanted = Math.min(length, block * asked.lanczosSteps + block);
  return {
    settings: probes === block ? {} : { probes, lanczosSteps },
    shape: { room, ...one },
    note: say`Memory allowed ${room} of the ${wanted} vectors of the Lanczos basis, which is restarted from its eigenvectors when it is full, from ${probes} of ${asked.probes} probes: eigenvalues take more products to converge, and the density is that of the first ${room} vectors; raise "basin.memoryLimit" (--memory on the command line) where more memory is free.`,
  };
}
