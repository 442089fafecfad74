import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ResultDocument } from '../../src/shared/result';
import { basin, ROOT } from './basin';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-'));
  for (const file of ['regression.pt', 'regression.onnx', 'regression.npz']) {
    cpSync(join(ROOT, 'test/fixtures/mlp', file), join(folder, file));
  }
  writeFileSync(
    join(folder, 'basin.json'),
    JSON.stringify({
      checkpoints: ['regression.pt'],
      model: 'regression.onnx',
      data: { inputs: 'regression.npz#x', targets: 'regression.npz#y' },
      objective: { kind: 'regression' },
      hessian: { eigenvalues: 2, lanczosSteps: 6, probes: 2 },
    }),
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function analyzed(...flags: readonly string[]): Promise<ResultDocument> {
  const parts = ['--only', 'metrics,hessian', '--workers', '1', '--json'];
  const run = await basin(['analyze', folder, ...parts, ...flags]);
  expect(run.stderr).toBe('');
  return JSON.parse(run.stdout) as ResultDocument;
}

test('results of every runtime agree within its precision, and say whose they are', async () => {
  const exact = await analyzed('--runtime', 'reference');
  expect(exact.runtime).toMatchObject({ name: 'reference', precision: 'float64' });
  for (const [name, precision, within] of [
    ['onnxruntime-node', 'float32', 1e-5],
    ['onnxruntime-node', 'float64', 1e-12],
    ['onnxruntime-web', 'float32', 1e-5],
  ] as const) {
    const found = await analyzed('--runtime', name, '--precision', precision);
    expect(found.runtime).toMatchObject({ name, precision });
    expect(Math.abs(Number(found.metrics!.loss) / Number(exact.metrics!.loss) - 1)).toBeLessThan(
      within,
    );
    const [largest] = found.hessian!.eigenvalues;
    const [expected] = exact.hessian!.eigenvalues;
    expect(Math.abs(largest!.value / expected!.value - 1)).toBeLessThan(within);
  }
});

test('a runtime that is not there is status 1 and one line; one that is none is status 2', async () => {
  const absent = await basin(['analyze', folder, '--provider', 'abacus']);
  expect(absent.status).toBe(1);
  expect(absent.stderr).toMatch(
    /^ONNX Runtime \S+ has no execution provider "abacus" on \S+; choose one of cpu[^\n]*\.\n$/,
  );
  expect((await basin(['analyze', folder, '--runtime', 'abacus'])).status).toBe(2);
  expect((await basin(['analyze', folder, '--precision', 'float16'])).status).toBe(2);
});
