import { dimensionsOf, resolutionOf } from '../../../shared/configuration';
import { largest } from '../../../shared/extremes';
import { InputError } from '../../../shared/inputError';
import type { Eigenvalue } from '../../../shared/result/hessian';
import type { Anchor, CurveTraining, Directions } from '../../../shared/result/landscape';
import { toScalar } from '../../../shared/result/scalar';
import { say } from '../../../shared/words/message';
import { clip, lineThrough, planeThrough } from '../../landscape/anchors';
import { curvePlace, trainCurve, type GradientAt, type TrainedCurve } from '../../landscape/bezier';
import { orthogonal, type RandomDirectionSettings } from '../../landscape/directions';
import { axisThrough, centredGrid, gridOf, type Grid } from '../../landscape/grid';
import { describeDirections } from '../../landscape/sampling';
import {
  difference,
  principalDirections,
  projectRun,
  type RunPoints,
} from '../../landscape/trajectory';
import type { LoadedWeights } from '../../objective/weights';
import type { LandscapePlan } from './landscapePlan';
import type { RunMember } from '../configuration/run';
import type { FloatArray } from '../../tensor';

/** The points a landscape is sampled at: a grid, and where in parameter space it lies. */
export interface LandscapeSpan {
  readonly grid: Grid;
  /** The point at coordinates α is the centre + Σ wᵢδᵢ with w = `weights`(α). */
  readonly directions: readonly FloatArray[];
  readonly weights: (at: readonly number[]) => readonly number[];
  /** The buffers there are the centre's + Σ mᵢβᵢ with m = `mix`(α); null: always the centre's. */
  readonly bufferDirections: readonly Float64Array[];
  readonly mix: ((at: readonly number[]) => readonly number[]) | null;
  readonly described: Directions;
  /** Set for a curve, to compare it with. */
  readonly straight?: (at: readonly number[]) => readonly number[];
  readonly trained?: TrainedCurve;
}

export interface Eigenvectors {
  /** Unit vectors, in the order that was asked for. */
  readonly vectors: readonly Float64Array[];
  readonly eigenvalues: readonly Eigenvalue[];
}

/** What the span of a plan is made with. */
export interface SpanSources {
  readonly random: (
    weights: LoadedWeights,
    settings: RandomDirectionSettings,
  ) => Promise<readonly FloatArray[]>;
  readonly eigenvectors: () => Promise<Eigenvectors>;
  /** The control point of the curve, trained now or before. */
  readonly curve: (train: () => Promise<TrainedCurve>) => Promise<TrainedCurve>;
  /** Knows the plan's centre, and the buffers of the other end as a direction. */
  readonly gradientAt: GradientAt;
  readonly onTraining: (fraction: number) => void;
}

