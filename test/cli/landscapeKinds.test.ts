import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/shared/comparison';
import type { ResultDocument } from '../../src/shared/result';
import type { Landscape } from '../../src/shared/result/landscape';
import { basin, ROOT } from './basin';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const { a, c, run } = JSON.parse(
  readFileSync(join(ROOT, 'test/fixtures/landscape/quadratic.json'), 'utf8'),
) as {
  readonly a: readonly (readonly number[])[];
  readonly c: readonly number[];
  readonly run: readonly (readonly number[])[];
};

/** ½(w − c)ᵀA(w − c) */
function quadratic(w: readonly number[]): number {
  const d = w.map((x, i) => x - c[i]!);
  return 0.5 * d.reduce((sum, x, i) => sum + x * d.reduce((s, y, j) => s + a[i]![j]! * y, 0), 0);
}

/** The run of the quadratic, whose loss is known everywhere. */
async function analyzed(landscape: object, ...flags: readonly string[]): Promise<ResultDocument[]> {
  const from = join(ROOT, 'test/fixtures/landscape');
  cpSync(join(from, 'run'), join(folder, 'run'), { recursive: true });
  cpSync(join(from, 'quadratic.onnx'), join(folder, 'quadratic.onnx'));
  const configuration = {
    checkpoints: ['run/epoch-*.pt'],
    model: 'quadratic.onnx',
    objective: { kind: 'output' },
    landscape: { resolution: 5, ...landscape },
    hessian: { eigenvalues: 3, lanczosSteps: 8, probes: 2 },
  };
  writeFileSync(join(folder, 'basin.json'), JSON.stringify(configuration));
  const result = await basin(['analyze', folder, '--json', ...flags]);
  expect(result.stderr).toBe('');
  expect(result.status).toBe(0);
  const parsed = JSON.parse(result.stdout) as ResultDocument | ResultDocument[];
  return Array.isArray(parsed) ? parsed : [parsed];
}

function valueAt({ axes, shape, values }: Landscape, at: readonly number[]): number {
  const index = at.reduce((sum, x, i) => {
    const { min, max, steps } = axes[i]!;
    return sum * shape[i]! + Math.round(((x - min) / (max - min)) * (steps - 1));
  }, 0);
  return values[index] as number;
}

/** Relative difference of losses in single precision. */
const SINGLE = 1e-5;

