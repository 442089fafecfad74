/**
 * Configurations of Keras and TensorFlow.js that are nearly right: each makes a network, or is refused with one
 * sentence, within seconds. `BASIN_FUZZ` and `BASIN_FUZZ_SEED` as for the readers.
 */
import fsp from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Architecture } from '../../src/engine/checkpoint/architecture';
import { objectOf } from '../../src/engine/checkpoint/jsonObject';
import type { TensorEntry } from '../../src/engine/checkpoint/checkpoint';
import { openCheckpoint } from '../../src/engine/checkpoint/openCheckpoint';
import { KerasModel, kerasModelBytes } from '../../src/engine/graph/keras/kerasModel';
import { compiledLoss } from '../../src/engine/objective/compiledLoss';
import { printed } from '../../src/engine/graph/keras/printed';
import { readConfiguredModel } from '../../src/engine/study/configuration/graphSource';
import { InputError } from '../../src/shared/inputError';
import { changedJson } from './lies';
import { mutated, randomOf } from './mutations';

const COUNT = Number(process.env.BASIN_FUZZ ?? 1000);
const SEED = Number(process.env.BASIN_FUZZ_SEED ?? 1);
/** Sequences of thousands of steps are written out step by step, three times here. */
const MAX_SECONDS = 15;
const root = fileURLToPath(new URL('../../', import.meta.url));

/** @returns whether it was built. */
async function outcome(what: string, build: () => unknown): Promise<boolean> {
  const started = process.cpuUsage();
  try {
    await build();
    return true;
  } catch (error) {
    if (!(error instanceof InputError)) throw new Error(what, { cause: error });
    expect(error.message, what).toMatch(/^[^\n]*[.?]$/);
    // eslint-disable-next-line no-control-regex
    expect(error.message, what).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
    expect(error.message.length, what).toBeLessThan(4000);
    return false;
  } finally {
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6, what).toBeLessThan(MAX_SECONDS);
  }
}

function build({ topology, training, dialect }: Architecture, tensors: readonly TensorEntry[]) {
  const bytes = kerasModelBytes({ dialect, topology, training }, tensors, 'm.keras');
  const model = new KerasModel(bytes, 'm.keras');
  printed(() =>
    compiledLoss(training, model, undefined, (each) => new KerasModel(bytes, 'm.keras', each)),
  );
}

const MODELS = ['conv', 'gru', 'transformer', 'merged', 'nested', 'text', 'lines', 'bidirectional'];

it('a configuration of Keras with other values makes a network or is refused', async () => {
  const known = await Promise.all(
    MODELS.map(async (name) => {
      const path = join(root, `test/fixtures/keras/keras3/${name}.keras`);
      const checkpoint = await openCheckpoint(path);
      const own = (await checkpoint.architecture?.())!;
      const tensors = [...checkpoint.tensors.values()];
      await checkpoint.close();
      return { name, own, tensors };
    }),
  );
  let built = 0;
  for (let k = 0; k < COUNT; k++) {
    const { name, own, tensors } = known[k % known.length]!;
    const { topology, training } = changedJson(
      { topology: own.topology, training: own.training },
      randomOf(SEED * 1_000_003 + k),
    ) as Record<string, unknown>;
    // As the readers of files do it.
    const model = objectOf(topology);
    if (model === null) continue;
    const other = { dialect: own.dialect, topology: model, training: objectOf(training) };
    if (
      await outcome(`${name}, ${k}`, () => {
        build(other, tensors);
      })
    )
      built += 1;
  }
  // Some are still networks, and not all.
  expect(built).toBeGreaterThan(COUNT / 50);
  expect(built).toBeLessThan(COUNT);
}, 3_600_000);

it('a model.json that is nearly one is read or refused', async () => {
  const folder = await fsp.mkdtemp(join(tmpdir(), 'basin-fuzz-'));
  try {
    const from = join(root, 'examples/tfjs-regression/epoch-5');
    await fsp.copyFile(join(from, 'weights.bin'), join(folder, 'weights.bin'));
    const right = await fsp.readFile(join(from, 'model.json'));
    const value = JSON.parse(right.toString()) as unknown;
    const path = join(folder, 'model.json');
    for (let k = 0; k < COUNT; k++) {
      const random = randomOf(SEED * 1_000_003 + k);
      await fsp.writeFile(
        path,
        k % 2 === 0 ? mutated(right, random) : JSON.stringify(changedJson(value, random)),
      );
      await outcome(`model.json, ${k}`, () => readConfiguredModel(path, 'model.json'));
    }
  } finally {
    await fsp.rm(folder, { recursive: true, force: true });
  }
}, 3_600_000);
