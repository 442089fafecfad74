import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResultDocument } from '../../src/shared/result';
import { basin, ROOT } from './basin';

const FIXTURES = join(ROOT, 'test/fixtures/keras');
const EXAMPLE = join(ROOT, 'examples/tfjs-regression');

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-keras-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Models of the fixtures, with the data of the first. */
function models(...names: readonly string[]): void {
  for (const name of names) {
    copyFileSync(join(FIXTURES, `keras3/${name}.keras`), join(folder, `${name}.keras`));
  }
  copyFileSync(join(FIXTURES, `keras3/${names[0]}.npz`), join(folder, 'data.npz'));
}

async function documents(path: string, ...more: readonly string[]): Promise<ResultDocument[]> {
  const { status, stdout, stderr } = await basin(['analyze', path, '--json', ...more]);
  expect(stderr).not.toMatch(/ {4}at /);
  expect(status).toBe(0);
  const said = JSON.parse(stdout) as ResultDocument | ResultDocument[];
  return [said].flat();
}

/** One sentence, and no stack. */
async function refused(path: string, ...more: readonly string[]): Promise<string> {
  const { status, stderr } = await basin(['analyze', path, '--only', 'metrics', ...more]);
  expect(status).not.toBe(0);
  expect(stderr).not.toMatch(/ {4}at /);
  return stderr;
}

interface Curvature {
  readonly loss: number;
  readonly parameters: number;
  readonly largest: readonly number[];
  readonly trace: number;
}

// Loss, eigenvalues and trace are TensorFlow's in float64: test/fixtures/keras/curvature.py.
const curvatures = Object.entries(
  JSON.parse(readFileSync(join(FIXTURES, 'curvature.json'), 'utf8')) as Record<string, Curvature>,
);

describe('a saved model beside data needs nothing else', () => {
  test.each(curvatures)('%s has the curvature TensorFlow gives', async (name, expected) => {
    models(name);
    // The file, not the folder: what governs it is found from there.
    const path = join(folder, `${name}.keras`);
    const [document] = await documents(path, '--only', 'metrics,hessian');
    const { metrics, hessian, checkpoint } = document!;
    expect(checkpoint.path).toBe(`${name}.keras`);
    expect(Math.abs(Number(metrics!.loss) / expected.loss - 1)).toBeLessThan(1e-5);
    expected.largest.forEach((value, i) => {
      const found = hessian!.eigenvalues[i]!.value;
      expect(Math.abs(found - value) / expected.largest[0]!).toBeLessThan(1e-4);
    });
    const { low, high } = hessian!.trace.interval!;
    expect(expected.trace).toBeGreaterThan(low);
    expect(expected.trace).toBeLessThan(high);
  });

  test('the example of TensorFlow.js: each epoch has the loss TensorFlow.js gave', async () => {
    cpSync(EXAMPLE, folder, { recursive: true, filter: (path) => !path.endsWith('.basin') });
    const losses = JSON.parse(readFileSync(join(folder, 'losses.json'), 'utf8')) as Record<
      string,
      number
    >;
    const found = await documents(folder, '--only', 'metrics');
    expect(found).toHaveLength(5);
    for (const { checkpoint, metrics } of found) {
      const expected = losses[checkpoint.path.split('/')[0]!]!;
      expect(Math.abs(Number(metrics!.loss) / expected - 1)).toBeLessThan(1e-5);
    }
    // Of one model, from its own file: the data are in the folder above.
    const own = await documents(join(folder, 'epoch-80/model.json'), '--only', 'metrics');
    expect(own).toHaveLength(1);
    expect(Math.abs(Number(own[0]!.metrics!.loss) / losses['epoch-80']! - 1)).toBeLessThan(1e-5);
  });

  test('a model that is built again before every save is one network, whatever its layers are called', async () => {
    cpSync(join(FIXTURES, 'rebuilt'), folder, { recursive: true });
    // What Keras evaluates: test/fixtures/keras/rebuilt.py.
    const losses = [1.0459421873092651, 1.2505074739456177, 1.1902565956115723];
    const found = await documents(folder, '--only', 'metrics');
    expect(found.map(({ checkpoint }) => checkpoint.path)).toEqual(
      losses.map((_, epoch) => `epoch-${epoch}.keras`),
    );
    for (const [epoch, { metrics }] of found.entries()) {
      expect(Math.abs(Number(metrics!.loss) / losses[epoch]! - 1)).toBeLessThan(1e-5);
    }
  });

  test('quantised shards are read as what they stand for', async () => {
    const scales = quantised(join(EXAMPLE, 'epoch-200'), join(folder, 'model'));
    copyFileSync(join(EXAMPLE, 'x.npy'), join(folder, 'x.npy'));
    copyFileSync(join(EXAMPLE, 'y.npy'), join(folder, 'y.npy'));
    const [document] = await documents(folder, '--only', 'metrics');
    const expected = lossOf(scales, join(EXAMPLE, 'x.npy'), join(EXAMPLE, 'y.npy'));
    expect(Math.abs(Number(document!.metrics!.loss) / expected - 1)).toBeLessThan(1e-4);
  });
});