/** @throws InputError when directions depend on each other or checkpoints coincide. */
export async function spanOf(plan: LandscapePlan, sources: SpanSources): Promise<LandscapeSpan> {
  const { settings, center, reference, others } = plan;
  const dimensions = dimensionsOf(settings);
  const resolution = resolutionOf(settings);
  const named = {
    ...(plan.isCommon ? { center: center.identity.path } : {}),
    ...(settings.share && !plan.isCommon ? { reference: reference.identity.path } : {}),
  };
  const describe = (directions: readonly FloatArray[], more: Partial<Directions>) => ({
    ...describeDirections(directions, center.weights.theta, {
      kind: settings.directions,
      normalization: settings.directions === 'random' ? settings.normalization : 'none',
      seed: settings.seed,
    }),
    ...named,
    ...more,
  });
  const linear = { weights: (at: readonly number[]) => at, bufferDirections: [], mix: null };
  const theta = center.weights.theta;
  const names = [center, ...others].map(({ identity }) => identity.path);

  switch (settings.directions) {
    case 'random': {
      const { normalization, biases, seed } = settings;
      const { weights } = reference;
      const wanted = { dimensions, normalization, biases, seed };
      const directions = await sources.random(weights, wanted);
      const more = normalization === 'none' ? {} : { biases };
      const grid = centredGrid(dimensions, resolution, settings.range ?? 1);
      return { grid, directions, ...linear, described: describe(directions, more) };
    }
    case 'hessian': {
      const { vectors, eigenvalues: found } = await sources.eigenvectors();
      if (vectors.length < dimensions) {
        throw new InputError(
          say`The Lanczos runs found ${vectors.length} eigenvectors, and the landscape asks for ${dimensions}; raise "hessian.lanczosSteps", or lower "landscape.dimensions".`,
        );
      }
      const directions = orthogonal(vectors);
      const grid = centredGrid(dimensions, resolution, settings.range ?? 1);
      const described = describe(directions, {
        eigenvalues: found.map(({ value }) => value),
        residuals: found.map(({ residual }) => residual),
        converged: found.map(({ converged }) => converged),
      });
      return { grid, directions, ...linear, described };
    }
    case 'trajectory': {
      const points = runPoints(plan, plan.run ?? []);
      const { directions, explained } = await principalDirections(
        points,
        reference.weights.theta,
        dimensions,
      );
      const range = settings.range ?? (await reachOf(points, reference.weights.theta, directions));
      const grid = centredGrid(dimensions, resolution, range);
      return { grid, directions, ...linear, described: describe(directions, { explained }) };
    }
    case 'interpolation':
    case 'plane': {
      const [second, third] = others;
      const beyond = [settings.range ?? []].flat();
      const span =
        third === undefined
          ? lineThrough(theta, second!.weights.theta, resolution[0]!, beyond[0], names)
          : planeThrough(
              theta,
              second!.weights.theta,
              third.weights.theta,
              resolution,
              beyond.length === 0 ? undefined : [beyond[0]!, beyond.at(-1)!],
              names,
            );
      const anchors = anchorsOf(plan, span.anchors);
      return {
        grid: span.grid,
        directions: span.directions,
        weights: (at) => at,
        ...buffersBetween(plan),
        mix: span.shares,
        described: describe(span.directions, { anchors }),
      };
    }
    case 'bezier': {
      const [end] = others;
      const beyond = [settings.range ?? 0].flat()[0]!;
      // Refuses ends that coincide.
      const { directions: straight } = lineThrough(theta, end!.weights.theta, 3, 0, names);
      const { samples, steps, learningRate } = settings.curve;
      const trained = await sources.curve(() =>
        trainCurve(
          theta,
          end!.weights.theta,
          sources.gradientAt,
          { steps, samples, learningRate, seed: settings.seed },
          (done) => {
            sources.onTraining(done / steps);
          },
        ),
      );
      const toControl = trained.control.map((value, i) => value - theta[i]!);
      return {
        grid: gridOf([axisThrough('t', 1, -beyond, 1 + beyond, resolution[0]!)]),
        directions: [toControl, straight[0]!],
        weights: ([t]) => curvePlace(t!),
        ...buffersBetween(plan),
        mix: ([t]) => [clip(t!)],
        described: describe(straight, { anchors: anchorsOf(plan, [[0], [1]]) }),
        straight: ([t]) => [0, t!],
        trained,
      };
    }
  }
}

/** What the document says of a curve, once it and the straight line are sampled. */
export function describeCurve(
  { trained, grid }: LandscapeSpan,
  learningRate: number,
  values: Float64Array,
  straight: readonly number[],
): CurveTraining {
  const { min, max, steps } = grid.axes[0]!;
  const step = (at: number): number => Math.round(((at - min) / (max - min)) * (steps - 1));
  const [start, end] = [step(0), step(1)];
  const barrier = (line: ArrayLike<number>): number => {
    const between = Array.from(line).slice(start, end + 1);
    return largest(between) - Math.max(between[0]!, between.at(-1)!);
  };
  return {
    learningRate,
    losses: (trained?.losses ?? []).map(toScalar),
    barrier: toScalar(barrier(values)),
    straightBarrier: toScalar(barrier(straight)),
    straight: straight.map(toScalar),
  };
}

export function runPoints({ open }: LandscapePlan, members: readonly RunMember[]): RunPoints {
  return {
    count: members.length,
    names: members.map(({ name }) => name),
    read: async (index) => (await open(members[index]!.path)).weights.theta,
  };
}

/** The differences of the buffers of the other checkpoints from the centre's. */
export function buffersBetween({ center, others }: LandscapePlan): {
  readonly bufferDirections: readonly Float64Array[];
} {
  const own = center.weights.bufferValues;
  return {
    bufferDirections: others.map(({ weights }) => difference(weights.bufferValues, own)),
  };
}

function anchorsOf(
  { center, others }: LandscapePlan,
  coordinates: readonly (readonly number[])[],
): readonly Anchor[] {
  return [center, ...others].map(({ identity }, i) => ({
    checkpoint: identity.path,
    coordinates: coordinates[i]!,
  }));
}

/** How much further than the run its landscape reaches. */
const MARGIN = 1.2;

/** Symmetric, so that the centre is in the middle. */
async function reachOf(
  points: RunPoints,
  center: FloatArray,
  directions: readonly Float64Array[],
): Promise<readonly number[]> {
  const projected = await projectRun(points, center, directions);
  return directions.map(
    (_, axis) => MARGIN * largest(projected.map(({ coordinates }) => Math.abs(coordinates[axis]!))),
  );
}
