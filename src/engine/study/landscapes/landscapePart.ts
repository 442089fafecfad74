import { dimensionsOf } from '../../../shared/configuration';
import type { Landscape, ProjectedCheckpoint } from '../../../shared/result/landscape';
import type { GradientAt, TrainedCurve } from '../../landscape/bezier';
import {
  describeLandscape,
  measureNoise,
  NOISE_POINTS,
  sampleGrid,
  type LossAt,
  type SamplingOptions,
} from '../../landscape/sampling';
import { FinishedElsewhere } from '../../landscape/sharedSampler';
import { coordinates } from '../../landscape/grid';
import {
  describeRefined,
  sampleRefined,
  type refinementOptions,
} from '../../landscape/refinementSampling';
import { areDirectionsDouble } from '../../landscape/directions';
import { projectRun } from '../../landscape/trajectory';
import { derivativeBatches } from '../../objective/batches';
import type { Cache } from '../results/cache';
import type { LandscapePlan } from './landscapePlan';
import {
  buffersBetween,
  describeCurve,
  runPoints,
  spanOf,
  type Eigenvectors,
  type LandscapeSpan,
} from './landscapeSpan';
import { addedInOrder } from '../pool/products';
import { sharedDirections } from './sharedDirections';
import { removeShared, SharedPoints, sharedRecords, type Team } from './sharedPoints';
import { shared } from '../pool/sharedVector';
import type { WorkerPool } from '../pool/workerPool';

/** What a landscape is sampled from and with. */
export interface LandscapePart {
  readonly plan: LandscapePlan;
  /** How it is refined; null where every point is evaluated. */
  readonly refine: ReturnType<typeof refinementOptions>;
  readonly pool: WorkerPool;
  readonly cache: Cache;
  /** Of all that the values follow from. */
  readonly key: string;
  /** Of the reference's Hessian, as many as there are dimensions. */
  readonly eigenvectors: () => Promise<Eigenvectors>;
  /** Tells the workers of the plan's centre, unless they know. */
  readonly setProblem: () => void;
  readonly signal?: AbortSignal | undefined;
  /** Its first point is about to be sampled. @param points of its grid. */
  readonly onBegin?: (points: number) => Promise<void>;
  /** @param landscape as far as it is known, made only when called; none while a curve is trained. */
  readonly onProgress: (fraction: number, landscape: (() => Landscape) | null) => void;
}

/** A landscape of which points are sampled: where they are kept, and how many there are. */
export interface BegunLandscape {
  /** Of the cache. */
  readonly folder: string;
  readonly key: string;
  /** Of the grid; where it is refined there are fewer in the end. */
  readonly points: number;
  readonly isRefined: boolean;
}

/** Share of the progress that the training of a curve is. */
const TRAINING = 0.5;

/** Samples the landscape of one checkpoint. */
export async function sampleLandscape(part: LandscapePart): Promise<Landscape> {
  const { batchNorm } = part.plan.settings;
  if (batchNorm === 'stored') return sampleValues(part);
  const { onProgress } = part;
  return {
    ...(await sampleValues({
      ...part,
      onProgress: (fraction, landscape) => {
        onProgress(fraction, landscape && (() => ({ ...landscape(), batchNorm })));
      },
    })),
    batchNorm,
  };
}

/**
 * Samples the points of a landscape together with the others of a team, until all are there or another
 * has put them together: what is left to `sampleLandscape` is to do so.
 *
 * @param isDone whether the landscape is there.
 */
export async function sampleTogether(
  part: LandscapePart,
  team: Team,
  isDone: () => Promise<boolean>,
): Promise<void> {
  if (team.count < 2 || (await isDone())) return;
  const { cache, key, signal } = part;
  const share = new SharedPoints(cache.sharedFolder(key), team, isDone, { signal });
  try {
    const { grid, lossAt, sampling } = await samplingOf(part, share);
    if (part.refine === null) await sampleGrid(grid, lossAt, sampling);
    else await sampleRefined(grid, lossAt, sampling, part.refine);
  } catch (error) {
    if (!(error instanceof FinishedElsewhere)) throw error;
    await removeShared(cache.sharedFolder(key));
  }
}

/** What a landscape is sampled with: the workers know its directions. */
async function samplingOf(part: LandscapePart, share?: SharedPoints) {
  const { plan, pool, key, cache, signal } = part;
  const { theta } = plan.center.weights;
  const element = areDirectionsDouble(theta) ? 8 : 4;
  const work = plan.settings.batchNorm === 'recompute' ? 'recomputed values' : 'values';
  part.setProblem();
  const ofDirections = dimensionsOf(plan.settings) * element * theta.length;
  await pool.keepRoom(work, ofDirections, signal);
  const span = await landscapeSpan(part);
  const { grid, described } = span;
  part.setProblem();
  await pool.keepRoom(work, ofDirections, signal);
  pool.setDirections(span.directions, span.bufferDirections);
  const lossAt = lossOnPool(part, span, span.weights);
  await part.onBegin?.(grid.size);
  const log = cache.log(key);
  const before = span.trained === undefined ? 0 : TRAINING;
  const alone = share === undefined ? await log.read() : await log.peek();
  const known = [...alone, ...(await sharedRecords(cache.sharedFolder(key)))];
  const sampling: SamplingOptions = {
    lanes: pool.size,
    known,
    share,
    onLosses: (points, losses) => (share ?? log).append(points, losses),
    onProgress: (sampled) => {
      part.onProgress(before + ((1 - before) * sampled.count) / grid.size, () =>
        describeLandscape(grid, sampled, described, sampled.count, null),
      );
    },
  };
  return { span, grid, described, lossAt, sampling };
}

