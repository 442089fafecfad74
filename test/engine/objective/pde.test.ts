import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArray } from '../../../src/engine/checkpoint/numpy/npy';
import { lossBatches, splitBatches } from '../../../src/engine/objective/batches';
import { lossNotes, measuredMetrics } from '../../../src/engine/objective/metrics';
import type { CollocationData } from '../../../src/engine/objective/pde/collocationData';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import type { Metrics } from '../../../src/shared/result/metrics';
import { english } from '../../../src/shared/words/message';
import { wholeConfiguration } from '../../wholeConfiguration';
import {
  FIXTURES,
  meanGradient,
  meanProduct,
  openConfigured,
  relativeError,
  type Problem,
} from './problems';

// Every expected value was computed by PyTorch in float64 (test/fixtures/pde/make.py), with the
// losses written out by hand.

const FOLDER = join(FIXTURES, 'pde');
const EQUATIONS = ['convection', 'reaction', 'wave', 'burgers', 'helmholtz', 'navier-stokes'];
const SOLVED = EQUATIONS.filter((name) => name !== 'burgers');

function open(
  runtime: Runtime,
  name: string,
  {
    model = 'model.onnx',
    objective = {},
    data,
  }: {
    readonly model?: string;
    /** Properties of the objective to replace. */
    readonly objective?: Readonly<Record<string, unknown>>;
    readonly data?: { readonly inputs: string; readonly targets: string };
  } = {},
): Promise<Problem> {
  const folder = join(FOLDER, name);
  const given = JSON.parse(readFileSync(join(folder, 'basin.json'), 'utf8')) as {
    readonly objective: object;
  };
  const configuration = wholeConfiguration({
    ...given,
    ...(data === undefined ? {} : { data }),
    objective: { ...given.objective, ...objective },
  });
  return openConfigured(runtime, configuration, folder, {
    checkpoint: join(folder, 'weights.pt'),
    model: join(folder, model),
  });
}

async function measure({ evaluator, theta, data }: Problem): Promise<Metrics> {
  const batches = splitBatches(data.sets);
  const measured = await Promise.all(batches.map((batch) => evaluator.metrics(theta, batch)));
  return measuredMetrics(data, batches, measured);
}

async function expected(name: string, array: string): Promise<Float64Array> {
  return (await readArray(`reference.npz#${array}`, join(FOLDER, name))).data as Float64Array;
}

describe.each([
  ['float32', () => onnxRuntime(), { loss: 1e-5, gradient: 1e-4, product: 1e-3 }],
  ['float64', () => referenceRuntime, { loss: 1e-8, gradient: 1e-8, product: 1e-8 }],
] as const)('in %s', (_, runtime, tolerance) => {
  test.each(EQUATIONS)('%s: loss, gradient and H·v are PyTorch’s', async (name) => {
    const problem = await open(runtime(), name);
    const { evaluator, theta } = problem;
    const [loss] = await expected(name, 'loss');
    expect(Math.abs((await evaluator.loss(theta)) / loss! - 1)).toBeLessThan(tolerance.loss);
    expect(
      relativeError(await meanGradient(problem), await expected(name, 'gradient')),
    ).toBeLessThan(tolerance.gradient);
    const v = Float64Array.from(theta, (__, i) => Math.sin(i + 1));
    expect(relativeError(await meanProduct(problem, v), await expected(name, 'hvp'))).toBeLessThan(
      tolerance.product,
    );
    await evaluator.release();
  });
});

describe('metrics', () => {
  test.each(SOLVED)('%s: the error is PyTorch’s, and the error of 0', async (name) => {
    const { loss, error, zeroError, terms } = await measure(await open(referenceRuntime, name));
    const of = async (array: string): Promise<number> => (await expected(name, array))[0]!;
    expect(Number(error)).toBeCloseTo(await of('error'), 9);
    expect(Number(zeroError)).toBeCloseTo(await of('zero_error'), 9);
    const total = terms!.reduce((sum, { weight, value }) => sum + weight * Number(value), 0);
    expect(total / Number(loss)).toBeCloseTo(1, 9);
    expect(Number(loss)).toBeCloseTo(await of('loss'), 6);
  });
});

