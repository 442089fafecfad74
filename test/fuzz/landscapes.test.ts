/** Files that are nearly landscapes: see harness.ts. */
import { describe, it } from 'vitest';
import { isMesh, readMesh } from '../../src/engine/topology/files/readMesh';
import { readLandscape } from '../../src/engine/topology/files/readLandscape';
import { writeJson } from '../../src/engine/topology/files/jsonLandscape';
import { COUNT, MAX_MILLISECONDS, many, run, watchWhatIsOpened } from './harness';
import { jsonLies, numberLies, oneOf, zipLies } from './lies';
import { mutated, type Change } from './mutations';

watchWhatIsOpened();

async function readAnyLandscape(path: string): Promise<null> {
  if (await isMesh(path)) await readMesh(path);
  else await readLandscape(path);
  return null;
}

const FILES: Readonly<Record<string, readonly [change: Change, files: readonly string[]]>> = {
  npy: [oneOf(mutated, numberLies), ['topology/plane-f8.npy', 'topology/plane-f4-fortran.npy']],
  npz: [
    oneOf(mutated, zipLies),
    ['topology/several.npz', 'topology/landscaper.npz', 'topology/one.npz'],
  ],
  vti: [
    oneOf(mutated, numberLies),
    [
      'topology/plane-ascii.vti',
      'topology/plane-appended-raw-zlib-64.vti',
      'topology/plane-inline-zlib.vti',
      'topology/cells.vti',
      'packed/bowl-lz4-raw.vti',
      'packed/bowl-lzma-inline.vti',
      'packed/bowl-lz4-base64.vti',
    ],
  ],
  vtu: [
    oneOf(mutated, numberLies),
    ['topology/mesh-ascii.vtu', 'topology/mesh-inline.vtu', 'topology/mesh-appended-zlib.vtu'],
  ],
};

/** Small texts, each of a kind, and what Basin itself exports. */
const TABLES = [
  'x,y,loss\n0,0,1\n0,1,2\n1,0,3\n1,1,4\n',
  '1;2;3\n4;5;NaN\n',
  ',0,1\n0,5,6\n1,7,8\n',
  '"a,b",loss\n1,2\n2,3\n',
  'alpha\tbeta\terror\n0\t0\t1e-3\n0\t1\tNA\n1\t0\t2\n1\t1\t1e35\n',
];

describe('a file that is nearly a landscape', () => {
  it.each(Object.entries(FILES))(
    'of %s is read or refused',
    async (_, [change, files]) => {
      await many(files, COUNT, change, readAnyLandscape);
    },
    MAX_MILLISECONDS,
  );

  it(
    'of a table is read or refused',
    async () => {
      const change = oneOf(mutated, numberLies);
      await run(COUNT, (k, random) => {
        const bytes = change(Buffer.from(TABLES[k % TABLES.length]!), random);
        return { files: new Map([['a.csv', bytes]]), opened: 'a.csv', read: readAnyLandscape };
      });
    },
    MAX_MILLISECONDS,
  );

  it(
    'of JSON is read or refused',
    async () => {
      const axis = (name: string) => ({ name, min: -1, max: 1, steps: 3 });
      const text = writeJson({
        values: Float64Array.of(1, 2, 3, 4, NaN, 6, 7, 8, Infinity),
        axes: [axis('α'), axis('β')],
      });
      const change = oneOf(mutated, jsonLies, numberLies);
      await run(COUNT, (_, random) => {
        const files = new Map([['a.json', change(Buffer.from(text), random)]]);
        return { files, opened: 'a.json', read: readAnyLandscape };
      });
    },
    MAX_MILLISECONDS,
  );
});