describe('a quadratic, whose loss is known everywhere', () => {
  const only = ['--only', 'metrics,landscape,topology'];
  const one = ['--checkpoint', 'run/epoch-0.pt', ...only];

  test.each([1, 3, 4])('in %i dimensions it has one minimum, and θ in the middle', async (n) => {
    const [document] = await analyzed({ dimensions: n, range: 0.5 }, ...one);
    const { landscape, topology, metrics } = document!;
    expect(landscape!.shape).toEqual(new Array(n).fill(5));
    expect(landscape!.axes).toHaveLength(n);
    expect(landscape!.directions.cosines).toHaveLength((n * (n - 1)) / 2);
    for (const cosine of landscape!.directions.cosines) {
      expect(Math.abs(cosine)).toBeLessThan(1e-12);
    }
    expect(
      valueAt(landscape!, new Array<number>(n).fill(0)) / (metrics!.loss as number),
    ).toBeCloseTo(1, 5);
    expect(metrics!.loss as number).toBeCloseTo(quadratic(run[0]!), 3);
    expect(topology!.shape).toEqual(landscape!.shape);
    expect(topology!.minima).toBe(1);
  });

  test('Hessian directions by magnitude: it curves by the eigenvalues along three axes', async () => {
    const [document] = await analyzed(
      { directions: 'hessian', order: 'magnitude', dimensions: 3, resolution: [3, 5, 7] },
      '--checkpoint',
      'run/epoch-0.pt',
    );
    const landscape = document!.landscape!;
    expect(landscape.shape).toEqual([3, 5, 7]);
    for (const axis of [0, 1, 2]) {
      const at = (x: number): number =>
        valueAt(
          landscape,
          [0, 1, 2].map((i) => (i === axis ? x : 0)),
        );
      const eigenvalue = document!.hessian!.eigenvalues[axis]!.value;
      expect(landscape.directions.eigenvalues![axis]).toBe(eigenvalue);
      expect((at(1) - 2 * at(0) + at(-1)) / eigenvalue).toBeCloseTo(1, 3);
    }
  });

  test('a trajectory is sampled once for the run, and every checkpoint is in it', async () => {
    const documents = await analyzed({ directions: 'trajectory', resolution: 9 }, ...only);
    expect(documents).toHaveLength(9);
    const [first] = documents;
    for (const { landscape } of documents) {
      expect(landscape!.values).toEqual(first!.landscape!.values);
      expect(landscape!.trajectory).toEqual(first!.landscape!.trajectory);
      expect(landscape!.directions.center).toBe('run/epoch-8.pt');
    }
    const { trajectory, directions, axes } = first!.landscape!;
    expect(trajectory!.map(({ checkpoint }) => checkpoint)).toEqual(
      run.map((_, epoch) => `run/epoch-${epoch}.pt`),
    );
    expect(trajectory!.at(-1)).toMatchObject({ coordinates: [0, 0], residual: 0, norm: 0 });
    for (const { coordinates, residual, norm } of trajectory!) {
      expect(Math.hypot(...coordinates, residual)).toBeCloseTo(norm, 10);
      for (const [i, x] of coordinates.entries()) expect(Math.abs(x)).toBeLessThan(axes[i]!.max);
    }
    expect(directions.explained![0]! + directions.explained![1]!).toBeGreaterThan(0.99);
    expect(
      readdirSync(join(folder, '.basin/cache')).filter((f) => f.startsWith('landscape')),
    ).toHaveLength(1);
  });

  test('shared directions are the same for all, around each checkpoint', async () => {
    const documents = await analyzed({ share: true }, ...only);
    const [first] = documents;
    for (const [epoch, { landscape, metrics }] of documents.entries()) {
      expect(valueAt(landscape!, [0, 0]) / (metrics!.loss as number)).toBeCloseTo(1, 5);
      expect(landscape!.directions.norms).toEqual(first!.landscape!.directions.norms);
      expect(landscape!.directions.reference).toBe('run/epoch-8.pt');
      // Of a quadratic the second differences are the same everywhere.
      const curvature = (l: Landscape): number =>
        valueAt(l, [1, 0]) - 2 * valueAt(l, [0, 0]) + valueAt(l, [-1, 0]);
      expect(curvature(landscape!) / curvature(first!.landscape!)).toBeCloseTo(1, 3);
      expect(landscape!.trajectory![epoch]).toMatchObject({ coordinates: [0, 0], norm: 0 });
    }
    // As one sees the other: at opposite places.
    const seen = documents[0]!.landscape!.trajectory![8]!.coordinates;
    const back = documents[8]!.landscape!.trajectory![0]!.coordinates;
    expect(seen.map((x, i) => x + back[i]!).every((x) => Math.abs(x) < 1e-12)).toBe(true);
  });

  test('a line has both losses at its ends, and a plane all three at their places', async () => {
    const line = { directions: 'interpolation', through: 'last', resolution: 9 };
    const [document] = await analyzed(line, ...one);
    const losses = run.map(quadratic);
    expect(valueAt(document!.landscape!, [0]) / losses[0]!).toBeCloseTo(1, 4);
    expect(valueAt(document!.landscape!, [1]) / losses[8]!).toBeCloseTo(1, 4);
    expect(document!.landscape!.axes[0]).toMatchObject({ min: -0.5, max: 1.5, steps: 9 });

    const plane = { directions: 'plane', through: ['last', 'run/epoch-1.pt'], resolution: 9 };
    const [second] = await analyzed(plane, ...one);
    const { directions, trajectory } = second!.landscape!;
    expect(directions.anchors!.map(({ checkpoint }) => checkpoint)).toEqual([
      'run/epoch-0.pt',
      'run/epoch-8.pt',
      'run/epoch-1.pt',
    ]);
    expect(valueAt(second!.landscape!, [0, 0]) / losses[0]!).toBeCloseTo(1, 4);
    expect(valueAt(second!.landscape!, [1, 0]) / losses[8]!).toBeCloseTo(1, 4);
    for (const { checkpoint, coordinates } of directions.anchors!) {
      const projected = trajectory!.find((candidate) => candidate.checkpoint === checkpoint)!;
      expect(projected.residual).toBeLessThan(SINGLE);
      coordinates.forEach((x, i) => {
        expect(projected.coordinates[i]).toBeCloseTo(x, 12);
      });
    }
  });
});

