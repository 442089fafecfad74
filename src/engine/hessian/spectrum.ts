import type { Configuration } from '../../shared/configuration';
import type { Eigenvalue, Hessian } from '../../shared/result/hessian';
import { fillNormal, fillSigns, type TensorSpan } from '../tensorRandom';
import { blockLanczos, type SymmetricOperators } from './blockLanczos';
import { spectralDensity } from './density';
import { RitzPairs, type RitzPair } from './ritzPairs';
import type { VectorWork } from './vectorWork';
import {
  estimateTrace,
  NO_LAYERS,
  TensorProducts,
  type Layers,
  type OfParts,
} from './traceEstimate';

export interface Spectrum {
  readonly hessian: Hessian;
  /**
   * Ritz pairs of the largest values, or of the largest absolute ones, whose ends of the spectrum
   * are mixed; as many as there are where that is fewer.
   */
  readonly leading: (
    count: number,
    order: 'value' | 'magnitude',
  ) => {
    readonly eigenvalues: readonly Eigenvalue[];
    readonly vectors: readonly Float64Array[];
  };
}

export interface SpectrumOptions extends Pick<
  Configuration['hessian'],
  'eigenvalues' | 'lanczosSteps' | 'probes' | 'seed'
> {
  /** 8 if absent. */
  readonly traceSamples?: number;
  readonly traceError?: number | undefined;
  /** The tensors random vectors belong to; one of all numbers if absent. */
  readonly spans?: readonly TensorSpan[];
  /** Whose blocks are looked at; none if absent. */
  readonly layers?: Layers;
  /** Of the products, and in which the basis is kept; float64 if absent. */
  readonly precision?: 'float32' | 'float64';
  /** Vectors the basis may have, of 4 for each probe or more; as many as there are products if absent. */
  readonly room?: number | undefined;
  /** Products that are held at once; one for each probe if absent. */
  readonly together?: number | undefined;
  readonly work?: VectorWork;
  /** Those of the data that the operator is a sum over, whose spread says what the data leave open. */
  readonly parts?: OfParts | undefined;
  /** Called after products with their number and the number expected. */
  readonly onProduct?: (done: number, expected: number) => void;
}

/** A Ritz value is converged when its residual is below this share of it. */
export const CONVERGED = 1e-3;

/**
 * Eigenvalues, trace and density of a symmetric operator from one block Lanczos space, and of some
 * more products what the space leaves of the trace.
 *
 * @param apply takes the products of a step at once.
 * @param dimension of the operator.
 * @throws NonFiniteProduct
 */
export async function spectrum(
  apply: SymmetricOperators,
  dimension: number,
  options: SpectrumOptions,
): Promise<Spectrum> {
  const { eigenvalues, lanczosSteps, probes, seed, precision = 'float64' } = options;
  const {
    traceSamples = 8,
    layers = NO_LAYERS,
    spans = [{ tensor: '', offset: 0, size: dimension }],
  } = options;
  const block = Math.min(probes, dimension);
  const budget = Math.min(lanczosSteps * probes, dimension);
  const expected = budget + (budget < dimension ? traceSamples : 0);
  let products = 0;
  const count = (more: number): void => {
    products += more;
    options.onProduct?.(products, Math.max(products, expected));
  };
  const normal = (use: 'fresh' | 'trace') => (index: number, into: Float64Array) => {
    fillNormal(into, spans, seed, `${use} ${index}`);
  };
  const { room = Infinity, together = block, parts } = options;
  const work = options.work === undefined ? {} : { work: options.work };
  const inside = new TensorProducts(layers);
  const space = await blockLanczos(apply, dimension, {
    ...work,
    block,
    room,
    together,
    start: (probe, into) => {
      fillSigns(into, spans, seed, `probe ${probe}`);
    },
    products: budget,
    fresh: normal('fresh'),
    precision,
    onProduct: (v, image, index) => {
      inside.add(v, image);
      parts?.traces.addInside(parts.quotients[index]!);
      count(1);
    },
    onRestart: (restart) => {
      inside.restart(restart);
      parts?.traces.forget();
    },
  });
  const ritz = new RitzPairs(space);
  const estimates = await estimateTrace(apply, space, {
    samples: traceSamples,
    ...(options.traceError === undefined ? {} : { error: options.traceError }),
    ...work,
    together,
    normal: normal('trace'),
    layers,
    inside,
    parts,
    onProduct: count,
  });
  const { unrestarted } = space;
  const ofStarts = unrestarted.size === space.size ? ritz : new RitzPairs(unrestarted);
  const ascending = ritz.pairs.map((pair, place) => ({ ...pair, place }));
  const descending = [...ascending].reverse();
  const byMagnitude = [...descending].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  return {
    hessian: {
      eigenvalues: descending.slice(0, eigenvalues).map(reported),
      smallest: reported(ascending[0]!),
      lowest: ascending.slice(0, eigenvalues).map(reported),
      largestMagnitude: byMagnitude.slice(0, eigenvalues).map(reported),
      trace: estimates.trace,
      ...(layers.layers.length === 0 ? {} : { layers: estimates.layers }),
      density: spectralDensity(unrestarted, dimension, ofStarts),
      products,
      lanczosSteps: Math.min(lanczosSteps, dimension),
      probes,
    },
    leading: (wanted, order) => {
      const chosen = (order === 'value' ? descending : byMagnitude).slice(0, wanted);
      return {
        eigenvalues: chosen.map(reported),
        vectors: chosen.map(({ place }) => ritz.vector(place, space)),
      };
    },
  };
}

function reported({ value, residual }: RitzPair): Eigenvalue {
  return { value, residual, converged: residual <= CONVERGED * Math.abs(value) };
}
