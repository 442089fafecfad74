import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXPORT_FILE, initRun } from '../../../src/engine/init/initRun';
import { readStudy } from '../../../src/engine/study/configuration/study';
import { english } from '../../../src/shared/words/message';
import { arraysOf, FOLDER, lossOf } from '../graph/keras/kerasFixtures';
import { openInStudy } from '../study/denseReference';

const assets = join(import.meta.dirname, '../../../src/engine/init');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-saved-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Puts fixtures into the folder, under other names. */
function put(files: Readonly<Record<string, string>>): void {
  for (const [name, from] of Object.entries(files))
    copyFileSync(join(FOLDER, from), join(folder, name));
}

async function init() {
  const { left, ...result } = await initRun(folder, assets);
  return { ...result, left: left.map(english) };
}

function written(): unknown {
  return JSON.parse(readFileSync(join(folder, 'basin.json'), 'utf8'));
}

describe.each([
  ['Keras 3', 'keras3/dense', 'keras'],
  ['Keras 3 in HDF5', 'keras3/legacy', 'h5'],
  ['Keras 2', 'keras2/dense', 'h5'],
])('a folder of models that %s saved', (_, name, ending) => {
  it('gets the basin.json that is known, and is told what data it needs', async () => {
    put({ [`epoch-1.${ending}`]: `${name}.${ending}`, [`epoch-2.${ending}`]: `${name}.${ending}` });
    const { left, ...result } = await init();
    expect(result).toMatchObject({ count: 2, needsExport: false, isConfigured: false });
    expect(result.file).toBe(join(folder, 'basin.json'));
    expect(written()).toEqual({ checkpoints: [`epoch-*.${ending}`] });
    expect(existsSync(join(folder, EXPORT_FILE))).toBe(false);
    expect(left).toHaveLength(1);
    expect(left[0]).toContain('save them beside it as data.npz with the arrays x and y');
  });

  it('computes the loss of Keras once they are there', async () => {
    put({ [`epoch-1.${ending}`]: `${name}.${ending}`, 'data.npz': `${name}.npz` });
    await init();
    expect(written()).toEqual({
      checkpoints: [`epoch-*.${ending}`],
      data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
    });
    const arrays = await arraysOf(join(folder, 'data.npz'));
    const opened = await openInStudy(await readStudy(join(folder, 'basin.json')));
    expect(Math.abs((await lossOf(opened)) / arrays.get('loss')!.data[0]! - 1)).toBeLessThan(1e-5);
  });
});

it('a model with several losses: what is to be said of them, and the data', async () => {
  put({ 'model.keras': 'keras3/several.keras', 'data.npz': 'keras3/several.npz' });
  const { left } = await init();
  expect(left).toEqual([expect.stringContaining('has losses of 2 outputs')]);
  expect(written()).toMatchObject({ data: { targets: 'data.npz#y' } });
});

it('a model of TensorFlow.js that was not compiled: the loss and the data', async () => {
  await tf.setBackend('cpu');
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
  for (const epoch of ['epoch-1', 'epoch-2']) {
    const place = join(folder, epoch);
    mkdirSync(place);
    await model.save(
      tf.io.withSaveHandler(async ({ weightData, weightSpecs, ...rest }) => {
        const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
        await writeFile(join(place, 'model.json'), JSON.stringify({ ...rest, weightsManifest }));
        await writeFile(join(place, 'weights.bin'), new Uint8Array(weightData as ArrayBuffer));
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      }),
    );
  }
  await writeFile(join(folder, 'model.json'), '{"name": "something else"}');
  const { left, count } = await init();
  expect(count).toBe(2);
  expect(written()).toEqual({ checkpoints: ['epoch-*/model.json'] });
  expect(left).toEqual([
    expect.stringContaining('was saved without a loss'),
    expect.stringContaining('data.npz'),
  ]);
});

it('a basin.json that is there stays as it is', async () => {
  put({ 'model.keras': 'keras3/dense.keras' });
  await writeFile(join(folder, 'basin.json'), '{ "mine": 1 }');
  expect(await init()).toMatchObject({ isConfigured: true, needsExport: false, left: [] });
  expect(written()).toEqual({ mine: 1 });
});

it('weights alone are refused, and nothing is written', async () => {
  put({ 'epoch-1.weights.h5': '../formats/model.weights.h5' });
  await expect(init()).rejects.toThrow('holds weights without the configuration of their model');
  expect(existsSync(join(folder, 'basin.json'))).toBe(false);
});
