import type { Configuration } from '../../shared/configuration';
import type { Landscape } from '../../shared/result';
import { randomDirections } from '../landscape/directions';
import { centredGrid } from '../landscape/grid';
import {
  describeDirections,
  describeLandscape,
  measureNoise,
  NOISE_POINTS,
  sampleGrid,
  type LossAt,
} from '../landscape/sampling';
import type { LoadedWeights } from '../objective/weights';
import type { PieceLog } from './cache';
import type { WorkerPool } from './workerPool';

/** What a landscape is sampled from and with. */
export interface LandscapePart {
  readonly settings: Configuration['landscape'];
  readonly weights: LoadedWeights;
  /** Of the largest eigenvalues, unit length; needed for Hessian directions only. */
  readonly eigenvectors: readonly Float64Array[];
  /** Knows the problem already. */
  readonly pool: WorkerPool;
  /** Losses as they are computed, by point; a run before this one may have left some. */
  readonly log: PieceLog;
  readonly signal?: AbortSignal | undefined;
  /** @param landscape as far as it is known, made only when called. */
  readonly onProgress: (fraction: number, landscape: () => Landscape) => void;
}

/** Samples the landscape of one checkpoint. */
export async function sampleLandscape(part: LandscapePart): Promise<Landscape> {
  const { settings, weights, pool, log } = part;
  const grid = centredGrid(settings.dimensions, settings.resolution, settings.range);
  const directions = directionsOf(part);
  const described = describeDirections(directions, weights.theta, {
    kind: settings.directions,
    normalization: settings.directions === 'hessian' ? 'none' : settings.normalization,
    seed: settings.seed,
  });
  pool.setDirections(directions);
  const lossAt = lossOnPool(part);
  const values = await sampleGrid(grid, lossAt, {
    lanes: pool.size,
    known: await log.read(),
    onLosses: (points, losses) => log.append(points, losses),
    onProgress: (sampled) => {
      part.onProgress(sampled.count / grid.size, () =>
        describeLandscape(grid, sampled, described, sampled.count, null),
      );
    },
  });
  const noise = await measureNoise(grid, values, lossAt);
  const evaluated = new Uint8Array(grid.size).fill(1);
  const evaluations = grid.size + Math.min(NOISE_POINTS, grid.size);
  return describeLandscape(grid, { values, evaluated }, described, evaluations, noise);
}

function directionsOf({ settings, weights, eigenvectors }: LandscapePart): readonly Float64Array[] {
  return settings.directions === 'hessian'
    ? eigenvectors.slice(0, settings.dimensions)
    : randomDirections(weights.theta, weights.parameters, settings);
}

/** The loss in the coordinates of the directions the workers know. */
function lossOnPool({ pool, settings: { seed }, signal }: LandscapePart): LossAt {
  return (coordinates, kind) =>
    kind === 'plain'
      ? pool.run<'losses'>({ kind: 'losses', coordinates }, signal)
      : pool.run<'perturbedLosses'>({ kind: 'perturbedLosses', coordinates, seed }, signal);
}
