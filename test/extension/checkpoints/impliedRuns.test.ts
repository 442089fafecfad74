import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { settingsHash } from '../../../src/engine/study/configuration/sources';
import { readStudy } from '../../../src/engine/study/configuration/study';
import { impliedRuns } from '../../../src/extension/checkpoints/impliedRuns';
import { inPieces } from '../../../src/extension/turns/inTurns';
import { groupRuns } from '../../../src/extension/checkpoints/runs';
import { FOLDER } from '../../engine/graph/keras/kerasFixtures';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'basin-implied-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Empty files of these names: nothing in them is read. */
async function have(...names: readonly string[]) {
  for (const name of names) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), '');
  }
}

const filesOf = (names: readonly string[]) =>
  names.map((name) => ({ path: join(root, name), size: 0, modified: 0 }));

/** Runs as the tree has them, with paths relative to the workspace. */
async function runsOf(checkpoints: readonly string[], written: readonly string[] = []) {
  await have(...checkpoints);
  const files = filesOf(checkpoints);
  const { findings, configurations } = await impliedRuns(
    files,
    written.map((name) => join(root, name)),
  );
  const runs = await inPieces(groupRuns([...findings, { configuration: null, files }], [root]));
  return {
    runs: runs.map(({ location, configuration, implied, checkpoints: own }) => ({
      location,
      configuration: configuration?.slice(root.length + 1) ?? null,
      implied,
      count: own.length,
    })),
    configurations,
  };
}

it('a folder of models with an archive, or with both arrays, is a run by itself', async () => {
  await have('a/data.npz', 'b/x.npy', 'b/y.npy');
  const { runs } = await runsOf(['a/epoch-1.keras', 'a/epoch-2.keras', 'b/last.h5']);
  expect(runs).toEqual([
    { location: 'a', configuration: 'a/basin.json', implied: 'whole', count: 2 },
    { location: 'b', configuration: 'b/basin.json', implied: 'whole', count: 1 },
  ]);
});

it('models of TensorFlow.js, each in its folder, take data beside or above them', async () => {
  await have('a/data.npz', 'b/epoch-1/x.npy', 'b/epoch-1/y.npy', 'b/data.npz');
  const { runs } = await runsOf(['a/epoch-1/model.json', 'a/epoch-2/model.json', 'b/m/model.json']);
  expect(runs).toEqual([
    { location: 'a', configuration: 'a/basin.json', implied: 'whole', count: 2 },
    { location: 'b/m', configuration: 'b/basin.json', implied: 'whole', count: 1 },
  ]);
});

it('without data it is told what is missing, and only models are', async () => {
  await have('a/x.npy');
  const { runs, configurations } = await runsOf([
    'a/epoch-1.keras',
    'b/first.weights.h5',
    'c/last.pt',
  ]);
  expect(runs.map(({ implied, configuration }) => [implied, configuration])).toEqual([
    ['no data', null],
    [null, null],
    [null, null],
  ]);
  expect(configurations).toEqual([]);
});

it('below a basin.json nothing is implied: it is the one that counts', async () => {
  await have('a/b/data.npz');
  const { runs } = await runsOf(['a/b/epoch-1.keras'], ['a/basin.json']);
  expect(runs).toEqual([{ location: 'a/b', configuration: null, implied: null, count: 1 }]);
});

it('says the same of checkpoints and settings as the engine', async () => {
  for (const name of ['dense', 'frozen']) {
    await copyFile(join(FOLDER, `keras3/${name}.keras`), join(root, `${name}.keras`));
  }
  await copyFile(join(FOLDER, 'keras3/dense.npz'), join(root, 'data.npz'));
  await copyFile(join(FOLDER, 'keras3/dense.npz'), join(root, 'dense.weights.h5'));
  const files = filesOf(['dense.keras', 'frozen.keras', 'dense.weights.h5']);
  const { findings, configurations } = await impliedRuns(files, []);
  const study = await readStudy(join(root, 'basin.json'));
  const found = findings.find(({ implied }) => implied === 'whole');
  expect(found?.configuration).toBe(study.path);
  expect(found?.files.map(({ path }) => path)).toEqual(study.checkpoints);
  expect(configurations[0]?.settings).toBe(await settingsHash(study));
});