test('permuted hidden units: a barrier on the line, which the curve goes around', async () => {
  const from = join(ROOT, 'test/fixtures');
  for (const file of ['mlp.pt', 'mlp.onnx', 'data.npz']) {
    cpSync(join(from, 'mlp', file), join(folder, file));
  }
  cpSync(join(from, 'landscape/permuted.pt'), join(folder, 'permuted.pt'));
  const configuration = {
    checkpoints: ['mlp.pt'],
    model: 'mlp.onnx',
    data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
    objective: { kind: 'classification' },
    landscape: {
      directions: 'bezier',
      through: 'permuted.pt',
      resolution: 21,
      curve: { steps: 150, learningRate: 0.03 },
    },
  };
  writeFileSync(join(folder, 'basin.json'), JSON.stringify(configuration));
  const flags = ['--only', 'metrics,landscape', '--json'];
  const result = await basin(['analyze', folder, ...flags]);
  expect(result.stderr).toBe('');
  const document = JSON.parse(result.stdout) as ResultDocument;
  const { values, directions } = document.landscape!;
  const curve = directions.curve!;
  const loss = document.metrics!.loss as number;
  // The same function with its units in another order has the same loss.
  expect((values[0] as number) / loss).toBeCloseTo(1, 5);
  expect((values.at(-1) as number) / loss).toBeCloseTo(1, 5);
  expect(curve.straight[0]).toBe(values[0]);
  expect(curve.straightBarrier).toBe(
    Math.max(...(curve.straight as number[])) -
      Math.max(curve.straight[0] as number, curve.straight.at(-1) as number),
  );
  expect(curve.straightBarrier as number).toBeGreaterThan(0.5);
  expect(curve.barrier as number).toBeLessThan(0.5 * (curve.straightBarrier as number));
  expect(curve.losses).toHaveLength(150);

  // From the cache where the values are gone, the curve is not trained again: the same.
  const cache = join(folder, '.basin/cache');
  expect(readdirSync(cache).filter((name) => name.startsWith('curve'))).toHaveLength(2);
  for (const name of readdirSync(cache)) {
    if (name.startsWith('landscape')) rmSync(join(cache, name));
  }
  const again = JSON.parse((await basin(['analyze', folder, ...flags])).stdout) as ResultDocument;
  expect(again.landscape).toEqual(document.landscape);
});

test('a network with BatchNorm: both ends of a line have their own running statistics', async () => {
  const from = join(ROOT, 'examples/digits-resnet');
  mkdirSync(join(folder, 'runs/resnet'), { recursive: true });
  cpSync(join(from, 'digits-eval.npz'), join(folder, 'digits-eval.npz'));
  for (const file of ['basin.json', 'model.onnx', 'epoch-012.pt', 'epoch-030.pt']) {
    cpSync(join(from, 'runs/resnet', file), join(folder, 'runs/resnet', file));
  }
  const path = join(folder, 'runs/resnet/basin.json');
  const text = readFileSync(path, 'utf8');
  const landscape = { directions: 'interpolation', through: 'last', range: 0, resolution: 3 };
  const changed = text
    .replace(/"landscape": \{[^}]*\}/, `"landscape": ${JSON.stringify(landscape)}`)
    .replace(
      '"targets": "../../digits-eval.npz#y"',
      '"targets": "../../digits-eval.npz#y", "limit": 64',
    );
  expect(changed).not.toBe(text);
  writeFileSync(path, changed);
  const flags = ['--json', '--only', 'metrics,landscape'];
  const one = [...flags, '--checkpoint', 'epoch-012.pt'];
  const { landscape: line, metrics } = JSON.parse(
    (await basin(['analyze', folder, ...one])).stdout,
  ) as ResultDocument;
  const other = ['--json', '--only', 'metrics', '--checkpoint', 'epoch-030.pt'];
  const end = JSON.parse((await basin(['analyze', folder, ...other])).stdout) as ResultDocument;
  expect(line!.shape).toEqual([3]);
  expect((line!.values[0] as number) / (metrics!.loss as number)).toBeCloseTo(1, 5);
  expect((line!.values[2] as number) / (end.metrics!.loss as number)).toBeCloseTo(1, 5);
});

