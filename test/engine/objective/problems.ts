import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { lossBatches, type Batch } from '../../../src/engine/objective/batches';
import {
  loadLossData,
  lossTerms,
  openModel,
  type LossData,
} from '../../../src/engine/objective/lossData';
import { LossEvaluator } from '../../../src/engine/objective/lossEvaluator';
import type { LossProblem } from '../../../src/engine/objective/lossProblem';
import { loadWeights } from '../../../src/engine/objective/weights';
import type { FloatArray, Runtime } from '../../../src/engine/runtime/runtime';
import type { Configuration } from '../../../src/shared/configuration';
import { wholeConfiguration } from '../../wholeConfiguration';

export const FIXTURES = join(import.meta.dirname, '../../fixtures');
export const EXAMPLE = join(import.meta.dirname, '../../../examples/digits-resnet');

/** A checkpoint with its graph and data, ready to be evaluated. */
export interface Problem {
  readonly evaluator: LossEvaluator;
  /** What it evaluates. */
  readonly loss: LossProblem;
  readonly theta: FloatArray;
  readonly data: LossData;
  readonly samples: number;
  /** Names of the parameters in the order of θ. */
  readonly names: readonly string[];
}

export async function openProblem(
  runtime: Runtime,
  files: {
    readonly checkpoint: string;
    readonly model: string;
    readonly data: string;
    readonly objective: 'classification' | 'regression';
    /** Samples, from the first; all if absent. */
    readonly limit?: number;
  },
): Promise<Problem> {
  const configuration = wholeConfiguration({
    checkpoints: [basename(files.checkpoint)],
    model: basename(files.model),
    data: {
      inputs: `${basename(files.data)}#x`,
      targets: `${basename(files.data)}#y`,
      limit: files.limit,
    },
    objective: { kind: files.objective },
  });
  return openConfigured(runtime, configuration, dirname(files.data), files);
}

/** @param folder what the configuration's data are relative to. */
export async function openConfigured(
  runtime: Runtime,
  configuration: Configuration,
  folder: string,
  files: { readonly checkpoint: string; readonly model: string },
): Promise<Problem> {
  const name = basename(files.model);
  const model = await openModel(readFileSync(files.model), name, configuration, folder);
  const data = await loadLossData(configuration, model, folder);
  const checkpoint = await openCheckpoint(files.checkpoint);
  const weights = await loadWeights(model, checkpoint, runtime.precision);
  await checkpoint.close();
  const terms = lossTerms(data, model);
  const loss: LossProblem = { ...weights, model, data, terms };
  return {
    evaluator: new LossEvaluator(loss, runtime),
    loss,
    theta: weights.theta,
    data,
    samples: data.samples,
    names: weights.parameters.entries.map(({ name }) => name),
  };
}

export function openExample(
  runtime: Runtime,
  run: string,
  epoch: string,
  limit?: number,
): Promise<Problem> {
  return openProblem(runtime, {
    checkpoint: join(EXAMPLE, 'runs', run, `epoch-${epoch}.pt`),
    model: join(EXAMPLE, 'runs', run, 'model.onnx'),
    data: join(EXAMPLE, 'digits-eval.npz'),
    objective: 'classification',
    ...(limit === undefined ? {} : { limit }),
  });
}

export function openMlp(runtime: Runtime, kind: 'classification' | 'regression'): Promise<Problem> {
  const file = (name: string): string => join(FIXTURES, 'mlp', name);
  return openProblem(
    runtime,
    kind === 'classification'
      ? {
          checkpoint: file('mlp.pt'),
          model: file('mlp.onnx'),
          data: file('data.npz'),
          objective: kind,
        }
      : {
          checkpoint: file('regression.pt'),
          model: file('regression.onnx'),
          data: file('regression.npz'),
          objective: kind,
        },
  );
}

/** The gradient of the loss, a mean. */
export async function meanGradient(problem: Problem): Promise<Float64Array> {
  const { evaluator, theta, data } = problem;
  return total(lossBatches(data.sets), (batch) => evaluator.gradient(theta, batch));
}

/** vᵀHv of the loss, from what it is for each point. */
export async function meanCurvature(problem: Problem, v: FloatArray): Promise<number> {
  const { evaluator, theta, data } = problem;
  let sum = 0;
  for (const batch of lossBatches(data.sets)) {
    const curvatures = await evaluator.curvatures(theta, v, batch);
    for (const curvature of curvatures) sum += batch.share * curvature;
  }
  return sum;
}

/** H·v of the loss, a mean. */
export async function meanProduct(problem: Problem, v: FloatArray): Promise<Float64Array> {
  const { evaluator, theta, data } = problem;
  evaluator.setPoint(theta);
  return total(lossBatches(data.sets), async (batch) => {
    const [product] = await evaluator.hessianProducts([v], batch);
    return product!;
  });
}

async function total(
  batches: readonly Batch[],
  part: (batch: Batch) => Promise<FloatArray>,
): Promise<Float64Array> {
  let sum = new Float64Array(0);
  for (const batch of batches) {
    const values = await part(batch);
    if (sum.length === 0) sum = new Float64Array(values.length);
    values.forEach((x, i) => (sum[i]! += x * batch.share));
  }
  return sum;
}

/** ‖a − b‖ / ‖b‖ */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i += 1) {
    difference += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}
