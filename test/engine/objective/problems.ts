import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { OnnxModel } from '../../../src/engine/graph/onnx/importOnnx';
import { loadEvaluationData } from '../../../src/engine/objective/evaluationData';
import { LossEvaluator } from '../../../src/engine/objective/lossEvaluator';
import { loadWeights } from '../../../src/engine/objective/weights';
import type { FloatArray, Runtime } from '../../../src/engine/runtime/runtime';
import { configurationSchema } from '../../../src/shared/configuration';

export const FIXTURES = join(import.meta.dirname, '../../fixtures');
export const EXAMPLE = join(import.meta.dirname, '../../../examples/digits-resnet');

/** A checkpoint with its graph and data, ready to be evaluated. */
export interface Problem {
  readonly evaluator: LossEvaluator;
  readonly theta: Float32Array;
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
  },
): Promise<Problem> {
  const model = new OnnxModel(readFileSync(files.model), basename(files.model));
  const configuration = configurationSchema.parse({
    checkpoints: [basename(files.checkpoint)],
    model: basename(files.model),
    data: { inputs: `${basename(files.data)}#x`, targets: `${basename(files.data)}#y` },
    objective: { kind: files.objective },
  });
  const data = await loadEvaluationData(configuration, dirname(files.data));
  const checkpoint = await openCheckpoint(files.checkpoint);
  const weights = await loadWeights(model, checkpoint);
  await checkpoint.close();
  const { objective } = configuration;
  const evaluator = new LossEvaluator({ ...weights, model, objective, data }, runtime);
  return {
    evaluator,
    theta: weights.theta,
    samples: data.samples,
    names: weights.parameters.entries.map(({ name }) => name),
  };
}

export function openExample(runtime: Runtime, run: string, epoch: string): Promise<Problem> {
  return openProblem(runtime, {
    checkpoint: join(EXAMPLE, 'runs', run, `epoch-${epoch}.pt`),
    model: join(EXAMPLE, 'runs', run, 'model.onnx'),
    data: join(EXAMPLE, 'digits-eval.npz'),
    objective: 'classification',
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

/** The gradient of the mean loss over all samples. */
export async function meanGradient({ evaluator, theta, samples }: Problem): Promise<Float64Array> {
  return mean(
    await Promise.all(evaluator.batches.map((batch) => evaluator.gradient(theta, batch))),
    samples,
  );
}

/** H·v of the mean loss over all samples. */
export async function meanProduct(
  { evaluator, theta, samples }: Problem,
  v: FloatArray,
): Promise<Float64Array> {
  evaluator.setPoint(theta);
  const parts: FloatArray[] = [];
  for (const batch of evaluator.batches) parts.push(await evaluator.hessianProduct(v, batch));
  return mean(parts, samples);
}

function mean(parts: readonly FloatArray[], samples: number): Float64Array {
  const sum = new Float64Array(parts[0]!.length);
  for (const part of parts) part.forEach((x, i) => (sum[i]! += x / samples));
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