test('variables and unknowns apart are the same network', async () => {
  const problem = await open(referenceRuntime, 'navier-stokes', { model: 'separate.onnx' });
  const [loss] = await expected('navier-stokes', 'loss');
  expect((await problem.evaluator.loss(problem.theta)) / loss!).toBeCloseTo(1, 8);
  const v = Float64Array.from(problem.theta, (_, i) => Math.sin(i + 1));
  expect(
    relativeError(await meanProduct(problem, v), await expected('navier-stokes', 'hvp')),
  ).toBeLessThan(1e-8);
});

describe('points', () => {
  const sampled = { collocation: { interior: 81, initial: 9, boundary: 10, seed: 3 } };

  test.each(['grid', 'uniform', 'latin-hypercube', 'sobol'])('%s', async (sampling) => {
    const { evaluator, theta, data } = await open(referenceRuntime, 'helmholtz', {
      objective: { collocation: { ...sampled.collocation, sampling } },
    });
    expect(await evaluator.loss(theta)).toBeGreaterThan(0);
    const { sets, points } = data as CollocationData;
    // Interior, the two conditions on the boundary, and the test grid.
    expect(sets.map((set) => set.points)).toEqual([81, 10, 10, 2000]);
    const edge = points[1]!;
    for (let i = 0; i < edge.length; i += 2) {
      expect(Math.max(Math.abs(edge[i]!), Math.abs(edge[i + 1]!))).toBe(1);
    }
  });

  test('the loss is the same however the points are cut into batches', async () => {
    const { evaluator, theta, data } = await open(referenceRuntime, 'convection', {
      objective: { collocation: { ...sampled.collocation, interior: 2500 } },
    });
    const batches = lossBatches(data.sets);
    expect(batches.filter(({ set }) => set === 0).map(({ size }) => size)).toEqual([
      500, 500, 500, 500, 500,
    ]);
    let sum = 0;
    for (const batch of batches) sum += batch.share * (await evaluator.metrics(theta, batch)).loss;
    expect(sum / (await evaluator.loss(theta))).toBeCloseTo(1, 12);
  });

  test('an array that is missing or too narrow is named', async () => {
    const points = (file: string) => ({ objective: { collocation: { points: file } } });
    await expect(open(referenceRuntime, 'convection', points('none.npz'))).rejects.toThrow('none');
    await expect(
      open(referenceRuntime, 'convection', points('../navier-stokes/points.npz')),
    ).rejects.toThrow('[points, 2]');
    await expect(open(referenceRuntime, 'wave', points('../helmholtz/points.npz'))).rejects.toThrow(
      'initial',
    );
  });
});

describe('what cannot be meant is refused before a network is evaluated', () => {
  const GRID = { sampling: 'grid', interior: [5, 5], initial: 9, boundary: 9 };
  test.each([
    // The grid holds x = 0 and t = 0.
    [
      { residual: 'u_t + u_x/x', collocation: GRID },
      '"objective.residual": "u_t + u_x/x" divides by 0 in "u_x/x" at x = 0, t = 0;',
    ],
    [
      { residual: 'u_t + u/(t*(1 - x)) + u_x', collocation: GRID },
      'divides by 0 in "u/(t*(1 - x))" at x = 0, t = 0;',
    ],
    [
      { residual: 'u_t + log(x - 7)*u_x' },
      /takes the logarithm of -[\d.]+ in "log\(x - 7\)" at x = /,
    ],
    [
      { initial: 'u(x, 0) = sqrt(x - 100)' },
      /takes the square root of -[\d.]+ in "sqrt\(x - 100\)" at/,
    ],
    [{ residual: 'u_t - exp(x*1000)' }, 'is larger than numbers are in "exp(x*1000)" at'],
    [{ residual: 'u_t - (x - 7)^0.5' }, /takes the power 0.5 of -[\d.]+ in "\(x - 7\)\^0.5" at/],
    [{ exact: 'sin(x)/t' }, '"objective.exact" divides by 0 in "sin(x)/t" at x = 0, t = 0;'],
    [
      { initial: 'u(x, 3) = sin(x)' },
      '"objective.initial": "u(x, 3) = sin(x)" takes the unknown at t = 3, outside of the domain: "objective.domain.t" is [0, 1];',
    ],
    [{ boundary: 'u(-1, t) = u(max, t)' }, 'takes the unknown at x = -1, outside of the domain'],
    [
      { boundary: 'u(x + 7, t) = u(x, t)' },
      /takes the unknown at x = [\d.]+, outside of the domain/,
    ],
    [{ constants: { pi: 3 } }, '"objective.constants" has pi, which is 3.141592653589793 already;'],
    [{ constants: { e: 2 } }, '"objective.constants" has e, which is 2.718281828459045 already;'],
    [{ constants: { sin: 2 } }, 'which means something else already'],
    [{ residual: '5u + u_t' }, 'a "*" is missing between a number and a name (character 2'],
    [{ residual: 'u_t + 3 ; )' }, 'nothing here'],
    [{ residual: 'u_t + sin(x' }, 'a parenthesis is not closed'],
    [{ residual: 'u_t + #' }, 'something is missing behind this'],
  ])('%j', async (objective, what) => {
    await expect(open(referenceRuntime, 'convection', { objective })).rejects.toThrow(what);
  });

  test('points of a file that lie outside of the domain', async () => {
    const domain = { x: [0, 3], t: [0, 1] };
    const objective = { domain, collocation: { points: 'points.npz' } };
    await expect(open(referenceRuntime, 'convection', { objective })).rejects.toThrow(
      /^points.npz has a point outside of the domain: x = [\d.]+ at point \d+, and "objective.domain.x" is \[0, 3\]/,
    );
  });
});

