import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ResultDocument } from '../../src/shared/result';
import { basin } from './basin';

const FIXTURES = join(import.meta.dirname, '../fixtures/picks');
const expected = JSON.parse(readFileSync(join(FIXTURES, 'expected.json'), 'utf8')) as Record<
  string,
  number | string
>;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-picks-'));
  cpSync(FIXTURES, folder, { recursive: true });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Analyses a graph on arrays of the data. */
async function analyzed(
  model: string,
  inputs: Readonly<Record<string, string>>,
  targets: string,
  kind = 'regression',
) {
  const of = (array: string): string => `data.npz#${array}`;
  const named = Object.entries(inputs).map(([name, array]) => [name, of(array)]);
  const settings = {
    checkpoints: ['weights.npz'],
    model: `${model}.onnx`,
    data: { inputs: Object.fromEntries(named) as object, targets: of(targets) },
    objective: { kind },
  };
  writeFileSync(join(folder, 'basin.json'), JSON.stringify(settings));
  return basin(['analyze', folder, '--only', 'metrics', '--json']);
}

describe('whole numbers of the data', () => {
  test.each([
    ['gatherNd', { at: 'at' }, 'values'],
    ['scatter', { x: 'x', to: 'to' }, 'three'],
  ] as const)('pick with %s what PyTorch picks', async (model, inputs, targets) => {
    const { stdout } = await analyzed(model, inputs, targets);
    const { loss } = (JSON.parse(stdout) as ResultDocument).metrics!;
    expect(loss).toBeCloseTo(expected[model] as number, 6);
  });

  test.each([
    ['gatherNd', { at: 'at-outside' }, 'values', 'pick (GatherND) takes places from -3 to 2', 4],
    [
      'scatter',
      { x: 'x', to: 'to-outside' },
      'three',
      'put (ScatterElements) takes places from 0 to 2',
      2,
    ],
  ] as const)('of %s that are outside are refused', async (model, inputs, targets, what, row) => {
    const { status, stderr } = await analyzed(model, inputs, targets);
    expect(stderr).toContain(what);
    expect(stderr).toContain(`sample ${row} asks for 3`);
    expect(status).toBe(1);
  });
});

test('a mean of what meets, which the export dropped, is refused with the node and a way out', async () => {
  const { status, stderr } = await analyzed('mean', { x: 'x' }, 'three');
  expect(status).toBe(1);
  expect(stderr).toContain('node node_scatter_reduce (ScatterElements): the export left out how');
  expect(stderr).toContain('aten.scatter_reduce.two with "mean"');
});

describe('what is no number', () => {
  test('is the largest of what is reduced, as PyTorch has it', async () => {
    expect(expected.largest).toBe('nan');
    const { stdout } = await analyzed('largest', { x: 'x' }, 'values');
    const { metrics, notes } = JSON.parse(stdout) as ResultDocument;
    expect(metrics!.loss).toBe('NaN');
    expect(notes.join('\n')).toContain('log');
  });
});

test('outputs that are probabilities, whatever made them, are told', async () => {
  const { stdout } = await analyzed('normalised', { x: 'x' }, 'y', 'classification');
  const { metrics, notes } = JSON.parse(stdout) as ResultDocument;
  expect(metrics!.loss).toBeCloseTo(expected.normalised as number, 6);
  expect(notes.join('\n')).toContain('Every output is a probability');
});