async function sampleValues(part: LandscapePart): Promise<Landscape> {
  const { plan, signal } = part;
  const { span, grid, described, lossAt, sampling } = await samplingOf(part);
  if (part.refine !== null) {
    const sample = await sampleRefined(grid, lossAt, sampling, part.refine);
    const noise = await measureNoise(grid, sample.values, lossAt, sample.evaluated);
    signal?.throwIfAborted();
    return describeRefined(grid, sample, described, noise);
  }
  const values = await sampleGrid(grid, lossAt, sampling);
  const noise = await measureNoise(grid, values, lossAt);
  const evaluated = new Uint8Array(grid.size).fill(1);
  let evaluations = grid.size + Math.min(NOISE_POINTS, grid.size);
  let directions = described;
  if (span.straight !== undefined) {
    const straightAt = lossOnPool(part, span, span.straight);
    const straight = await Promise.all(
      Array.from({ length: grid.size }, async (_, point) => {
        const [loss] = await straightAt([coordinates(grid, point)], 'plain');
        return loss!;
      }),
    );
    evaluations += straight.length;
    const { learningRate } = plan.settings.curve;
    directions = { ...directions, curve: describeCurve(span, learningRate, values, straight) };
  }
  signal?.throwIfAborted();
  return describeLandscape(grid, { values, evaluated }, directions, evaluations, noise);
}

/** The checkpoints of the run in the coordinates of the landscape; null where none are wanted. */
export async function projectPlan(
  part: LandscapePart,
): Promise<readonly ProjectedCheckpoint[] | null> {
  const { plan } = part;
  if (plan.run === null) return null;
  const { directions } = await landscapeSpan(part);
  return projectRun(runPoints(plan, plan.run), plan.center.weights.theta, directions);
}

function landscapeSpan(part: LandscapePart): Promise<LandscapeSpan> {
  return spanOf(part.plan, {
    random: (weights, settings) => sharedDirections(part.pool, weights, settings, part.signal),
    eigenvectors: part.eigenvectors,
    curve: (train) => cachedCurve(part, train),
    gradientAt: gradientOnPool(part),
    onTraining: (fraction) => {
      part.onProgress(TRAINING * fraction, null);
    },
  });
}

/** The loss in the coordinates of the grid. */
function lossOnPool(
  { pool, plan, signal }: LandscapePart,
  { mix }: LandscapeSpan,
  weights: LandscapeSpan['weights'],
): LossAt {
  const { seed, batchNorm } = plan.settings;
  return (at, kind) => {
    const points = {
      coordinates: at.map(weights),
      batchNorm,
      ...(mix === null ? {} : { mixes: at.map(mix) }),
    };
    return kind === 'plain'
      ? pool.run<'losses'>({ kind: 'losses', ...points }, signal)
      : pool.run<'perturbedLosses'>({ kind: 'perturbedLosses', ...points, seed }, signal);
  };
}

function gradientOnPool(part: LandscapePart): GradientAt {
  const { plan, pool, signal } = part;
  const batches = derivativeBatches(plan.center.problem.data.sets);
  let told = false;
  return async (point, share) => {
    const theta = shared(point);
    if (!told) {
      part.setProblem();
      pool.setDirections([], buffersBetween(plan).bufferDirections);
      told = true;
    }
    const mix = [share];
    const gradient = new Float64Array(theta.length);
    const [loss] = await Promise.all([
      pool.run<'pointLoss'>({ kind: 'pointLoss', theta, mix }, signal),
      addedInOrder(batches, [gradient], async (batch) => [
        await pool.run<'pointGradient'>({ kind: 'pointGradient', theta, mix, batch }, signal),
      ]),
    ]);
    return { loss, gradient };
  };
}

/** Training is long: a run that is interrupted after it need not do it again. */
async function cachedCurve(
  { cache, key, signal }: LandscapePart,
  train: () => Promise<TrainedCurve>,
): Promise<TrainedCurve> {
  const own = `curve-${key}`;
  let found = await knownCurve(cache, own);
  if (found !== null) return found;
  const isDone = async (): Promise<boolean> => {
    found = await knownCurve(cache, own);
    return found !== null;
  };
  // Several may sample one landscape together: one of them trains.
  const claim = await cache.claim(own, isDone, { signal });
  try {
    if (claim !== null && !(await isDone())) {
      found = await train();
      await cache.writeBytes(own, new Uint8Array(found.control.buffer));
      await cache.write(own, found.losses);
    }
  } finally {
    await claim?.release();
  }
  return found!;
}

async function knownCurve(cache: Cache, own: string): Promise<TrainedCurve | null> {
  const [known, bytes] = [
    await cache.read<readonly (number | null)[]>(own),
    await cache.readBytes(own),
  ];
  if (known === null || bytes === null) return null;
  const control = new Float64Array(Uint8Array.from(bytes).buffer);
  return { control, losses: known.map((loss) => loss ?? NaN) };
}
