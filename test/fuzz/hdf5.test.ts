/** Files that are nearly HDF5, one after the other, for one thread of the library: see harness.ts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { naming } from '../../src/engine/checkpoint/fault';
import { readSurface } from '../../src/engine/topology/files/readSurface';
import {
  bytesOf,
  COUNT,
  fixtures,
  MAX_MILLISECONDS,
  many,
  readCheckpoint,
  run,
  watchWhatIsOpened,
  type Trial,
} from './harness';
import { hdf5Lies, oneOf, zipLies } from './lies';
import { entriesOf, flipped, mutated, zipOf, type Change, type Random } from './mutations';

watchWhatIsOpened();

// The library is read once, and is no file of anyone's.
beforeAll(async () => {
  await readCheckpoint(join(fixtures, 'formats/model.weights.h5'));
});

const withinKeras: Change = (bytes, random) =>
  zipOf(
    entriesOf(bytes).map(([name, content]) => [
      name,
      name.endsWith('.h5') ? hdf5Lies(content, random) : content,
    ]),
  );

describe('a file that is nearly HDF5', () => {
  it(
    'of Keras, weights or a whole model, is read or refused',
    async () => {
      const names = ['formats/model.weights.h5', 'formats/model.h5', 'keras/keras2/dense.h5'];
      await many(names, COUNT, oneOf(mutated, hdf5Lies), readCheckpoint, 1);
    },
    MAX_MILLISECONDS,
  );

  it(
    'in an archive of Keras is read or refused',
    async () => {
      const names = ['formats/model.keras', 'keras/keras3/dense.keras'];
      await many(names, COUNT, oneOf(mutated, zipLies, withinKeras), readCheckpoint, 1);
    },
    MAX_MILLISECONDS,
  );

  it(
    'in an archive of Keras never has another value: there is a checksum',
    async () => {
      const name = 'keras/keras3/dense.keras';
      const [bytes, expected] = [await bytesOf(name), await readCheckpoint(join(fixtures, name))];
      const trialOf = (_: number, random: Random): Trial => ({
        files: new Map([['a.keras', flipped(bytes, random)]]),
        opened: 'a.keras',
        read: (path) => readCheckpoint(path),
        expected,
      });
      const { accepted } = await run(COUNT, trialOf, 1);
      expect(accepted).toBeGreaterThan(0);
    },
    MAX_MILLISECONDS,
  );

  it(
    'of a loss surface is read or refused',
    async () => {
      const names = ['topology/surface-gzip.h5', 'topology/surface-swapped.h5'];

      const read = async (path: string) => {
        await naming(path, async () => readSurface(await readFile(path), undefined));
        return null;
      };
      await many(names, COUNT, oneOf(mutated, hdf5Lies), read, 1);
    },
    MAX_MILLISECONDS,
  );
});
