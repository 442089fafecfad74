import type { Directions, Landscape } from '../../shared/result/landscape';
import { toScalar, type Scalar } from '../../shared/result/scalar';
import { norm } from '../hessian/vectors';
import { cosines } from './directions';
import { coarseToFine, coordinates, type Grid } from './grid';
import { evaluateTogether, type PointShare } from './sharedSampler';
import type { FloatArray } from '../tensor';

/** Mean loss at θ + Σ αᵢδᵢ for each list of coordinates. */
export type LossAt = (
  coordinates: readonly (readonly number[])[],
  kind: 'plain' | 'perturbed',
) => Promise<readonly number[]>;

export interface SamplingOptions {
  /** How many requests may be under way at once: the workers. */
  readonly lanes: number;
  /** Losses that are known already, by point. */
  readonly known: readonly (readonly [number, number])[];
  /** Others that sample it too, where there are any: what they know is theirs to say. */
  readonly share?: PointShare | undefined;
  /** Called with points as their losses come in, before they are counted as done. */
  readonly onLosses?: (points: readonly number[], losses: readonly number[]) => Promise<void>;
  /** Called after that, with all values so far; NaN is a value, points not evaluated are absent. */
  readonly onProgress?: (values: SampledValues) => void;
}

export interface SampledValues {
  readonly values: Float64Array;
  /** 1 where a value is known. */
  readonly evaluated: Uint8Array;
  readonly count: number;
}

/** Elapsed time a request should take: short enough to show progress and to be cancelled. */
const REQUEST_MILLISECONDS = 120;

/** Evaluates the loss at every point of a grid, coarse to fine. */
export async function sampleGrid(
  grid: Grid,
  lossAt: LossAt,
  options: SamplingOptions,
): Promise<Float64Array> {
  const sampler = new PointSampler(grid, lossAt, options);
  await sampler.evaluate(coarseToFine(grid).flatMap((level) => [...level]));
  return sampler.values;
}

/** Evaluates the loss at points of a grid that are not known yet. */
export class PointSampler implements SampledValues {
  readonly values: Float64Array;
  readonly evaluated: Uint8Array;
  count = 0;
  private readonly grid: Grid;
  private readonly lossAt: LossAt;
  private readonly options: SamplingOptions;
  private perRequest = 1;
  private rounds = 0;

  constructor(grid: Grid, lossAt: LossAt, options: SamplingOptions) {
    this.grid = grid;
    this.lossAt = lossAt;
    this.options = options;
    this.values = new Float64Array(grid.size);
    this.evaluated = new Uint8Array(grid.size);
    for (const [point, loss] of options.known) {
      if (point < grid.size && this.evaluated[point] === 0) this.keep(point, loss);
    }
  }

  /** In the order given, in requests so long that all lanes have one and each can be cancelled. */
  async evaluate(wanted: Iterable<number>): Promise<void> {
    const { lanes, share, onProgress } = this.options;
    if (share === undefined) {
      await this.evaluateAlone(Array.from(wanted), lanes);
      return;
    }
    this.rounds += 1;
    await evaluateTogether(Array.from(wanted), this.rounds, share, {
      lanes,
      isKnown: (point) => this.evaluated[point] === 1,
      keep: (point, loss) => {
        this.keep(point, loss);
      },
      evaluate: (points) => this.evaluateAlone(points, 1),
      onProgress: () => onProgress?.(this),
    });
  }

  private async evaluateAlone(points: readonly number[], lanes: number): Promise<void> {
    const { onLosses, onProgress } = this.options;
    const order = points.filter((point) => this.evaluated[point] === 0);
    const longest = Math.min(64, Math.ceil(order.length / lanes));
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < order.length) {
        const points = order.slice(next, next + Math.min(longest, this.perRequest));
        next += points.length;
        const started = performance.now();
        const losses = await this.lossAt(
          points.map((point) => coordinates(this.grid, point)),
          'plain',
        );
        const each = Math.max((performance.now() - started) / points.length, 0.01);
        this.perRequest = Math.max(1, Math.round(REQUEST_MILLISECONDS / each));
        await onLosses?.(points, losses);
        points.forEach((point, i) => {
          this.keep(point, losses[i]!);
        });
        onProgress?.(this);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  private keep(point: number, loss: number): void {
    if (this.evaluated[point] === 1) return;
    this.values[point] = loss;
    this.evaluated[point] = 1;
    this.count += 1;
  }
}

/** Points at which the noise of a landscape is measured. */
export const NOISE_POINTS = 16;

/**
 * The rounding noise of the loss as a share of it: the root mean square, over points spread across
 * the grid, of the relative difference that moving every weight by its own rounding error makes,
 * divided by √2, as both values carry noise.
 *
 * @param evaluated 1 where a value was computed; everywhere if absent.
 * @returns 0 where no point's loss is finite and positive.
 */
export async function measureNoise(
  grid: Grid,
  values: Float64Array,
  lossAt: LossAt,
  evaluated?: Uint8Array,
): Promise<number> {
  const known = Uint32Array.from(values.keys()).filter((v) => evaluated?.[v] !== 0);
  const points = Array.from(
    { length: Math.min(NOISE_POINTS, grid.size) },
    (_, i) => known[Math.floor(((i + 0.5) * known.length) / Math.min(NOISE_POINTS, grid.size))]!,
  );
  const again = await Promise.all(
    points.map(async (point) => (await lossAt([coordinates(grid, point)], 'perturbed'))[0]!),
  );
  const squares = points
    .map((point, i) => ((again[i]! - values[point]!) / values[point]!) ** 2)
    .filter(Number.isFinite);
  if (squares.length === 0) return 0;
  return Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / squares.length / 2);
}

/** A landscape as documents hold it. */
export function describeLandscape(
  grid: Grid,
  { values, evaluated }: Pick<SampledValues, 'values' | 'evaluated'>,
  directions: Directions,
  evaluations: number,
  relativeNoise: number | null,
): Landscape {
  return {
    axes: grid.axes,
    directions,
    shape: grid.shape,
    values: Array.from(values, (value, i): Scalar | null =>
      evaluated[i] === 1 ? toScalar(value) : null,
    ),
    evaluations,
    relativeNoise,
  };
}

export function describeDirections(
  directions: readonly FloatArray[],
  theta: FloatArray,
  settings: Pick<Directions, 'kind' | 'normalization' | 'seed'>,
): Directions {
  return {
    kind: settings.kind,
    normalization: settings.normalization,
    seed: settings.seed,
    norms: directions.map(norm),
    cosines: cosines(directions),
    parameterNorm: norm(theta),
  };
}