test('measurements are a term of their own: the mean of squared differences', async () => {
  const measured = await open(referenceRuntime, 'convection', {
    objective: { weights: { data: 7 } },
    data: { inputs: 'points.npz#interior', targets: 'measured.npy' },
  });
  const { terms, loss } = await measure(measured);
  const own = terms!.find(({ kind }) => kind === 'data')!;
  const [without] = await expected('convection', 'loss');
  expect(own.weight).toBe(7);
  expect(own.points).toBe(60);
  expect((without! + 7 * Number(own.value)) / Number(loss)).toBeCloseTo(1, 8);
  const [expectedSquare] = await expected('convection', 'measured_square');
  expect(Number(own.value) / expectedSquare!).toBeCloseTo(1, 9);
});

describe('notes', () => {
  const notesOf = async (change: Readonly<Record<string, unknown>>): Promise<string> => {
    const problem = await open(referenceRuntime, 'convection', { objective: change });
    const about = lossNotes(problem.data);
    return [...about, ...lossNotes(problem.data, await measure(problem))].map(english).join('\n');
  };

  test('the zero function has 2/π where the solution is a sine', async () => {
    const said = await notesOf({});
    expect(said).toContain('an error of 0.6366');
    expect(said).toContain('60 interior, 20 initial, 20 boundary');
    expect(said).not.toContain('does not satisfy');
  });
  test('without conditions nothing tells a solution from 0', async () => {
    expect(await notesOf({ initial: undefined, boundary: undefined })).toContain(
      'so an initial or boundary condition is missing',
    );
  });
  test('where all conditions are homogeneous it is a normalisation that is missing', async () => {
    for (const conditions of [
      { initial: undefined },
      { initial: 'u(x, 0) = 0' },
      { initial: undefined, boundary: ['u(min, t) = 0', 'u(max, t) = 0'] },
    ]) {
      expect(await notesOf(conditions)).toContain('or a normalisation, is missing');
    }
    // A source as small as this is not nothing.
    expect(await notesOf({ residual: 'u_t + 30*u_x - 1e-7', initial: undefined })).not.toContain(
      'is missing',
    );
  });
  test('a network that is 0 but for rounding is told so', async () => {
    const problem = await open(referenceRuntime, 'convection');
    const scaled = async (by: number): Promise<string> => {
      const theta = problem.theta.map((weight) => by * weight);
      return lossNotes(problem.data, await measure({ ...problem, theta }))
        .map(english)
        .join('\n');
    };
    for (const by of [0, 1e-7]) {
      expect(await scaled(by)).toContain('The network is 0 everywhere but for rounding');
      expect(await scaled(by)).toContain('is no better a solution');
    }
    expect(await scaled(1)).not.toContain('but for rounding');
  });
  test('a term that the network makes infinite is named with its point', async () => {
    const said = await notesOf({ residual: 'u_t + log(u - 100)' });
    expect(said).toMatch(
      /The residual term "u_t \+ log\(u - 100\)" of this network is no finite number at x = [\d.]+, t = [\d.]+:/,
    );
  });
  test('an exact solution of another equation', async () => {
    expect(await notesOf({ exact: 'sin(x - 10*t)' })).toContain('does not satisfy "u_t + 30*u_x"');
    expect(await notesOf({ initial: 'u(x, 0) = x' })).toContain('does not satisfy "u(x, 0) = x"');
  });
});