test('recomputed BatchNorm statistics are said once for all checkpoints, with a path between too', async () => {
  const from = join(ROOT, 'test/fixtures/batchNorm');
  for (const file of ['a.pt', 'b.pt', 'net.onnx', 'data.npz']) {
    cpSync(join(from, file), join(folder, file));
  }
  const configuration = {
    checkpoints: ['?.pt'],
    model: 'net.onnx',
    data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
    objective: { kind: 'classification' },
    landscape: { resolution: 3, batchNorm: 'recompute' },
  };
  writeFileSync(join(folder, 'basin.json'), JSON.stringify(configuration));
  const { status, stdout, stderr } = await basin(['analyze', folder, '--only', 'landscape']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/a\.pt.*\n.*b\.pt/);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/^Note: .*running statistics.*need not be the reported one/);

  const [a, b] = ['a.pt', 'b.pt'].map((file) => join(folder, file));
  const compared = await basin(['compare', a!, b!, '--interpolate', 'line'], { cwd: folder });
  expect(compared.stdout).toContain('BatchNorm statistics recomputed at each point');
});

describe('basin compare --interpolate', () => {
  test('samples the loss on the line between two checkpoints', async () => {
    await analyzed({}, '--only', 'metrics');
    const [from, to] = ['run/epoch-0.pt', 'run/epoch-8.pt'].map((name) => join(folder, name));
    const { status, stdout, stderr } = await basin(
      ['compare', from!, to!, '--interpolate', 'line', '--json'],
      { cwd: folder },
    );
    expect([status, stderr]).toEqual([0, '']);
    const { interpolation } = JSON.parse(stdout) as Comparison;
    const { positions, losses, barrier } = interpolation!;
    expect(positions).toContain(0);
    expect(positions).toContain(1);
    for (const [i, t] of positions.entries()) {
      const w = run[0]!.map((x, k) => (1 - t) * x + t * run[8]![k]!);
      expect((losses[i] as number) / quadratic(w)).toBeCloseTo(1, 4);
    }
    // A convex function has none.
    expect(barrier).toBe(0);
  });

  test('needs weights at both ends', async () => {
    await analyzed({}, '--only', 'metrics');
    const from = join(folder, 'run/epoch-0.pt');
    const to = join(folder, '.basin/results/run/epoch-1.pt.basin.json');
    const { status, stderr } = await basin(['compare', from, to, '--interpolate', 'line']);
    expect(status).toBe(1);
    expect(stderr).toContain('epoch-1.pt.basin.json is a result document');
  });
});

describe('a landscape that cannot be is refused in one sentence', () => {
  test.each([
    [{ dimensions: 6, resolution: 41 }, ['landscape.resolution', 'at most 4004001']],
    [{ dimensions: 7 }, ['landscape.dimensions']],
    [{ dimensions: 3, resolution: [5, 5] }, ['landscape.resolution', '3 dimensions']],
    [{ directions: 'plane', through: 'last' }, ['landscape.through', 'two other checkpoints']],
    [{ directions: 'interpolation', through: 'last', dimensions: 2 }, ['landscape.dimensions']],
    [{ through: 'last' }, ['landscape.through', 'remove it with random']],
    [{ range: 0 }, ['landscape.range']],
    [{ center: 'none.pt' }, ['landscape.center', 'none.pt']],
    [{ directions: 'interpolation', through: 'first' }, ['epoch-0.pt', 'same weights']],
    [{ directions: 'trajectory', dimensions: 6 }, ['span 1 dimensions', '"dimensions"']],
  ])('%j', async (landscape, words) => {
    const from = join(ROOT, 'test/fixtures/landscape');
    mkdirSync(join(folder, 'run'));
    for (const epoch of [0, 1]) {
      cpSync(join(from, `run/epoch-${epoch}.pt`), join(folder, `run/epoch-${epoch}.pt`));
    }
    cpSync(join(from, 'quadratic.onnx'), join(folder, 'quadratic.onnx'));
    const configuration = {
      checkpoints: ['run/epoch-*.pt'],
      model: 'quadratic.onnx',
      objective: { kind: 'output' },
      landscape: { resolution: 3, ...landscape },
    };
    writeFileSync(join(folder, 'basin.json'), JSON.stringify(configuration));
    const one = ['--checkpoint', 'run/epoch-0.pt', '--only', 'landscape'];
    const { status, stderr } = await basin(['analyze', folder, ...one]);
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    for (const word of words) expect(stderr).toContain(word);
  });
});
