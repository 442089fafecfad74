import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ResultDocument } from '../../src/shared/result';
import { basin, ROOT } from './basin';

// Runs whose loss, or its derivatives, are not finite at their checkpoint: see the make.py beside
// them, and its forward functions for which operation is the first.
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function analyzed(
  name: string,
  ...more: readonly string[]
): Promise<{ readonly document: ResultDocument; readonly said: string }> {
  cpSync(join(ROOT, 'test/fixtures/nonFinite', name), folder, { recursive: true });
  const { status, stdout, stderr } = await basin(['analyze', folder, '--json', ...more]);
  expect(status).toBe(0);
  expect(stderr).not.toMatch(/ {4}at /);
  return { document: JSON.parse(stdout) as ResultDocument, said: stderr };
}

const FLOAT64 =
  'In float64 it is finite: analyze with --precision float64, in the editor "basin.precision".';

test('weights times 10¹⁴ overflow in the last layer, and float64 computes them', async () => {
  const first =
    'The loss is not finite at this checkpoint: the first value that is infinite is that of Gemm (node "node_linear_2" of "last"), in sample 0.';
  const { document, said } = await analyzed('overflow');
  expect(document.metrics!.loss).toBe('NaN');
  expect(document.hessian).toBeUndefined();
  expect(document.landscape!.values).toHaveLength(9);
  expect(document.notes).toContain(first);
  expect(document.notes).toContain(FLOAT64);
  expect(said).toContain(`Note: ${first}`);

  // What it says is so: 10¹⁴ to the third power, in a difference of logits.
  const other = await analyzed('overflow', '--precision', 'float64');
  expect(Number(other.document.metrics!.loss)).toBeGreaterThan(1e38);
  expect(other.document.hessian).toBeDefined();
  expect(other.document.notes.join()).not.toContain('not finite');
});

test('√(a² + b²) has no derivative where both are 0, in the sample that is 0', async () => {
  const { document, said } = await analyzed('norm');
  expect(document.metrics!.loss).toBeCloseTo(0.4341570995748043, 6);
  expect(document.hessian).toBeUndefined();
  const first =
    'The gradient of the loss is not finite at this checkpoint: the first value that is infinite is that of the derivative of Sqrt (node "/Sqrt"), in sample 5.';
  expect(document.notes).toContain(first);
  expect(document.notes).not.toContain(FLOAT64);
  expect(said).toContain(`Note: ${first}`);
});

test('log 0 is −∞, in float64 too', async () => {
  const { document } = await analyzed('log');
  expect(document.metrics!.loss).toBe('-Infinity');
  expect(document.notes).toContain(
    'The loss is not finite at this checkpoint: the first value that is infinite is that of Log (node "/Log"), in sample 3.',
  );
  expect(document.notes).not.toContain(FLOAT64);
});
