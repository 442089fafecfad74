import type { SpectrumSettings } from '../../../shared/configuration';
import type {
  EmpiricalFisher,
  Estimate,
  GaussNewton,
  Hessian,
  LayerCurvature,
} from '../../../shared/result/hessian';
import { say, type Message } from '../../../shared/words/message';
import type { CurvatureMatrix } from '../../graph/gaussNewton';
import { layersOf } from '../../hessian/layers';
import { spectrum, type Spectrum } from '../../hessian/spectrum';
import { dot } from '../../hessian/vectors';
import { derivativeBatches } from '../../objective/batches';
import type { LossData } from '../../objective/lossData';
import { tensorSpans } from '../../objective/weights';
import type { OpenedCheckpoint } from '../openProblem';
import { productsOn } from '../pool/products';
import { vectorsOn } from '../pool/vectorsOnPool';
import type { WorkerPool } from '../pool/workerPool';

export interface MatrixOptions {
  readonly settings: SpectrumSettings;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (fraction: number) => void;
}

/** What is known of the Gauss–Newton matrix, but for what it takes the Hessian to know. */
export interface GaussNewtonSpectrum extends Omit<GaussNewton, 'rest'> {
  /** Of each layer, as `layersOf` lists them. */
  readonly layers: readonly LayerCurvature[];
  /** uᵀ(H − G)u along its first eigenvector. */
  readonly restAlong: number;
}

/** @param pool whose problem is set. @throws NonFiniteProduct */
export async function gaussNewtonSpectrum(
  pool: WorkerPool,
  opened: OpenedCheckpoint,
  options: MatrixOptions,
): Promise<GaussNewtonSpectrum> {
  const { hessian, leading } = await spectrumOf(pool, opened, 'gaussNewton', options);
  const {
    eigenvalues: [first],
    vectors: [vector],
  } = leading(1, 'value');
  const [image] = await productsOn(pool, {
    batches: derivativeBatches(opened.problem.data.sets),
    length: opened.weights.theta.length,
    signal: options.signal,
  })([vector!]);
  const { eigenvalues, trace, products, layers = [] } = hessian;
  return {
    eigenvalues,
    trace,
    products,
    fisherOf: distributionOf(opened.problem.data),
    layers,
    restAlong: dot(image!, vector!) - first!.value,
  };
}

/** H = G + rest, from the traces of both. */
export function withGaussNewton(hessian: Hessian, found: GaussNewtonSpectrum): Hessian {
  const { layers, restAlong, ...own } = found;
  return {
    ...hessian,
    ...(hessian.layers === undefined
      ? {}
      : {
          layers: hessian.layers.map((layer, i) => ({ ...layer, gaussNewton: layers[i]!.trace })),
        }),
    gaussNewton: {
      ...own,
      rest: { trace: difference(hessian.trace, found.trace), curvature: restAlong },
    },
  };
}

function difference(a: Estimate, b: Estimate): { value: number; standardError: number } {
  return {
    value: a.value - b.value,
    standardError: Math.hypot(a.standardError, b.standardError),
  };
}

/** @param pool whose problem is set. @throws NonFiniteProduct */
export async function empiricalFisher(
  pool: WorkerPool,
  opened: OpenedCheckpoint,
  options: MatrixOptions,
): Promise<EmpiricalFisher> {
  const { hessian } = await spectrumOf(pool, opened, 'fisher', options);
  const { eigenvalues, trace, products } = hessian;
  return { eigenvalues, trace, products };
}

function spectrumOf(
  pool: WorkerPool,
  { problem, weights }: OpenedCheckpoint,
  matrix: CurvatureMatrix,
  { settings, signal, onProgress }: MatrixOptions,
): Promise<Spectrum> {
  const batches = derivativeBatches(problem.data.sets);
  const { theta, parameters } = weights;
  const { length } = theta;
  return spectrum(productsOn(pool, { batches, length, matrix, signal }), length, {
    ...settings,
    spans: tensorSpans(parameters),
    layers: layersOf(parameters),
    precision: pool.runtime.identity.precision,
    work: vectorsOn(pool, signal),
    onProduct: (done, expected) => onProgress?.(done / expected),
  });
}

/**
 * The distribution of the targets whose negative log-likelihood the loss is, each sample weighing as
 * it does in the loss: for cross entropies that of the softmax or the sigmoid, also with class weights,
 * smoothing or probabilities for targets, which do not change the Hessian in the outputs but for a
 * factor; for squares a Gaussian of constant variance. G is then the Fisher information of the model's
 * own distribution (Martens 2020, section 9.2).
 */
function distributionOf(data: LossData): GaussNewton['fisherOf'] {
  switch (data.kind) {
    case 'samples': {
      const { targets } = data;
      if (targets.kind === 'classes') return 'categorical';
      if (targets.kind === 'labels') return 'bernoulli';
      return targets.loss === 'squared' ? 'gaussian' : null;
    }
    case 'collocation':
      return 'gaussian';
    case 'output':
      return null;
  }
}

/** Why there is no Gauss–Newton matrix; null where there is. */
export function whyNoGaussNewton(data: LossData): Message | null {
  return data.kind === 'output'
    ? say`The graph gives the loss itself, and the Gauss–Newton matrix is of the outputs it is made of: export the outputs and let Basin take the loss of them ("objective.kind"), or remove "hessian.gaussNewton".`
    : null;
}

/** Why there is no empirical Fisher; null where there is. */
export function whyNoFisher(data: LossData): Message | null {
  const { sets } = data;
  const isOne = data.kind === 'output' && sets[0]!.points === 1;
  const isCoupled = sets.some((set) => set.role === 'loss' && set.isCoupled === true);
  if (!isOne && !isCoupled) return null;
  return say`The loss of a sample depends on the other samples, so that it has no gradient of its own and there is no empirical Fisher: let the graph give a loss for each sample, or remove "hessian.fisher".`;
}
