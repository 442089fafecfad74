import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chooseRuntime } from '../../../src/engine/runtime/chooseRuntime';
import { lossBatches } from '../../../src/engine/objective/batches';
import { openForAnalysis, openStudyInputs } from '../../../src/engine/study/openProblem';
import { readStudy } from '../../../src/engine/study/configuration/study';
import { WorkerPool } from '../../../src/engine/study/pool/workerPool';
import { DEFAULT_RUNTIME, type RuntimeSetting } from '../../../src/shared/runtimeSetting';
import { relativeError } from '../objective/problems';
import { buildWorker } from '../study/builtWorker';

const RUN = join(import.meta.dirname, '../../../examples/convection-pinn/beta-1');
/** The last one: the loss has converged to 1e-5. */
const CHECKPOINT = 'step-00924.pt';

let worker: Awaited<ReturnType<typeof buildWorker>>;
let folder: string;

beforeAll(async () => {
  worker = await buildWorker();
  folder = mkdtempSync(join(tmpdir(), 'basin-float64-'));
  for (const file of ['model.onnx', CHECKPOINT]) {
    cpSync(join(RUN, file), join(folder, file));
  }
  // Fewer points than the training's: the reference is slow, and the network has converged on all.
  const configuration = readFileSync(join(RUN, 'basin.json'), 'utf8').replace(
    '{ "points": "points.npz" }',
    '{ "interior": 150, "initial": 30, "boundary": 30, "seed": 1 }',
  );
  expect(configuration).toContain('"interior": 150');
  writeFileSync(join(folder, 'basin.json'), configuration);
});
afterAll(() => {
  worker.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** What workers answer about a converged network of a differential equation. */
async function measured(setting: Partial<RuntimeSetting>) {
  const runtime = chooseRuntime({ ...DEFAULT_RUNTIME, ...setting });
  const { precision } = runtime.identity;
  const study = await readStudy(join(folder, 'basin.json'));
  const inputs = await openStudyInputs(study, undefined, precision);
  const { problem, weights } = await openForAnalysis(study, inputs, join(folder, CHECKPOINT));
  const pool = new WorkerPool({ runtime, size: 1, script: worker.script });
  try {
    pool.setProblem(problem);
    const { length } = weights.theta;
    const direction = Float64Array.from({ length }, (_, i) => Math.sin(i + 1));
    pool.setDirections([direction]);
    const coordinates = [[0], [1e-3]];
    const losses = await pool.run<'losses'>({ kind: 'losses', coordinates });
    const task = { kind: 'perturbedLosses', coordinates, seed: 7 } as const;
    const moved =
      runtime.identity.name === 'reference' ? losses : await pool.run<'perturbedLosses'>(task);
    const noise = Math.max(...losses.map((loss, i) => Math.abs(moved[i]! / loss - 1)));
    const gradient = new Float64Array(length);
    const product = new Float64Array(length);
    /** Sum of the lengths of the conditions' gradients, which all but cancel. */
    let scale = 0;
    const v = precision === 'float64' ? direction : Float32Array.from(direction);
    for (const batch of lossBatches(problem.data.sets)) {
      const g = await pool.run<'gradient'>({ kind: 'gradient', batch });
      const directions = [v, v.map((x) => -2 * x)].map((values, number) => ({ values, number }));
      const [hv, other] = await pool.run<'products'>({ kind: 'products', directions, batch });
      expect(
        relativeError(
          other!,
          hv!.map((x) => -2 * x),
        ),
      ).toBeLessThan(1e-5);
      for (const answer of [g, hv, other]) {
        expect(answer).toBeInstanceOf(precision === 'float64' ? Float64Array : Float32Array);
      }
      scale += batch.share * Math.hypot(...g);
      g.forEach((x, i) => (gradient[i]! += batch.share * x));
      hv!.forEach((x, i) => (product[i]! += batch.share * x));
    }
    return { losses, gradient, scale, product, noise };
  } finally {
    await pool.close();
  }
}

test('float64 from the weights to the products: ONNX Runtime gives what the reference gives', async () => {
  const exact = await measured({ runtime: 'reference' });
  const double = await measured({ precision: 'float64' });
  exact.losses.forEach((loss, i) => {
    expect(Math.abs(double.losses[i]! / loss - 1)).toBeLessThan(1e-10);
  });
  const difference = double.gradient.map((x, i) => x - exact.gradient[i]!);
  expect(Math.hypot(...difference) / exact.scale).toBeLessThan(1e-10);
  expect(relativeError(double.product, exact.product)).toBeLessThan(1e-10);

  const single = await measured({ precision: 'float32' });
  expect(relativeError(single.product, exact.product)).toBeLessThan(1e-4);
  // What differs is rounding, and residuals near zero are differences that enlarge it.
  expect(double.noise).toBeGreaterThan(0);
  expect(double.noise).toBeLessThan(1e-11);
  expect(single.noise).toBeGreaterThan(1e-8);
}, 180_000);
