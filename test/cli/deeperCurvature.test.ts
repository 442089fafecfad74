import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResultDocument } from '../../src/shared/result';
import { parseResult } from '../../src/shared/resultShape';
import { basin, ROOT } from './basin';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const ALL = { gaussNewton: true, fisher: true, blocks: true };

async function analyzed(
  fixture: string,
  [checkpoint, model, data]: readonly [string, string, string | null],
  configuration: object,
): Promise<ResultDocument> {
  const from = join(ROOT, 'test/fixtures', fixture);
  for (const name of [checkpoint, model, ...(data === null ? [] : [data])]) {
    cpSync(join(from, name), join(folder, name));
  }
  writeFileSync(
    join(folder, 'basin.json'),
    JSON.stringify({
      checkpoints: [checkpoint],
      model,
      ...(data === null ? {} : { data: { inputs: `${data}#x`, targets: `${data}#y` } }),
      ...configuration,
    }),
  );
  const { status, stdout, stderr } = await basin([
    'analyze',
    folder,
    '--json',
    '--only',
    'metrics,hessian',
  ]);
  expect(stderr).not.toMatch(/ {4}at /);
  expect(status).toBe(0);
  expect(parseResult(stdout)).toMatchObject({ ok: true });
  return JSON.parse(stdout) as ResultDocument;
}

interface Dense {
  readonly largest: readonly number[];
  readonly trace: number;
  readonly blocks: Readonly<Record<string, { readonly trace: number; readonly largest: number }>>;
  readonly offDiagonal: number;
}

// By PyTorch in float64 (test/fixtures/matrices/make.py).
const references = JSON.parse(
  readFileSync(join(ROOT, 'test/fixtures/matrices/references.json'), 'utf8'),
) as Readonly<
  Record<
    string,
    Readonly<Record<'hessian' | 'gaussNewton' | 'fisher', Dense>> & {
      readonly loss: number;
      readonly gradient: number;
      readonly alongGradient: number;
      readonly ascent: number;
      readonly slope: number;
    }
  >
>;

describe('an analysis says what the dense matrices of PyTorch say', () => {
  test.each([
    ['classification', 'mlp', ['mlp.pt', 'mlp.onnx', 'data.npz'], 'categorical'],
    ['regression', 'mlp', ['regression.pt', 'regression.onnx', 'regression.npz'], 'gaussian'],
    ['resnet', 'matrices', ['resnet.pt', 'resnet.onnx', 'resnet.npz'], 'categorical'],
  ] as const)('%s', async (name, fixture, files, distribution) => {
    const reference = references[name]!;
    const kind = name === 'resnet' ? 'classification' : name;
    const { hessian, metrics } = await analyzed(fixture, files, {
      objective: { kind },
      hessian: ALL,
    });
    const near = (value: number, expected: number, more = 0): void => {
      expect(Math.abs(value - expected)).toBeLessThan(1e-3 * Math.abs(expected) + more + 1e-6);
    };
    near(Number(metrics!.loss), reference.loss);
    const { gradient, profiles, gaussNewton, fisher, offDiagonal, layers } = hessian!;
    near(gradient!.norm, reference.gradient);
    near(gradient!.curvature!, reference.alongGradient);
    near(Number(gradient!.ascent!.rise), reference.ascent);
    near(Math.abs(profiles![0]!.slope), reference.slope);
    for (const { distances, losses } of profiles!) {
      expect(distances[10]).toBe(0);
      near(Number(losses[10]), reference.loss);
    }
    for (const [matrix, found] of [
      ['gaussNewton', gaussNewton!],
      ['fisher', fisher!],
    ] as const) {
      near(found.eigenvalues[0]!.value, reference[matrix].largest[0]!);
      near(found.trace.value, reference[matrix].trace, 4 * found.trace.standardError);
    }
    expect(gaussNewton!.fisherOf).toBe(distribution);
    const { rest } = gaussNewton!;
    near(
      rest.trace.value,
      reference.hessian.trace - reference.gaussNewton.trace,
      4 * rest.trace.standardError + 1e-3,
    );
    expect(Math.abs(offDiagonal!.share - reference.hessian.offDiagonal)).toBeLessThan(
      4 * offDiagonal!.standardError,
    );
    let square = 0;
    for (const { name: layer, trace, largest, gaussNewton: own, gradientNorm } of layers!) {
      const block = reference.hessian.blocks[layer];
      if (block === undefined) continue;
      square += gradientNorm! ** 2;
      near(trace.value, block.trace, 5 * trace.standardError + 1e-4);
      near(largest!.value, block.largest, largest!.residual);
      near(own!.value, reference.gaussNewton.blocks[layer]!.trace, 5 * own!.standardError + 1e-4);
    }
    near(Math.sqrt(square), reference.gradient);
  });
});

