import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { symmetricEigen } from '../../../src/engine/hessian/symmetricEigen';
import { lossTerms } from '../../../src/engine/objective/lossData';
import { LossEvaluator } from '../../../src/engine/objective/lossEvaluator';
import { lossBatches } from '../../../src/engine/objective/batches';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import { openNetwork } from '../../../src/engine/graph/openNetwork';
import { openForAnalysis, openStudyInputs } from '../../../src/engine/study/openProblem';
import { readStudy, type Study } from '../../../src/engine/study/configuration/study';

/** What a fixture's `make.py` has from PyTorch in float64. */
interface Reference {
  readonly loss: number;
  readonly parameters: number;
  readonly largest: readonly number[];
  readonly trace: number;
}

export function referenceOf(folder: string): Reference {
  return JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8')) as Reference;
}

/** Opens a checkpoint of a folder as an analysis does, in float64. */
export async function openFolder(folder: string, checkpoint?: string) {
  expect(existsSync(folder)).toBe(true);
  const study = await readStudy(join(folder, 'basin.json'));
  return openInStudy(study, checkpoint);
}

export async function openInStudy(study: Study, checkpoint?: string) {
  const path = checkpoint === undefined ? study.checkpoints[0]! : join(study.folder, checkpoint);
  const inputs = await openStudyInputs(study, undefined, 'float64');
  const opened = await openForAnalysis(study, inputs, path);
  return { ...opened, inputs };
}

/** Loss and dense Hessian of an opened checkpoint, in float64. */
export async function denseHessian({ problem, weights }: Awaited<ReturnType<typeof openFolder>>) {
  const model = openNetwork(problem.model, problem.modelPath, onlyOne(problem.outputs));
  const terms = lossTerms(problem.data, model);
  const evaluator = new LossEvaluator({ ...problem, model, terms }, referenceRuntime);
  const { theta } = weights;
  evaluator.setPoint(theta);
  const loss = await evaluator.loss(theta);
  const n = theta.length;
  const hessian = new Float64Array(n * n);
  for (const batch of lossBatches(problem.data.sets)) {
    for (let i = 0; i < n; i += 1) {
      const v = new Float64Array(n);
      v[i] = 1;
      const [column] = await evaluator.hessianProducts([v], batch);
      for (let j = 0; j < n; j += 1) {
        hessian[j * n + i]! += batch.share * column![j]!;
      }
    }
  }
  await evaluator.release();
  const trace = hessian.reduce((sum, x, at) => (at % (n + 1) === 0 ? sum + x : sum), 0);
  return { loss, parameters: n, trace, values: symmetricEigen(hessian).values };
}

/** Holds a checkpoint of a folder against what PyTorch says. */
export async function expectReference(folder: string, checkpoint?: string): Promise<void> {
  const reference = referenceOf(folder);
  const found = await denseHessian(await openFolder(folder, checkpoint));
  expect(found.parameters).toBe(reference.parameters);
  expect(Math.abs(found.loss / reference.loss - 1)).toBeLessThan(1e-6);
  const largest = [...found.values].sort((a, b) => b - a);
  reference.largest.forEach((value, i) => {
    expect(Math.abs(largest[i]! - value)).toBeLessThan(1e-6 * reference.largest[0]!);
  });
  expect(Math.abs(found.trace / reference.trace - 1)).toBeLessThan(1e-6);
}

/** The output that is meant, where it is one. */
function onlyOne(outputs: readonly string[]): string | undefined {
  return outputs.length === 1 ? outputs[0] : undefined;
}
