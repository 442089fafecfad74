import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** The convection network of the fixtures, with points Basin lays out itself. */
function study(change: Record<string, unknown> = {}): void {
  cpSync(join(ROOT, 'test/fixtures/pde/convection'), folder, { recursive: true });
  const path = join(folder, 'basin.json');
  const given = JSON.parse(readFileSync(path, 'utf8')) as { readonly objective: object };
  const configuration = {
    ...given,
    objective: {
      ...given.objective,
      collocation: { sampling: 'sobol', interior: 1500, initial: 64, boundary: 64, seed: 1 },
      ...change,
    },
    landscape: { resolution: 5 },
    hessian: { eigenvalues: 2, lanczosSteps: 8, probes: 2 },
  };
  writeFileSync(path, JSON.stringify(configuration));
}

describe('a differential equation', () => {
  test('needs no data and gives the same document for any workers', async () => {
    study();
    const documentFor = async (workers: string): Promise<object> => {
      const { status, stdout, stderr } = await basin([
        'analyze',
        folder,
        '--json',
        '--workers',
        workers,
      ]);
      // Notes, and nothing else.
      expect(stderr.split('\n').filter((line) => !/^Note|^$/.test(line))).toEqual([]);
      expect(status).toBe(0);
      rmSync(join(folder, '.basin'), { recursive: true });
      const { timings: _timings, ...document } = JSON.parse(stdout) as ResultDocument;
      return document;
    };
    const one = (await documentFor('1')) as ResultDocument;
    expect(one.metrics).toMatchObject({ samples: 1628 });
    expect(one.metrics!.zeroError).toBeCloseTo(2 / Math.PI, 3);
    expect(one.metrics!.terms!.map(({ kind }) => kind)).toEqual([
      'residual',
      'initial',
      'boundary',
    ]);
    expect(one.landscape!.values[12]).toBeCloseTo(Number(one.metrics!.loss), 6);
    expect(one.hessian!.eigenvalues).toHaveLength(2);
    expect(one.notes.join('\n')).toContain('a shifted Sobol sequence, seed 1');
    expect(await documentFor('3')).toEqual(one);
  });

  test('an expression that is none is one sentence with its place', async () => {
    study({ residual: 'u_t + 30*w_x' });
    const { status, stderr } = await basin(['analyze', folder]);
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('"objective.residual": w_x means nothing');
    expect(stderr).toContain('(character 10 of "u_t + 30*w_x")');
  });

  test('a network of other unknowns', async () => {
    study({ unknown: ['u', 'v'], exact: { u: 'sin(x - 30*t)' } });
    const { status, stderr } = await basin(['analyze', folder]);
    expect(status).toBe(1);
    expect(stderr).toContain('"unknown" names u, v');
  });
});
