import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResultDocument } from '../../src/shared/result';
import { basin, ROOT } from './basin';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Files of a fixture, and how to analyse them. */
function study(fixture: string, names: readonly string[], configuration: object): void {
  for (const name of names) {
    cpSync(join(ROOT, 'test/fixtures', fixture, name), join(folder, name));
  }
  writeFileSync(join(folder, 'basin.json'), JSON.stringify(configuration));
}

async function analyzed(...more: readonly string[]): Promise<ResultDocument> {
  const { status, stdout, stderr } = await basin(['analyze', folder, '--json', ...more]);
  expect(stderr).not.toMatch(/ {4}at /);
  expect(status).toBe(0);
  return JSON.parse(stdout) as ResultDocument;
}

describe('where the loss has no second derivatives', () => {
  test.each(['random', 'hessian'])('the document is all the rest: %s directions', async (kind) => {
    study('curvature', ['norm.onnx', 'norm.safetensors'], {
      checkpoints: ['norm.safetensors'],
      model: 'norm.onnx',
      objective: { kind: 'output' },
      landscape: { resolution: 5, normalization: 'none', directions: kind },
    });
    const document = await analyzed();
    expect(document.metrics!.loss).toBe(0);
    expect(document.hessian).toBeUndefined();
    expect(document.notes.join()).toContain('it has no curvature');
    // √(a² + b²) has one minimum.
    expect(document.topology?.minima).toBe(kind === 'random' ? 1 : undefined);
    expect(document.notes.some((note) => note.includes('no landscape along'))).toBe(
      kind === 'hessian',
    );
  });
});

describe('eigenvectors in the cache', () => {
  test.each(['missing', 'cut'])('that are %s are computed again', async (fault) => {
    study('mlp', ['mlp.onnx', 'mlp.pt', 'data.npz'], {
      checkpoints: ['mlp.pt'],
      model: 'mlp.onnx',
      data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
      objective: { kind: 'classification' },
      landscape: { resolution: 5, directions: 'hessian' },
      hessian: { eigenvalues: 2, lanczosSteps: 10, probes: 2 },
    });
    const before = await analyzed();
    const cache = join(folder, '.basin/cache');
    for (const name of readdirSync(cache)) {
      const path = join(cache, name);
      if (name.startsWith('landscape')) rmSync(path);
      else if (name.includes('vector') && fault === 'missing') rmSync(path);
      else if (name.includes('vector')) truncateSync(path, 100);
    }
    const after = await analyzed();
    expect(after.landscape).toEqual(before.landscape);
    expect(after.hessian).toEqual(before.hessian);
  });
});

describe('the optimizer of a checkpoint', () => {
  test.each([
    ['momentum.pt', 'diverges on a quadratic'],
    ['groups.pt', 'groups of parameters'],
  ])('%s', async (name, said) => {
    study('mlp', ['mlp.onnx', 'data.npz'], {
      checkpoints: [name],
      model: 'mlp.onnx',
      data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
      objective: { kind: 'classification' },
      hessian: { eigenvalues: 2, lanczosSteps: 20, probes: 4 },
    });
    cpSync(join(ROOT, 'test/fixtures/curvature', name), join(folder, name));
    const { hessian, notes } = await analyzed('--only', 'hessian');
    expect(notes.join()).toContain(said);
    const [largest] = hessian!.eigenvalues;
    if (name === 'momentum.pt') {
      // 2(1 + 0.9)/0.1
      expect(hessian!.edgeOfStability).toMatchObject({ learningRate: 0.1, momentum: 0.9 });
      expect(hessian!.edgeOfStability!.bound).toBeCloseTo(38, 10);
      expect(hessian!.edgeOfStability!.sharpness).toBe(largest!.value);
    } else {
      expect(hessian!.edgeOfStability).toBeUndefined();
    }
    // 150 samples: the data leave more open than the products.
    expect(largest!.samplingError).toBeGreaterThan(largest!.residual);
    const tensors = hessian!.layers!.filter((layer) => !layer.name.endsWith('*'));
    const sum = tensors.reduce((total, layer) => total + layer.trace.value, 0);
    expect(sum / hessian!.trace.value).toBeCloseTo(1, 5);
    expect(tensors.reduce((total, layer) => total + layer.parameters, 0)).toBe(139);
  });
});

describe('Adam', () => {
  const edges = JSON.parse(
    readFileSync(join(ROOT, 'test/fixtures/curvature/edges.json'), 'utf8'),
  ) as Record<string, number>;

  test.each(Object.keys(edges))('%s: its scaled Hessian is PyTorch’s', async (name) => {
    study('mlp', ['mlp.onnx', 'data.npz'], {
      checkpoints: [`${name}.pt`],
      model: 'mlp.onnx',
      data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
      objective: { kind: 'classification' },
      hessian: { eigenvalues: 1, lanczosSteps: 30, probes: 2 },
    });
    cpSync(join(ROOT, 'test/fixtures/curvature', `${name}.pt`), join(folder, `${name}.pt`));
    const { hessian, notes } = await analyzed('--only', 'hessian');
    const { optimizer, sharpness, residual } = hessian!.edgeOfStability!;
    expect(optimizer).toBe('adam');
    expect(Math.abs(sharpness - edges[name]!)).toBeLessThan(residual! + 1e-4 * edges[name]!);
    expect(residual).toBeLessThan(1e-3 * sharpness);
    expect(notes.join()).toContain("scaled by Adam's second moments");
  });

  test('a state that is not of the graph’s parameters is told', async () => {
    study('mlp', ['mlp.onnx', 'data.npz'], {
      checkpoints: ['adamw.pt'],
      model: 'mlp.onnx',
      data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
      objective: { kind: 'classification' },
      hessian: { eigenvalues: 1, lanczosSteps: 10, probes: 2 },
      frozen: ['0.bias'],
    });
    cpSync(join(ROOT, 'test/fixtures/curvature/adamw.pt'), join(folder, 'adamw.pt'));
    const { hessian, notes } = await analyzed('--only', 'hessian');
    expect(hessian!.edgeOfStability).toBeUndefined();
    expect(notes.join()).toContain('of 6 parameters');
  });
});