describe('what is missing is said once', () => {
  test('data', async () => {
    models('dense');
    rmSync(join(folder, 'data.npz'));
    for (const path of [folder, join(folder, 'dense.keras')]) {
      expect(await refused(path)).toContain(
        'dense.keras has its graph, but there are no data to evaluate it on; save them beside it as data.npz with the arrays x and y',
      );
    }
    copyFileSync(join(FIXTURES, 'keras3/dense.npz'), join(folder, 'data.npz'));
    expect(await documents(folder, '--only', 'metrics')).toHaveLength(1);
  });

  test('a loss, where TensorFlow.js was not told to save it', async () => {
    cpSync(join(EXAMPLE, 'epoch-5'), join(folder, 'epoch-5'), { recursive: true });
    copyFileSync(join(EXAMPLE, 'x.npy'), join(folder, 'x.npy'));
    copyFileSync(join(EXAMPLE, 'y.npy'), join(folder, 'y.npy'));
    const file = join(folder, 'epoch-5/model.json');
    const model = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    delete model.trainingConfig;
    writeFileSync(file, JSON.stringify(model));
    expect(await refused(folder)).toContain('"objective"');
    const settings = { checkpoints: ['*/model.json'], objective: { kind: 'regression' } };
    writeFileSync(join(folder, 'basin.json'), JSON.stringify(settings));
    expect(await documents(folder, '--only', 'metrics')).toHaveLength(1);
  });

  test('several networks in one folder: one is computed, each other is named', async () => {
    models('dense', 'frozen');
    const said = await refused(folder);
    expect(said).toMatch(
      /dense\.keras is another network than frozen\.keras, .* or name as "checkpoints" in .*basin\.json only those of one\./,
    );
    // As it says.
    writeFileSync(join(folder, 'basin.json'), '{"checkpoints": ["dense.keras"]}');
    expect(await documents(folder, '--only', 'metrics')).toHaveLength(1);
  });

  test('networks that differ in an activation alone are not taken for one', async () => {
    for (const name of ['epoch-5', 'epoch-20']) {
      cpSync(join(EXAMPLE, name), join(folder, name), { recursive: true });
    }
    copyFileSync(join(EXAMPLE, 'x.npy'), join(folder, 'x.npy'));
    copyFileSync(join(EXAMPLE, 'y.npy'), join(folder, 'y.npy'));
    const file = join(folder, 'epoch-5/model.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"sequential_1"', '"sequential_7"'));
    expect(await documents(folder, '--only', 'metrics')).toHaveLength(2);
    writeFileSync(file, text.replace('"activation":"tanh"', '"activation":"relu"'));
    expect(await refused(folder)).toContain('is another network than');
  });
});

interface Manifest {
  weightsManifest: { paths: string[]; weights: Weight[] }[];
}
interface Weight {
  name: string;
  shape: number[];
  group?: string;
  quantization?: object;
}

/**
 * A model with its weights as bytes, in the form of TensorFlow.js's converter, in two shards.
 *
 * @returns the values those bytes stand for.
 */
function quantised(from: string, to: string): ReadonlyMap<string, Float64Array> {
  const model = JSON.parse(readFileSync(join(from, 'model.json'), 'utf8')) as Manifest;
  const bytes = readFileSync(join(from, 'weights.bin'));
  const values = new Map<string, Float64Array>();
  const packed: Buffer[] = [];
  let at = 0;
  const weights = model.weightsManifest[0]!.weights.filter(({ group }) => group !== 'optimizer');
  for (const weight of weights) {
    const size = weight.shape.reduce((product, extent) => product * extent, 1);
    const own = Array.from({ length: size }, (_, i) => bytes.readFloatLE(at + 4 * i));
    at += 4 * size;
    const min = Math.min(...own);
    const scale = (Math.max(...own) - min) / 255 || 1;
    const codes = own.map((value) => Math.round((value - min) / scale));
    weight.quantization = { dtype: 'uint8', min, scale, original_dtype: 'float32' };
    packed.push(Buffer.from(codes));
    values.set(
      weight.name,
      Float64Array.from(codes, (code) => code * scale + min),
    );
  }
  const whole = Buffer.concat(packed);
  const paths = ['group1-shard1of2.bin', 'group1-shard2of2.bin'];
  model.weightsManifest = [{ paths, weights }];
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, 'model.json'), JSON.stringify(model));
  writeFileSync(join(to, paths[0]!), whole.subarray(0, 100));
  writeFileSync(join(to, paths[1]!), whole.subarray(100));
  return values;
}

/** The mean squared error of the example's network, written out. */
function lossOf(weights: ReadonlyMap<string, Float64Array>, x: string, y: string): number {
  const columns = [x, y].map((path) => {
    const bytes = readFileSync(path);
    const start = 10 + bytes.readUInt16LE(8);
    return Array.from({ length: (bytes.length - start) / 4 }, (_, i) =>
      bytes.readFloatLE(start + 4 * i),
    );
  });
  const layer = (given: readonly number[], name: string): number[] => {
    const kernel = weights.get(`${name}/kernel`)!;
    const bias = weights.get(`${name}/bias`)!;
    return [...bias].map((start, unit) =>
      given.reduce((sum, value, i) => sum + value * kernel[i * bias.length + unit]!, start),
    );
  };
  const errors = columns[0]!.map((value, i) => {
    const first = layer([value], 'first').map(Math.tanh);
    const second = layer(first, 'second').map(Math.tanh);
    return (layer(second, 'output')[0]! - columns[1]![i]!) ** 2;
  });
  return errors.reduce((sum, each) => sum + each, 0) / errors.length;
}
