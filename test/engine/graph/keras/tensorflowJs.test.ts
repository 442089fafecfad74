import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { openInStudy } from '../../study/denseReference';
import { readStudy } from '../../../../src/engine/study/configuration/study';
import { lossOf, predictions, worst } from './kerasFixtures';

/** A .npy file of float32. */
function npy(values: readonly number[], shape: readonly number[]): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padded = header.padEnd(117) + '\n';
  const data = new Uint8Array(Float32Array.from(values).buffer);
  const head = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${padded}`, 'latin1');
  return Buffer.concat([head, data]);
}

function network(): tf.LayersModel {
  const input = tf.input({ shape: [6, 4] });
  const both = tf.layers.bidirectional({
    layer: tf.layers.lstm({ units: 3, returnSequences: true }),
    mergeMode: 'concat',
  });
  let x = both.apply(input) as tf.SymbolicTensor;
  x = tf.layers.gru({ units: 4, returnSequences: true }).apply(x) as tf.SymbolicTensor;
  x = tf.layers
    .timeDistributed({ layer: tf.layers.dense({ units: 5 }) })
    .apply(x) as tf.SymbolicTensor;
  x = tf.layers
    .conv1d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' })
    .apply(x) as tf.SymbolicTensor;
  x = tf.layers.batchNormalization().apply(x) as tf.SymbolicTensor;
  const inner = tf.sequential({ name: 'inner' });
  inner.add(tf.layers.dense({ units: 4, inputShape: [6, 4], activation: 'elu' }));
  x = inner.apply(x) as tf.SymbolicTensor;
  x = tf.layers.flatten().apply(x) as tf.SymbolicTensor;
  const output = tf.layers.dense({ units: 2 }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: output });
}

it('a model that TensorFlow.js saved gives its own predictions and loss', async () => {
  await tf.setBackend('cpu');
  const model = network();
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', metrics: ['mae'] });
  const folder = await mkdtemp(join(tmpdir(), 'basin-tfjs-'));
  try {
    const x = tf.randomNormal([5, 6, 4], 0, 1, 'float32', 1);
    const y = tf.randomNormal([5, 2], 0, 1, 'float32', 2);
    const place = join(folder, 'epoch-1');
    await mkdir(place);
    await model.save({
      save: async (artifacts) => {
        const { weightData, weightSpecs, ...rest } = artifacts;
        const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
        await writeFile(join(place, 'model.json'), JSON.stringify({ ...rest, weightsManifest }));
        await writeFile(join(place, 'weights.bin'), new Uint8Array(weightData as ArrayBuffer));
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      },
    });
    // The loss is not in what `save` gives; `trainingConfig` is written where the optimizer is too.
    const settings = { checkpoints: ['*/model.json'], objective: { kind: 'regression' } };
    await writeFile(join(folder, 'basin.json'), JSON.stringify(settings));
    await writeFile(join(folder, 'x.npy'), npy([...(await x.data())], [5, 6, 4]));
    await writeFile(join(folder, 'y.npy'), npy([...(await y.data())], [5, 2]));
    const opened = await openInStudy(await readStudy(join(folder, 'basin.json')));
    const expected = model.predict(x) as tf.Tensor;
    const data = Float64Array.from(await expected.data());
    const given = new Map([['x', { shape: [5, 6, 4], data: Float64Array.from(await x.data()) }]]);
    expect(worst(await predictions(opened, given), { shape: [5, 2], data })).toBeLessThan(1e-5);
    const [loss] = [model.evaluate(x, y)].flat();
    expect(Math.abs((await lossOf(opened)) - (await loss!.data())[0]!)).toBeLessThan(1e-5);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
