import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ResultDocument } from '../../src/shared/result';
import { basin, ROOT, type Finished } from './basin';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The MLP of the fixtures on 41². */
function study(landscape: object, topology: object = {}): string {
  const from = join(ROOT, 'test/fixtures/mlp');
  for (const name of ['mlp.pt', 'mlp.onnx', 'data.npz'])
    cpSync(join(from, name), join(folder, name));
  const configuration = {
    checkpoints: ['mlp.pt'],
    model: 'mlp.onnx',
    data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
    objective: { kind: 'classification' },
    landscape: { resolution: 41, range: 2, ...landscape },
    topology,
  };
  writeFileSync(join(folder, 'basin.json'), JSON.stringify(configuration));
  return folder;
}

function document({ stdout, stderr, status }: Finished): ResultDocument {
  // Notes, and nothing else.
  expect(stderr.split('\n').filter((line) => !/^Note|^$/.test(line))).toEqual([]);
  expect(status).toBe(0);
  return ([JSON.parse(stdout)] as (ResultDocument | ResultDocument[])[]).flat()[0]!;
}

const PARTS = ['--only', 'landscape,topology'];

test('a refined landscape has the topology of the whole one, whoever works on it', async () => {
  const refined = document(
    await basin(['analyze', study({ refine: true }), ...PARTS, '--json', '--workers', '2']),
  );
  const { landscape, topology, notes } = refined;
  const { refinement } = landscape!;
  expect(refinement!.gridPoints).toBe(1681);
  expect(refinement!.evaluations).toBeLessThan(1681 / 3);
  expect(landscape!.values).toHaveLength(1681);
  expect(landscape!.values).not.toContain(null);
  expect(topology!.threshold).toBe(refinement!.threshold);
  expect(topology!.thresholdSource).toBe('refinement');
  expect(notes.join(' ')).toContain(`${refinement!.evaluations} of 1,681 evaluations`);

  rmSync(join(folder, '.basin'), { recursive: true });
  const alone = document(await basin(['analyze', folder, ...PARTS, '--json', '--workers', '1']));
  expect({ ...alone, timings: null }).toEqual({ ...refined, timings: null });

  const table = await basin(['analyze', folder, ...PARTS]);
  expect(table.stdout).toMatch(/\ncheckpoint +evaluations\n/);
  expect(table.stdout).toContain(`${refinement!.evaluations} of 1,681`);

  const { threshold } = topology!;
  const whole = document(await basin(['analyze', study({}, { threshold }), ...PARTS, '--json']));
  expect(topology!.pairs).toEqual(whole.topology!.pairs);
  expect(topology!.essential).toEqual(whole.topology!.essential);
}, 180_000);

test('counts in other random directions', async () => {
  const asked = study({ resolution: 17 }, { sensitivity: { seeds: 2 } });
  const { topology } = document(await basin(['analyze', asked, ...PARTS, '--json']));
  const { bySeed, band } = topology!.sensitivity;
  expect(bySeed!.map(({ seed, shape }) => ({ seed, shape }))).toEqual([
    { seed: 1, shape: [9, 9] },
    { seed: 2, shape: [9, 9] },
  ]);
  const { threshold } = topology!;
  for (const { seed, saddles, totalPersistence } of bySeed!) {
    const own = study({ resolution: 9, seed }, { threshold });
    const other = document(await basin(['analyze', own, ...PARTS, '--json'])).topology!;
    expect(saddles).toBe(other.saddles);
    expect(totalPersistence).toBe(other.summaries.finite.total);
    expect(band!.saddles.low).toBeLessThanOrEqual(saddles);
    expect(band!.saddles.high).toBeGreaterThanOrEqual(saddles);
  }
}, 180_000);

test.each([
  [{ refine: { threshold: 2 } }, { threshold: 1 }, 'landscape.refine.threshold'],
  [{ directions: 'hessian' }, { sensitivity: { seeds: 1 } }, 'topology.sensitivity.seeds'],
])('%j with %j is refused', async (landscape, topology, name) => {
  const { status, stderr } = await basin(['analyze', study(landscape, topology)]);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain(name);
  expect(status).toBe(1);
});
