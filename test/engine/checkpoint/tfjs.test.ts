import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { temporaryFolder } from './fixtures';

interface Saved {
  readonly specs: tf.io.WeightsManifestEntry[];
  readonly data: ArrayBuffer;
}

/** The files tfjs writes into a folder, in shards of so many bytes. */
async function write({ specs, data }: Saved, shard: number): Promise<string> {
  const folder = await temporaryFolder();
  const paths: string[] = [];
  for (let at = 0; at < data.byteLength; at += shard) {
    const name = `group1-shard${paths.length + 1}.bin`;
    paths.push(name);
    await writeFile(join(folder, name), Buffer.from(data.slice(at, at + shard)));
  }
  const model = {
    format: 'layers-model',
    generatedBy: `TensorFlow.js tfjs-layers v${tf.version_layers}`,
    modelTopology: {},
    weightsManifest: [{ paths, weights: specs }],
  };
  await writeFile(join(folder, 'model.json'), JSON.stringify(model));
  return join(folder, 'model.json');
}

/** What TensorFlow.js itself makes of them. */
async function expectSame(path: string, { specs, data }: Saved): Promise<void> {
  const decoded = tf.io.decodeWeights(data, specs);
  const checkpoint = await openCheckpoint(path);
  expect(checkpoint.format).toBe('tfjs');
  expect([...checkpoint.tensors.keys()]).toEqual(Object.keys(decoded));
  for (const [name, tensor] of Object.entries(decoded)) {
    const read = await checkpoint.read(name);
    expect(read.shape).toEqual(tensor.shape);
    expect([...read.data]).toEqual([...(await tensor.data())]);
  }
  await checkpoint.close();
}

describe('a model of TensorFlow.js', () => {
  it.each([7, 64, 100_000])('is read from shards of %i bytes', async (shard) => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [6, 6, 1] }),
        tf.layers.batchNormalization(),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3 }),
      ],
    });
    let saved: Saved | undefined;
    await model.save(
      tf.io.withSaveHandler((artifacts) => {
        saved = { specs: artifacts.weightSpecs!, data: artifacts.weightData as ArrayBuffer };
        return Promise.resolve({
          modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' },
        });
      }),
    );
    await expectSame(await write(saved!, shard), saved!);
  });

  it('has the values of quantised weights', async () => {
    const specs: tf.io.WeightsManifestEntry[] = [
      {
        name: 'a',
        shape: [2, 2],
        dtype: 'float32',
        quantization: { dtype: 'uint8', scale: 0.1, min: -1 },
      },
      {
        name: 'b',
        shape: [2],
        dtype: 'float32',
        quantization: { dtype: 'uint16', scale: 1e-3, min: 2 },
      },
      { name: 'c', shape: [3], dtype: 'float32', quantization: { dtype: 'float16' } },
      {
        name: 'd',
        shape: [2],
        dtype: 'int32',
        quantization: { dtype: 'uint8', scale: 2.5, min: -3 },
      },
      { name: 'e', shape: [], dtype: 'bool' },
    ];
    const data = Buffer.from([
      0, 1, 128, 255, 1, 2, 0xff, 0xff, 0, 0x3c, 1, 0x80, 0xff, 0x7b, 3, 200, 1,
    ]);
    const saved = { specs, data: Uint8Array.from(data).buffer };
    await expectSame(await write(saved, 5), saved);
  });

  it('is damaged where its files are not as long as it says', async () => {
    const specs = [{ name: 'a', shape: [3], dtype: 'float32' as const }];
    const short = await write({ specs, data: new ArrayBuffer(8) }, 8);
    await expect(openCheckpoint(short)).rejects.toThrow(/cut short/);
    const long = await write({ specs, data: new ArrayBuffer(16) }, 8);
    await expect(openCheckpoint(long)).rejects.toThrow(/not as long as it says/);
  });
});
