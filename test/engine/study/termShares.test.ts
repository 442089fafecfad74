import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CollocationData } from '../../../src/engine/objective/pde/collocationData';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import { chooseRuntime } from '../../../src/engine/runtime/chooseRuntime';
import { openForAnalysis, openStudyInputs } from '../../../src/engine/study/openProblem';
import { readStudy } from '../../../src/engine/study/configuration/study';
import { shareNotes, termCurvatures } from '../../../src/engine/study/curvature/termShares';
import { WorkerPool } from '../../../src/engine/study/pool/workerPool';
import { english } from '../../../src/shared/words/message';
import { FIXTURES, meanGradient, meanProduct, openConfigured } from '../objective/problems';
import { wholeConfiguration } from '../../wholeConfiguration';
import { buildWorker } from './builtWorker';

let worker: Awaited<ReturnType<typeof buildWorker>>;
beforeAll(async () => {
  worker = await buildWorker();
});
afterAll(() => {
  worker.remove();
});

interface Given {
  readonly objective: Readonly<Record<string, unknown>>;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}

describe('what a term is of gradient and curvature is what they are without the other terms', () => {
  test.each(['convection', 'helmholtz', 'wave', 'navier-stokes'])('%s', async (name) => {
    const folder = join(FIXTURES, 'pde', name);
    const runtime = chooseRuntime({
      runtime: 'onnxruntime-node',
      provider: 'cpu',
      precision: 'float64',
    });
    const study = await readStudy(join(folder, 'basin.json'), [join(folder, '.basin')]);
    const inputs = await openStudyInputs(study, undefined, 'float64');
    const opened = await openForAnalysis(study, inputs, study.checkpoints[0]!);
    const pool = new WorkerPool({ runtime, size: 2, script: worker.script });
    const { problem } = opened;
    const data = problem.data as CollocationData;
    const { entries } = problem.parameters;
    /** The same direction in whatever order the parameters are. */
    const direction = (names: readonly string[]): Float64Array =>
      Float64Array.from(
        names.flatMap((each) => {
          const { offset, size } = entries.find((entry) => entry.name === each)!;
          return Array.from({ length: size }, (_, i) => Math.sin(offset + i + 1));
        }),
      );
    const v = direction(entries.map((entry) => entry.name));
    const found = await termCurvatures(pool, { ...problem, data }, v).finally(() => pool.close());

    const given = JSON.parse(readFileSync(join(folder, 'basin.json'), 'utf8')) as Given;
    const nothing = { residual: 0, initial: 0, boundary: 0 };
    const counts = new Map<string, number>();
    let [gradients, curvature] = [new Float64Array(v.length), 0];
    for (const { kind, expression, ...term } of found) {
      // The same points; the other terms are written out as 0.
      const index = counts.get(kind) ?? 0;
      counts.set(kind, index + 1);
      const texts = [given.objective[kind]].flat();
      expect(texts[index]).toBe(expression);
      const own = [data.objective.weights[kind as 'residual']].flat();
      const weights = {
        ...nothing,
        [kind]: texts.map((_, i) => (i === index ? (own[i] ?? own[0]!) : 0)),
      };
      const configuration = wholeConfiguration({
        ...given,
        objective: { ...given.objective, weights },
      });
      const alone = await openConfigured(referenceRuntime, configuration, folder, {
        checkpoint: join(folder, 'weights.pt'),
        model: join(folder, 'model.onnx'),
      });
      const w = direction(alone.names);
      const gradient = await meanGradient(alone);
      expect(term.gradient / Math.sqrt(dot(gradient, gradient))).toBeCloseTo(1, 8);
      expect(term.curvature).toBeCloseTo(dot(await meanProduct(alone, w), w), 8);
      gradients = gradients.map((sum, i) => sum + gradient[i]!);
      curvature += term.curvature;
    }
    const whole = await openConfigured(referenceRuntime, wholeConfiguration(given), folder, {
      checkpoint: join(folder, 'weights.pt'),
      model: join(folder, 'model.onnx'),
    });
    const w = direction(whole.names);
    expect(found.length).toBeGreaterThan(1);
    expect(dot(await meanProduct(whole, w), w) / curvature).toBeCloseTo(1, 8);
    const all = await meanGradient(whole);
    expect(Math.max(...all.map((x, i) => Math.abs(x - gradients[i]!)))).toBeLessThan(1e-9);
  });
});

test('the shares are sentences', () => {
  const term = { weight: 2, points: 5 };
  const metrics = {
    loss: 4,
    samples: 10,
    terms: [
      { ...term, kind: 'residual', expression: 'u_t', value: 1 },
      { ...term, kind: 'initial', expression: 'u(0) = 1', value: 1 },
    ],
  } as const;
  const curvatures = [
    { kind: 'residual', expression: 'u_t', gradient: 3, curvature: 9 },
    { kind: 'initial', expression: 'u(0) = 1', gradient: 1, curvature: 1 },
  ] as const;
  expect(english(shareNotes(metrics, curvatures)[0]!)).toBe(
    'The residual term "u_t" is 50 % of the loss, 75 % of the lengths of the terms\' gradients and 90 % of the largest curvature.',
  );
  expect(english(shareNotes(undefined, curvatures)[1]!)).toMatch(/" is 25 % of the lengths/);
  expect(shareNotes(metrics, curvatures.slice(0, 1))).toEqual([]);
});
