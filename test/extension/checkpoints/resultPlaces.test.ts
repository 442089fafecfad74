import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  resultPath,
  ResultPlaces,
  type ResultsLocation,
} from '../../../src/extension/checkpoints/resultPlaces';
import { ResultReader } from '../../../src/extension/checkpoints/results';

let root: string;
let configuration: string;
let checkpoint: string;
let location: ResultsLocation;
let places: ResultPlaces;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'basin-places-'));
  configuration = join(root, 'work', 'runs', 'basin.json');
  checkpoint = join(root, 'work', 'runs', 'a', 'e.pt');
  location = 'workspace';
  places = new ResultPlaces(join(root, 'storage'), () => location);
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const beside = (): string =>
  join(root, 'work', 'runs', '.basin', 'results', 'a', 'e.pt.basin.json');

const resultPaths = (): string[] =>
  places.stores(configuration).map((store) => resultPath(configuration, checkpoint, store));

function document(seed: number): string {
  return JSON.stringify({
    schema: 1,
    checkpoint: { path: 'a/e.pt', format: 'pytorch', sha256: '00', step: null, epoch: null },
    parameters: 1,
    runtime: { name: 'x', version: '1', precision: 'float32' },
    seed,
    notes: [],
    timings: {},
  });
}

function write(path: string, seed: number, time: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, document(seed));
  utimesSync(path, time, time);
}

describe('where results are kept', () => {
  it('is beside the basin.json, and nobody looks elsewhere before there is anything', async () => {
    await places.look();
    expect(resultPaths()).toEqual([beside()]);
    expect(places.stores(configuration)).toEqual([join(root, 'work', 'runs', '.basin')]);
  });

  it('is the storage of the extension where that is chosen, and what was there stays found', () => {
    location = 'extension';
    const [own, old] = resultPaths();
    expect(own?.startsWith(join(root, 'storage'))).toBe(true);
    expect(own?.endsWith(join('results', 'a', 'e.pt.basin.json'))).toBe(true);
    expect(old).toBe(beside());
  });

  it('takes effect at once, both ways', async () => {
    location = 'extension';
    const [own] = places.stores(configuration);
    mkdirSync(own, { recursive: true });
    location = 'workspace';
    await places.look();
    expect(places.stores(configuration)).toEqual([join(root, 'work', 'runs', '.basin'), own]);
    location = 'extension';
    expect(places.stores(configuration)).toEqual([own, join(root, 'work', 'runs', '.basin')]);
  });

  it('is another folder for each basin.json, also for those whose folders have one name', () => {
    location = 'extension';
    const folders = ['one', 'two'].map((each) => {
      const [own] = places.stores(join(root, each, 'runs', 'basin.json'));
      return own;
    });
    expect(new Set(folders).size).toBe(2);
  });

  it('is beside the basin.json where the editor has no storage', () => {
    location = 'extension';
    expect(new ResultPlaces(null, () => location).stores(configuration)).toEqual([
      join(root, 'work', 'runs', '.basin'),
    ]);
  });
});

describe('of two results of one checkpoint', () => {
  async function seedRead(): Promise<unknown> {
    const lookup = await new ResultReader().readNewest(resultPaths());
    return lookup.kind === 'found' ? lookup.result.document.seed : lookup.kind;
  }

  it('the one that was written last is shown, wherever it is', async () => {
    location = 'extension';
    expect(await seedRead()).toBe('none');
    const [own] = resultPaths();
    write(beside(), 1, 1000);
    expect(await seedRead()).toBe(1);
    write(own!, 2, 2000);
    expect(await seedRead()).toBe(2);
    write(beside(), 3, 3000);
    expect(await seedRead()).toBe(3);
    location = 'workspace';
    await places.look();
    expect(await seedRead()).toBe(3);
    rmSync(beside());
    expect(await seedRead()).toBe(2);
  });

  it('one that can be used comes before one that cannot', async () => {
    location = 'extension';
    const [own] = resultPaths();
    write(beside(), 1, 1000);
    mkdirSync(dirname(own!), { recursive: true });
    writeFileSync(own!, '{"schema": 1, "che');
    expect(await seedRead()).toBe(1);
    rmSync(beside());
    expect(await seedRead()).toBe('unusable');
  });
});
