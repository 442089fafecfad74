import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diffFiles } from '../../../src/engine/checkpoint/diff';
import { measureRun } from '../../../src/engine/weights/measureRun';
import type { WeightsOutcome } from '../../../src/shared/engineProtocol';
import type { WeightFigures } from '../../../src/shared/weightFigures';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const spectra = (name: string) => join(fixtures, 'spectra', name);
const never = new AbortController().signal;

async function outcomesOf(paths: readonly string[], signal = never): Promise<WeightsOutcome[]> {
  const outcomes: WeightsOutcome[] = [];
  await measureRun(paths, { signal, onOutcome: (outcome) => outcomes.push(outcome) });
  return outcomes;
}

function figuresOf(outcome: WeightsOutcome | undefined): WeightFigures {
  if (outcome?.ok !== true) throw new Error('not measured');
  return outcome.figures;
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'basin-run-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Expected {
  readonly norm: number;
  readonly fromFirst: number;
  readonly matrix?: { readonly rows: number; readonly deadUnits: number };
}

describe('the weights of a run', () => {
  it('have the norms, distances and dead units that numpy finds tensor by tensor', async () => {
    const file = await readFile(spectra('expected.json'), 'utf8');
    const tensors = Object.values(JSON.parse(file) as Record<string, Expected>);
    const root = (values: readonly number[]) => Math.hypot(...values);
    const [first, second] = await outcomesOf([spectra('epoch-1.npz'), spectra('epoch-2.npz')]);
    expect(figuresOf(first)).toMatchObject({ fromFirst: 0, fromPrevious: null });
    const { norm, fromFirst, fromPrevious, units, deadUnits } = figuresOf(second);
    expect(norm).toBeCloseTo(root(tensors.map((each) => each.norm)), 9);
    expect(fromFirst).toBeCloseTo(root(tensors.map((each) => each.fromFirst)), 9);
    expect(fromPrevious).toBe(fromFirst);
    const matrices = tensors.flatMap(({ matrix }) => matrix ?? []);
    expect(units).toBe(matrices.reduce((sum, { rows }) => sum + rows, 0));
    expect(deadUnits).toBe(matrices.reduce((sum, each) => sum + each.deadUnits, 0));
    expect(deadUnits).toBeGreaterThan(0);
  });

  it('are as far apart as the comparison of two checkpoints says', async () => {
    const run = join(fixtures, '../../examples/digits-resnet/runs/resnet');
    const paths = ['epoch-000.pt', 'epoch-004.pt', 'epoch-030.pt'].map((name) => join(run, name));
    const [, second, third] = await outcomesOf(paths);
    const toSecond = await diffFiles(paths[0]!, paths[1]!, never);
    const toThird = await diffFiles(paths[0]!, paths[2]!, never);
    const between = await diffFiles(paths[1]!, paths[2]!, never);
    expect(figuresOf(second).fromFirst).toBeCloseTo(Number(toSecond.distance), 9);
    expect(figuresOf(third).fromFirst).toBeCloseTo(Number(toThird.distance), 9);
    expect(figuresOf(third).fromPrevious).toBeCloseTo(Number(between.distance), 9);
  });

  it('have no distance to a network with other tensors, and one that cannot be read keeps none from it', async () => {
    const broken = join(folder, 'broken.npz');
    await writeFile(broken, 'no archive');
    const other = join(folder, 'other.safetensors');
    await copyFile(join(fixtures, 'formats/lora/base.safetensors'), other);
    const [first, second, third, fourth] = await outcomesOf([
      spectra('epoch-1.npz'),
      broken,
      spectra('epoch-2.npz'),
      other,
    ]);
    expect(first?.ok).toBe(true);
    expect(second).toMatchObject({ path: broken, ok: false });
    expect(figuresOf(third).fromFirst).toBeGreaterThan(0);
    expect(figuresOf(third).fromPrevious).toBeNull();
    expect(figuresOf(fourth)).toMatchObject({ fromFirst: null, fromPrevious: null });
    expect(figuresOf(fourth).norm).toBeGreaterThan(0);
  });

  it('are no longer read when nobody waits for them', async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(outcomesOf([spectra('epoch-1.npz')], controller.signal)).rejects.toThrow(
      'aborted',
    );
  });
});
