import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Graph } from '../../../src/engine/graph/graph';
import type { Node } from '../../../src/engine/graph/operations';
import { OnnxModel } from '../../../src/engine/graph/onnx/importOnnx';
import { readModelFile } from '../../../src/engine/graph/onnx/modelFile';
import { Random } from '../../../src/engine/random';
import { InputError } from '../../../src/shared/inputError';
import { EXAMPLE, FIXTURES } from '../objective/problems';

const FILES = [
  join(FIXTURES, 'mlp/mlp.onnx'),
  join(FIXTURES, 'output/whole.onnx'),
  join(FIXTURES, 'import/buffers.onnx'),
  join(FIXTURES, 'import/training.onnx'),
  join(FIXTURES, 'networks/gpt2.onnx'),
  join(FIXTURES, 'networks/lstm.onnx'),
  join(FIXTURES, 'networks/unet.dynamo.onnx'),
  join(EXAMPLE, 'runs/resnet/model.onnx'),
];

const MUTATIONS = 60;

/** BASIN_SEED tries others, as for laws. */
const SEED = Number(process.env.BASIN_SEED ?? 1);

/** Reads a graph and builds it for a batch of two, as an analysis does. */
function importGraph(bytes: Uint8Array): void {
  const model = new OnnxModel(bytes, 'model.onnx');
  const g = new Graph();
  const weights = new Map(model.weights.map(({ name, shape }) => [name, g.input(name, shape)]));
  const inputs = new Map<string, Node>();
  for (const { name, shape: taken } of model.inputs) {
    const shape = taken.map((extent) => extent ?? 2);
    if (shape.reduce((product, extent) => product * extent, 1) > 1e9) return;
    inputs.set(name, g.input(`basin:${name}`, shape));
  }
  model.buildAll(g, inputs, (name) => weights.get(name)!);
}

/** Some bytes flipped, the end cut off, or a stretch repeated somewhere else. */
function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const at = (): number => Math.floor(random.uniform() * bytes.length);
  const result = Uint8Array.from(bytes);
  const kind = random.bits() % 8;
  if (kind === 0) return result.subarray(0, at());
  if (kind === 1) {
    const from = at();
    result.copyWithin(at(), from, from + 1 + (random.bits() % 64));
    return result;
  }
  for (let i = 0; i <= kind % 4; i += 1) result[at()]! ^= 1 << (random.bits() % 8);
  return result;
}

/** Of processor time. */
function seconds(work: () => void): number {
  const started = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1e6;
}

test.each(FILES)('%s, damaged, is read or refused in a sentence, soon', async (file) => {
  // Without weights: what is damaged is the graph.
  const whole = await readModelFile(file, 'model.onnx');
  const usual = seconds(() => {
    importGraph(whole);
  });
  const random = new Random(SEED, file.slice(file.lastIndexOf('/')));
  let refused = 0;
  for (let i = 0; i < MUTATIONS; i += 1) {
    const bytes = damaged(whole, random);
    const taken = seconds(() => {
      try {
        importGraph(bytes);
      } catch (error) {
        // Anything else is a fault of Basin: shown with its trace.
        if (!(error instanceof InputError)) throw error;
        refused += 1;
        expect(error.message).toContain('model.onnx');
        expect(error.message.length).toBeLessThan(2000);
      }
    });
    // Two seconds, and more where even the whole graph is slow.
    expect(taken).toBeLessThan(2 + 4 * usual);
  }
  expect(refused).toBeGreaterThan(0);
  expect(process.memoryUsage().rss).toBeLessThan(2 * 2 ** 30);
});
