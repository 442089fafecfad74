/**
 * Fits a damped wave with a small network and saves it as TensorFlow.js does, five times on the way. The
 * data lie beside the models, so `basin analyze .` needs nothing else.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';

const SAMPLES = 128;
const EPOCHS_SAVED = [0, 5, 20, 80, 200];

/** Numbers in [0, 1), the same in each run: mulberry32. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function makeData(): { readonly x: Float32Array; readonly y: Float32Array } {
  const random = uniform(1);
  const x = Float32Array.from({ length: SAMPLES }, () => 6 * random() - 3);
  const y = x.map((each) => Math.sin(3 * each) * Math.exp(-each * each) + 0.1 * (random() - 0.5));
  return { x, y };
}

function makeModel(): tf.Sequential {
  const layer = (units: number, seed: number, more: object) =>
    tf.layers.dense({ units, kernelInitializer: tf.initializers.glorotNormal({ seed }), ...more });
  return tf.sequential({
    layers: [
      layer(16, 1, { activation: 'tanh', inputShape: [1], name: 'first' }),
      layer(16, 2, { activation: 'tanh', name: 'second' }),
      layer(1, 3, { name: 'output' }),
    ],
  });
}

/** `model.json` and its weights, in the form of TensorFlow.js, where Node has no handler of its own. */
function folderHandler(folder: string): tf.io.IOHandler {
  return tf.io.withSaveHandler(async (artifacts) => {
    await mkdir(folder, { recursive: true });
    const { weightData, weightSpecs = [], ...described } = artifacts;
    const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
    await writeFile(join(folder, 'model.json'), JSON.stringify({ ...described, weightsManifest }));
    const data = tf.io.CompositeArrayBuffer.join(weightData);
    await writeFile(join(folder, 'weights.bin'), new Uint8Array(data));
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  });
}

/** NumPy's format, version 1. */
function npy(values: Float32Array): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${values.length}, 1), }`;
  const text = `${header.padEnd(117)}\n`;
  const start = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${text}`, 'latin1');
  return Buffer.concat([start, new Uint8Array(values.buffer)]);
}

/** @param folder where models and data go. */
async function train(folder: string): Promise<void> {
  await tf.setBackend('cpu');
  const data = makeData();
  await writeFile(join(folder, 'x.npy'), npy(data.x));
  await writeFile(join(folder, 'y.npy'), npy(data.y));
  const x = tf.tensor2d(data.x, [SAMPLES, 1]);
  const y = tf.tensor2d(data.y, [SAMPLES, 1]);
  const model = makeModel();
  model.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError' });
  const losses: Record<string, number> = {};
  let epoch = 0;
  for (const until of EPOCHS_SAVED) {
    if (until > epoch) {
      await model.fit(x, y, { epochs: until - epoch, batchSize: 32, shuffle: false });
    }
    epoch = until;
    const name = `epoch-${epoch}`;
    // What the model was compiled with is saved with the optimizer alone.
    await model.save(folderHandler(join(folder, name)), { includeOptimizer: true });
    const [loss] = [model.evaluate(x, y, { batchSize: SAMPLES })].flat();
    losses[name] = (await loss!.data())[0]!;
    console.log(`${name}: ${losses[name]}`);
  }
  await writeFile(join(folder, 'losses.json'), `${JSON.stringify(losses, null, 2)}\n`);
}

void train(process.argv[2] ?? '.');
