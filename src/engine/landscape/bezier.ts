import { Random } from '../random';
import { zerosLike, type FloatArray } from '../tensor';

/** The loss and its gradient at a point of parameter space, float64 sums over all samples. */
export type GradientAt = (
  theta: FloatArray,
  /** Share of the second end in buffers. */
  share: number,
) => Promise<{ readonly loss: number; readonly gradient: Float64Array }>;

export interface CurveSettings {
  readonly steps: number;
  /** Places on the curve each step looks at. */
  readonly samples: number;
  readonly learningRate: number;
  readonly seed: number;
}

export interface TrainedCurve {
  /** The control point θ_c. */
  readonly control: Float64Array;
  /** Mean loss over the places of each step, before it. */
  readonly losses: readonly number[];
}

/**
 * How much of each of c − a and b − a there is at t on the curve
 * (1 − t)²·a + 2t(1 − t)·c + t²·b.
 */
export function curvePlace(t: number): readonly [number, number] {
  return [2 * t * (1 - t), t * t];
}

/**
 * Trains the control point of a quadratic Bézier curve between two points so that the mean loss
 * along it falls (Garipov et al. 2018, equation 2 and section 3.3): the gradient with respect to
 * the control point is E[2t(1 − t)·∇L(θ(t))], t uniform. The places of a step are stratified, one
 * in each of `samples` equal parts of [0, 1]. The curve starts as the straight line; Adam (Kingma
 * and Ba 2015) moves it, its rate falling to zero along half a cosine.
 *
 * Places whose gradient is not finite are left out of their step.
 */
export async function trainCurve(
  a: FloatArray,
  b: FloatArray,
  gradientAt: GradientAt,
  { steps, samples, learningRate, seed }: CurveSettings,
  onStep?: (done: number) => void,
): Promise<TrainedCurve> {
  const control = Float64Array.from(a, (value, i) => (value + b[i]!) / 2);
  const first = new Float64Array(a.length);
  const second = new Float64Array(a.length);
  const random = new Random(seed, 'curve');
  const losses: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    const places = Array.from({ length: samples }, (_, i) => (i + random.uniform()) / samples);
    const found = await Promise.all(places.map((t) => gradientAt(curvePoint(a, control, b, t), t)));
    losses.push(found.reduce((sum, { loss }) => sum + loss, 0) / samples);
    const gradient = new Float64Array(a.length);
    for (const [i, { gradient: own }] of found.entries()) {
      if (!own.every(Number.isFinite)) continue;
      const factor = curvePlace(places[i]!)[0] / samples;
      for (let k = 0; k < gradient.length; k += 1) gradient[k]! += factor * own[k]!;
    }
    const rate = learningRate * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
    adam(control, gradient, first, second, rate, step + 1);
    onStep?.(step + 1);
  }
  return { control, losses };
}

/** The curve at t, rounded to the precision of weights. */
export function curvePoint(
  a: FloatArray,
  control: Float64Array,
  b: FloatArray,
  t: number,
): FloatArray {
  const [ofControl, ofEnd] = curvePlace(t);
  const point = zerosLike(a);
  for (let i = 0; i < a.length; i += 1) {
    const value = a[i]!;
    point[i] = value + ofControl * (control[i]! - value) + ofEnd * (b[i]! - value);
  }
  return point;
}

const MEAN_DECAY = 0.9;
const SQUARE_DECAY = 0.999;
const EPSILON = 1e-8;

function adam(
  point: Float64Array,
  gradient: Float64Array,
  mean: Float64Array,
  square: Float64Array,
  rate: number,
  step: number,
): void {
  const meanShare = 1 - MEAN_DECAY ** step;
  const squareShare = 1 - SQUARE_DECAY ** step;
  for (let i = 0; i < point.length; i += 1) {
    const g = gradient[i]!;
    mean[i] = MEAN_DECAY * mean[i]! + (1 - MEAN_DECAY) * g;
    square[i] = SQUARE_DECAY * square[i]! + (1 - SQUARE_DECAY) * g * g;
    point[i]! -= (rate * (mean[i]! / meanShare)) / (Math.sqrt(square[i]! / squareShare) + EPSILON);
  }
}
