import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LossEvaluator } from '../../../src/engine/objective/lossEvaluator';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { zerosLike, type FloatArray } from '../../../src/engine/tensor';
import { EXAMPLE, FIXTURES, openProblem, type Problem } from './problems';

// Every expected loss is PyTorch's in float64, BatchNorm in training mode on all samples
// (test/fixtures/batchNorm/make.py). Both sets are so large that Basin evaluates two batches.

interface Reference {
  readonly plane: readonly (readonly [number, number, number])[];
  readonly stored: number;
}

const FOLDER = join(FIXTURES, 'batchNorm');
const references = JSON.parse(readFileSync(join(FOLDER, 'reference.json'), 'utf8')) as Readonly<
  Record<'net' | 'resnet', Reference>
>;

function openNet(runtime: Runtime, checkpoint: string, limit?: number): Promise<Problem> {
  return openProblem(runtime, {
    checkpoint: join(FOLDER, checkpoint),
    model: join(FOLDER, 'net.onnx'),
    data: join(FOLDER, 'data.npz'),
    objective: 'classification',
    ...(limit === undefined ? {} : { limit }),
  });
}

function openResnet(runtime: Runtime, epoch: string): Promise<Problem> {
  const run = join(EXAMPLE, 'runs/resnet');
  return openProblem(runtime, {
    checkpoint: join(run, `epoch-${epoch}.pt`),
    model: join(run, 'model.onnx'),
    data: join(EXAMPLE, 'digits-eval.npz'),
    objective: 'classification',
  });
}

/** (1 − s − t)a + s·b + t·c */
function mixed([a, b, c]: readonly FloatArray[], s: number, t: number): FloatArray {
  const point = zerosLike(a!);
  for (let i = 0; i < point.length; i += 1) {
    point[i] = a![i]! + s * (b![i]! - a![i]!) + t * (c![i]! - a![i]!);
  }
  return point;
}

/** With the statistics of all samples: in one run, or where that is too much in stages. */
function recomputing({ loss }: Problem, runtime: Runtime, inStages: boolean): LossEvaluator {
  const problem = { ...loss, recomputesStatistics: true };
  return new LossEvaluator(problem, runtime, inStages ? 1 : undefined);
}

describe('the loss with the statistics of all samples at every point is PyTorch’s', () => {
  const cases = [
    ['a small network, in one run', 'net', false],
    ['a small network, in stages', 'net', true],
    ['ResNet-20, in one run', 'resnet', false],
    ['ResNet-20, in stages', 'resnet', true],
  ] as const;
  test.each(cases)('%s', async (_, name, inStages) => {
    const open = (runtime: Runtime) =>
      Promise.all(
        name === 'net'
          ? ['a.pt', 'b.pt', 'c.pt'].map((file) => openNet(runtime, file))
          : ['030', '012', '004'].map((epoch) => openResnet(runtime, epoch)),
      );
    const runtimes: readonly (readonly [Runtime, number])[] = [
      [onnxRuntime(), 1e-5],
      // The interpreter is slow.
      ...(name === 'net' ? [[referenceRuntime, 1e-12] as const] : []),
    ];
    for (const [runtime, most] of runtimes) {
      const problems = await open(runtime);
      const evaluator = recomputing(problems[0]!, runtime, inStages);
      const corners = problems.map(({ theta }) => theta);
      for (const [s, t, expected] of references[name].plane) {
        const loss = await evaluator.loss(mixed(corners, s, t));
        expect(Math.abs(loss / expected - 1), `${runtime.precision} ${s} ${t}`).toBeLessThan(most);
      }
      // The checkpoint's own statistics say something else, and are not touched.
      const stored = await problems[0]!.evaluator.loss(corners[0]!);
      expect(Math.abs(stored / references[name].stored - 1)).toBeLessThan(most);
      expect(Math.abs(stored / references[name].plane[0]![2] - 1)).toBeGreaterThan(0.01);
      await evaluator.release();
    }
  });
});

test.each([false, true])(
  'statistics that are the data’s give the same loss recomputed as stored, in stages: %s',
  async (inStages) => {
    const problem = await openNet(referenceRuntime, 'calibrated.pt');
    const stored = await problem.evaluator.loss(problem.theta);
    const recomputed = await recomputing(problem, referenceRuntime, inStages).loss(problem.theta);
    expect(Math.abs(recomputed / stored - 1)).toBeLessThan(1e-12);
    // Not because nothing is recomputed: with other buffers only the stored ones change.
    const zeros = { ...problem.loss, bufferValues: problem.loss.bufferValues.map((x) => x + 1) };
    const other = { ...problem, loss: zeros };
    expect(await recomputing(other, referenceRuntime, inStages).loss(problem.theta)).toBe(
      recomputed,
    );
    expect(await new LossEvaluator(zeros, referenceRuntime).loss(problem.theta)).not.toBeCloseTo(
      stored,
      3,
    );
  },
);

test('one sample has no variance behind a linear layer: refused with the node', async () => {
  const problem = await openNet(referenceRuntime, 'a.pt', 1);
  await expect(recomputing(problem, referenceRuntime, false).loss(problem.theta)).rejects.toThrow(
    /net\.onnx: node \/last_norm\/BatchNormalization .*no variance; evaluate on more samples/,
  );
});

test('more samples in one run ask for more memory, said before it is taken', async () => {
  const problem = await openResnet(onnxRuntime(), '030');
  const stored = problem.evaluator.memory('values');
  const whole = recomputing(problem, onnxRuntime(), false).memory('values');
  // 360 samples instead of 180, each with its own copy for the statistics.
  expect(whole).toBeGreaterThan(1.5 * stored);
});

test('a graph exported in training mode does so anyway, with one batch', async () => {
  const problem = await openProblem(referenceRuntime, {
    checkpoint: join(FIXTURES, 'import/training.pt'),
    model: join(FIXTURES, 'import/training.onnx'),
    data: join(FIXTURES, 'mlp/data.npz'),
    objective: 'classification',
  });
  const own = await problem.evaluator.loss(problem.theta);
  const recomputed = await recomputing(problem, referenceRuntime, false).loss(problem.theta);
  expect(Math.abs(recomputed / own - 1)).toBeLessThan(1e-13);
});
