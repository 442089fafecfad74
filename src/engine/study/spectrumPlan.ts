import type { Configuration } from '../../shared/configuration';
import type { WorkerPool } from './workerPool';

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
  readonly lanczosSteps: number;
  readonly bytes: number;
}

/** Steps below which fewer probes serve better than fewer steps. */
const FEW_STEPS = 8;

/**
 * The settings as they are where their basis fits beside one worker, or else fewer probes and then
 * fewer steps; null where not even two steps of one probe fit.
 *
 * The basis is in the precision of the products; for each probe there are a start, a product and
 * what is left of it, in float64, and the direction the workers see.
 */
export function planSpectrum(
  { probes, lanczosSteps }: Asked,
  { room, worker, length, precision }: SpectrumRoom,
): SpectrumPlan | null {
  const element = precision === 'float64' ? 8 : 4;
  const beside = (block: number, steps: number): number =>
    length * block * (3 * 8 + element + element * (steps + 1));
  const most = Math.min(lanczosSteps, length);
  const free = room - worker;
  let best: SpectrumPlan | null = null;
  for (let block = Math.min(probes, length); block >= 1; block -= 1) {
    const fitting = Math.floor((free - beside(block, 0)) / (length * block * element));
    const steps = Math.min(most, fitting);
    if (steps < Math.min(2, most)) continue;
    best = { probes: block, lanczosSteps: steps, bytes: beside(block, steps) };
    if (steps >= Math.min(most, FEW_STEPS)) break;
  }
  return best;
}

/**
 * The settings of a Lanczos space that fits into the memory of a pool whose problem is set, for
 * which room is kept; a sentence where they are not those that were asked for.
 *
 * @throws InputError where none fits.
 */
export async function fitSpectrum(
  pool: WorkerPool,
  asked: Asked,
  length: number,
  signal?: AbortSignal,
): Promise<{ readonly settings: Partial<Asked>; readonly note: string | null }> {
  const { precision } = pool.runtime.identity;
  const worker = await pool.workerMemory('derivatives', signal);
  const own = { worker, length, precision };
  const plan = planSpectrum(asked, { ...own, room: pool.room });
  const least = { probes: 1, lanczosSteps: 2 };
  const bytes = (plan ?? planSpectrum(least, { ...own, room: Infinity })!).bytes;
  await pool.keepRoom('derivatives', bytes, signal);
  if (plan === null) return { settings: {}, note: null };
  const { probes, lanczosSteps } = plan;
  const most = Math.min(asked.lanczosSteps, length);
  if (probes === Math.min(asked.probes, length) && lanczosSteps === most) {
    return { settings: {}, note: null };
  }
  return {
    settings: { probes, lanczosSteps },
    note: `Memory allowed ${lanczosSteps} of ${most} Lanczos steps, from ${probes} of ${asked.probes} probes, so that residuals and errors are larger than they were asked for; raise "basin.memoryLimit" (--memory on the command line) where more memory is free.`,
  };
}
