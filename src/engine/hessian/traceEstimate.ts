import type { Estimate, LayerCurvature } from '../../shared/result/hessian';
import type { FloatArray } from '../tensor';
import {
  unitRoundoff,
  type KrylovSpace,
  type Restart,
  type SymmetricOperators,
} from './blockLanczos';
import type { PartTraces } from './partTraces';
import { meanWithError } from './studentT';
import { divide, IN_THIS_THREAD, orthogonalize, type VectorWork } from './vectorWork';
import { norm } from './vectors';

/** The tensors θ is made of, and which of them are looked at together. */
export interface Layers {
  readonly tensors: readonly { readonly offset: number; readonly size: number }[];
  /** Each a tensor or several, by their places. */
  readonly layers: readonly { readonly name: string; readonly members: readonly number[] }[];
}

export const NO_LAYERS: Layers = { tensors: [], layers: [] };

/** Σ vₜ·(A·v)ₜ over vectors and their images, for each tensor t. */
export class TensorProducts {
  private readonly tensors: Layers['tensors'];
  readonly sums: Float64Array;

  constructor({ tensors }: Layers) {
    this.tensors = tensors;
    this.sums = new Float64Array(tensors.length);
  }

  add(v: FloatArray, image: FloatArray): void {
    this.tensors.forEach(({ offset, size }, t) => {
      this.sums[t]! += productOver(v, image, offset, offset + size);
    });
  }

  /** Takes the products of other vectors instead, whose images are known without any. */
  restart({ vectors, values, rest, coupling }: Restart): void {
    this.sums.fill(0);
    this.tensors.forEach(({ offset, size }, t) => {
      const end = offset + size;
      for (const [i, y] of vectors.entries()) {
        let sum = values[i]! * productOver(y, y, offset, end);
        rest.forEach((r, k) => (sum += coupling[k]![i]! * productOver(y, r, offset, end)));
        this.sums[t]! += sum;
      }
    });
  }
}

function productOver(v: FloatArray, image: FloatArray, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i += 1) sum += v[i]! * image[i]!;
  return sum;
}

export interface TraceOptions {
  /** Vectors beside the space, at least. */
  readonly samples: number;
  /** Half of the 95 % interval, as a share of the trace, at which sampling ends; if absent, at once. */
  readonly error?: number;
  /** As many vectors are sampled at once. */
  readonly together: number;
  /** Writes standard normal numbers. */
  readonly normal: (index: number, into: Float64Array) => void;
  readonly work?: VectorWork;
  readonly layers: Layers;
  /** Of the products that made the space. */
  readonly inside: TensorProducts;
  readonly parts?: OfParts | undefined;
  readonly onProduct?: (done: number) => void;
}

/** The parts that an operator is a sum of, as those of the data. */
export interface OfParts {
  readonly traces: PartTraces;
  /** vᵀA(part)v of each vector of the operator's last call. */
  readonly quotients: readonly Float64Array[];
}

const EXACT = { mean: 0, standardError: 0, halfWidth: 0 };

/** Vectors beyond which sampling ends whatever the error. */
const MAX_SAMPLES = 1000;

/** Of a product's rounding: traces of networks in float32 were up to five units from those in float64. */
const UNITS = 8;

/**
 * tr A and that of its diagonal blocks. On the space Q it is known, tr QᵀAQ. Of what lies outside,
 * each sample is (n − m)·ŵᵀAŵ with ŵ uniform on the unit sphere of the orthogonal complement: without
 * bias, and without error where A is a multiple of the identity there (the normalisation of XTrace:
 * Epperly, Tropp and Webber 2024, section 2.3). Samples are independent, so that Student's t holds.
 * With the block of Q that is Hutch++ (Meyer et al. 2021) whose sketch is a Krylov space.
 */
export async function estimateTrace(
  apply: SymmetricOperators,
  space: KrylovSpace,
  {
    samples,
    error,
    together,
    normal,
    work = IN_THIS_THREAD,
    layers,
    inside,
    parts,
    onProduct,
  }: TraceOptions,
): Promise<{ readonly trace: Estimate; readonly layers: readonly LayerCurvature[] }> {
  const { dimension, size, projected } = space;
  let known = 0;
  let absolute = 0;
  for (let i = 0; i < size; i += 1) {
    known += projected[i * size + i]!;
    absolute += Math.abs(projected[i * size + i]!);
  }
  const rounding = UNITS * unitRoundoff(space) * absolute;
  const outside = dimension - size;
  const taken: number[] = [];
  const ofTensors: Float64Array[] = [];
  const basis = space.basis.slice(0, size);
  const wide = Array.from({ length: outside === 0 ? 0 : together }, () => ({
    vector: work.zeros(dimension, true) as Float64Array,
    unit: work.zeros(dimension, space.precision === 'float64'),
  }));
  const isDone = (): boolean => {
    if (outside === 0 || taken.length >= MAX_SAMPLES) return true;
    if (taken.length < samples) return false;
    if (error === undefined) return true;
    const { mean, halfWidth } = meanWithError(taken);
    return halfWidth <= error * Math.abs(known + mean);
  };
  while (!isDone()) {
    const count = Math.min(together, error === undefined ? samples - taken.length : together);
    const own = wide.slice(0, count);
    const vectors = own.map(({ vector }) => vector);
    own.forEach(({ vector }, k) => {
      normal(taken.length + k, vector.fill(0));
    });
    // Twice: near a full space little of a vector is left.
    await orthogonalize(work, basis, vectors);
    await orthogonalize(work, basis, vectors);
    for (const { vector, unit } of own) await divide(work, vector, norm(vector), unit);
    const units = own.map(({ unit }) => unit);
    const images = await apply(units, vectors);
    units.forEach((unit, k) => {
      const image = images[k]!;
      taken.push(outside * productOver(unit, image, 0, dimension));
      if (parts !== undefined) parts.traces.addSample(parts.quotients[k]!);
      const products = new TensorProducts(layers);
      products.add(unit, image);
      ofTensors.push(products.sums.map((x) => outside * x));
    });
    onProduct?.(count);
  }
  const estimate = (inner: number, own: readonly number[]): Estimate => {
    const sampled = outside === 0 ? EXACT : meanWithError(own);
    const value = inner + sampled.mean;
    const halfWidth = Math.hypot(sampled.halfWidth, 2 * rounding);
    return {
      value,
      standardError: Math.hypot(sampled.standardError, rounding),
      samples: own.length,
      interval: { low: value - halfWidth, high: value + halfWidth },
    };
  };
  const samplingError = parts?.traces.samplingError(outside) ?? null;
  return {
    trace: { ...estimate(known, taken), ...(samplingError === null ? {} : { samplingError }) },
    layers: layers.layers.map(({ name, members }) => {
      const over = (sums: ArrayLike<number>): number =>
        members.reduce((sum, t) => sum + sums[t]!, 0);
      const { value, standardError } = estimate(over(inside.sums), ofTensors.map(over));
      return {
        name,
        parameters: members.reduce((sum, t) => sum + layers.tensors[t]!.size, 0),
        trace: { value, standardError },
      };
    }),
  };
}