describe('where there is little to see', () => {
  const LINEAR = ['linear1.safetensors', 'linear1.onnx', 'linear.npz'] as const;
  const linear = (more: object) =>
    analyzed('matrices', LINEAR, {
      data: { inputs: 'linear.npz#x', targets: 'linear.npz#regression' },
      hessian: ALL,
      ...more,
    });

  test('a Hessian of zeros: absolute errors of a linear model', async () => {
    const { hessian } = await linear({ objective: { kind: 'regression', loss: 'absolute' } });
    expect(hessian!.eigenvalues.map(({ value }) => value)).toEqual([0, 0, 0, 0]);
    expect(hessian!.trace.value).toBe(0);
    expect(hessian!.gradient!.norm).toBeGreaterThan(0);
    expect(hessian!.gradient!.curvature).toBe(0);
    // Linear along the gradient, so that the rise is at most ρ·‖g‖ and the gradients have lengths.
    expect(hessian!.fisher!.trace.value).toBeGreaterThan(0);
    expect(hessian!.gaussNewton!.fisherOf).toBeNull();
    expect(hessian!.gaussNewton!.trace.value).toBe(0);
    expect(hessian!.offDiagonal!.share).toBe(0);
    expect(hessian!.profiles![0]!.distances.every(Number.isFinite)).toBe(true);
  });

  test('one parameter, and fewer parameters than steps', async () => {
    const { hessian, parameters } = await linear({
      objective: { kind: 'regression' },
      frozen: ['weight'],
    });
    expect(parameters).toBe(1);
    // d²/db² of the mean of (w·x + b − y)².
    expect(hessian!.eigenvalues).toHaveLength(1);
    expect(hessian!.eigenvalues[0]!.value).toBeCloseTo(2, 5);
    expect(hessian!.gaussNewton!.eigenvalues[0]!.value).toBeCloseTo(2, 5);
    expect(hessian!.gaussNewton!.rest.trace.value).toBeCloseTo(0, 5);
    expect(hessian!.gradient!.curvature).toBeCloseTo(2, 5);
    expect(hessian!.offDiagonal!.share).toBeCloseTo(0, 6);
    expect(hessian!.layers!.map(({ largest }) => largest!.value)).toEqual([
      expect.closeTo(2, 5) as number,
    ]);
  });

  test('a graph that gives the loss itself has no outputs, and one number no samples', async () => {
    const files = (name: string) => [`${name}.pt`, `${name}.onnx`, 'data.npz'] as const;
    const settings = { objective: { kind: 'output' }, hessian: ALL };
    const whole = await analyzed('output', files('whole'), settings);
    expect(whole.hessian!.gaussNewton).toBeUndefined();
    expect(whole.hessian!.fisher).toBeUndefined();
    expect(whole.notes.join()).toContain('The graph gives the loss itself');
    expect(whole.notes.join()).toContain('there is no empirical Fisher');
    const each = await analyzed('output', files('each'), settings);
    expect(each.hessian!.fisher!.trace.value).toBeGreaterThan(0);
    expect(each.hessian!.gaussNewton).toBeUndefined();
  });

  test('an equation: the Gauss–Newton matrix of its residuals', async () => {
    // Of u = w·(x, y, z) + b the residual is w₁ + 2w₂ − 1, and H = G = 2aaᵀ with a = (1, 2, 0, 0).
    const { hessian } = await analyzed('matrices', ['linear1.safetensors', 'linear1.onnx', null], {
      objective: {
        kind: 'pde',
        unknown: 'u',
        variables: ['x', 'y', 'z'],
        domain: { x: [0, 1], y: [0, 1], z: [0, 1] },
        residual: 'u_x + 2*u_y - 1',
        collocation: { interior: 64, seed: 0 },
      },
      hessian: ALL,
    });
    const { eigenvalues, gaussNewton, gradient } = hessian!;
    expect(eigenvalues[0]!.value).toBeCloseTo(10, 4);
    expect(gaussNewton!.eigenvalues[0]!.value).toBeCloseTo(10, 4);
    expect(gaussNewton!.trace.value).toBeCloseTo(10, 4);
    expect(gaussNewton!.fisherOf).toBe('gaussian');
    expect(gaussNewton!.rest.trace.value).toBeCloseTo(0, 4);
    // The gradient is along a, and the residual the same everywhere: F = ggᵀ.
    expect(gradient!.curvature).toBeCloseTo(10, 4);
    expect(hessian!.fisher!.trace.value / gradient!.norm ** 2).toBeCloseTo(1, 4);
  });

  test('without second derivatives nothing of it is asked for, and that is said', async () => {
    const { hessian, notes } = await analyzed(
      'curvature',
      ['norm.safetensors', 'norm.onnx', null],
      { objective: { kind: 'output' }, hessian: ALL },
    );
    // √(a² + b²) at 0 has no second derivatives, which is said alone.
    expect(hessian).toBeUndefined();
    expect(notes.join()).toContain('it has no curvature');
  });
});
