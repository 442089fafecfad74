import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../../../src/engine/checkpoint/numpy/npyFormat';
import {
  clippingWarnings,
  swappedAxesWarnings,
} from '../../../../src/engine/topology/files/importedLandscape';
import { readLandscape } from '../../../../src/engine/topology/files/readLandscape';
import type { Tensor } from '../../../../src/engine/tensor';
import { InputError } from '../../../../src/shared/inputError';
import { english } from '../../../../src/shared/words/message';

const fixtures = fileURLToPath(new URL('../../../fixtures/topology/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'basin-landscape-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What fixtures/topology/landscapes.py sampled. */
const plane = Array.from({ length: 15 }, (_, v) => {
  const i = Math.floor(v / 5);
  const j = v % 5;
  return 1 + i + j / 4 + (i * j * j) / 64;
});

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function refusal(path: string, array?: string): Promise<InputError> {
  const error: unknown = await readLandscape(path, array === undefined ? {} : { array }).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message.endsWith('.')).toBe(true);
  expect(message).not.toContain('\n');
  return error as InputError;
}

describe('NumPy landscapes', () => {
  it.each(['plane-f8.npy', 'plane-f4-fortran.npy', 'one.npz', 'several.npz'])(
    '%s',
    async (name) => {
      const { values, shape, axes } = await readLandscape(fixtures + name);
      expect(shape).toEqual([3, 5]);
      expect([...values]).toEqual(plane);
      expect(axes).toBeNull();
    },
  );

  it('takes the array that is asked for', async () => {
    const { values } = await readLandscape(`${fixtures}several.npz`, { array: 'accuracy' });
    expect([...values]).toEqual(plane.map((x) => -x));
  });

  it('reads Landscaper’s losses and the coordinates beside them', async () => {
    const { values, shape, axes, warnings } = await readLandscape(`${fixtures}landscaper.npz`);
    expect(shape).toEqual([5, 5]);
    expect([...values.subarray(0, 7)]).toEqual([0, 1, 2, 3, 4, 1, 2]);
    expect(axes).toEqual([
      { name: 'axis 0', min: -0.5, max: 0.5, steps: 5 },
      { name: 'axis 1', min: -0.5, max: 0.5, steps: 5 },
    ]);
    expect(warnings).toEqual([]);
  });

  it('does not guess among several', async () => {
    expect((await refusal(`${fixtures}unclear.npz`)).message).toContain('(a, b)');
    expect((await refusal(`${fixtures}several.npz`, 'nothing')).reason).toBe('missing');
  });

  it('takes integers, and a single number as one point', async () => {
    const integers = encodeNpy({
      dtype: 'int64',
      shape: [2, 2],
      data: BigInt64Array.of(1n, -2n, 3n, 4n),
    });
    expect([...(await readLandscape(written('int.npy', integers))).values]).toEqual([1, -2, 3, 4]);
    const single = encodeNpy({ dtype: 'float32', shape: [], data: Float32Array.of(2) });
    expect((await readLandscape(written('single.npy', single))).shape).toEqual([1]);
    const none = encodeNpy({ dtype: 'float32', shape: [0, 3], data: new Float32Array(0) });
    await refusal(written('none.npy', none));
  });
});

describe('VTK image data', () => {
  const files = readdirSync(fixtures).filter((name) => /^plane-.*\.vti$/.test(name));

  it('has every encoding among the fixtures', () => {
    expect(files.length).toBe(13);
  });

  it.each(files)('%s', async (name) => {
    const { values, shape, axes } = await readLandscape(fixtures + name);
    expect(shape).toEqual([3, 5]);
    expect([...values]).toEqual(plane);
    expect(axes).toEqual([
      { name: 'y', min: -2, max: 2, steps: 3 },
      { name: 'x', min: -1, max: 1, steps: 5 },
    ]);
  });

  it('has x as the fastest axis in 3-D', async () => {
    const { values, shape } = await readLandscape(`${fixtures}space-f4.vti`);
    expect(shape).toEqual([2, 3, 4]);
    expect([...values]).toEqual(Array.from({ length: 24 }, (_, v) => v * v));
  });

  it('may hold its values on cells', async () => {
    const { values, shape, axes } = await readLandscape(`${fixtures}cells.vti`);
    expect(shape).toEqual([3, 5]);
    expect([...values]).toEqual(plane);
    expect(axes?.[1]).toEqual({ name: 'x', min: -0.75, max: 1.25, steps: 5 });
  });

  it('may come from pyevtk, with several arrays', async () => {
    const { values, shape } = await readLandscape(`${fixtures}pyevtk.vti`);
    expect(shape).toEqual([3, 5]);
    expect([...values]).toEqual(plane);
    const other = await readLandscape(`${fixtures}pyevtk.vti`, { array: 'accuracy' });
    expect([...other.values]).toEqual(plane.map((x) => -x));
  });

  it('may encode a block’s header on its own, in lines, and hold a single byte', async () => {
    const file = (data: string, type = 'Float32', extent = '0 1 0 0 0 0') =>
      `<?xml version="1.0"?><!-- by hand > --><VTKFile type="ImageData" byte_order="LittleEndian"><ImageData WholeExtent="${extent}"><Piece Extent="${extent}"><PointData><DataArray Name='f' type="${type}" format="binary">\n${data}\n</DataArray></PointData></Piece></ImageData></VTKFile>`;
    const header = Buffer.from(Uint32Array.of(8).buffer).toString('base64');
    const body = Buffer.from(Float32Array.of(1.5, -2).buffer).toString('base64');
    const apart = await readLandscape(written('apart.vti', file(`${header}\n${body}`)));
    expect([...apart.values]).toEqual([1.5, -2]);
    const byte = Buffer.of(1, 0, 0, 0, 7).toString('base64');
    const single = await readLandscape(written('byte.vti', file(byte, 'UInt8', '0 0 0 0 0 0')));
    expect([...single.values]).toEqual([7]);
    expect(single.shape).toEqual([1]);
  });

  it.each(files)('%s cut short anywhere is refused or whole', async (name) => {
    const whole = readFileSync(fixtures + name);
    for (let length = whole.length - 1; length > 60; length -= 7) {
      const path = written('cut.vti', whole.subarray(0, length));
      const result = await readLandscape(path).catch((error: unknown) => error);
      if (result instanceof Error) expect(result).toBeInstanceOf(InputError);
      // Only what stands behind the last value may be missing unnoticed.
      else expect([...(result as { values: Float64Array }).values]).toEqual(plane);
    }
  });

  it.each([
    'plane-inline-zlib.vti',
    'plane-appended-raw.vti',
    '../packed/bowl-lz4-raw.vti',
    '../packed/bowl-lzma-raw.vti',
  ])('%s whose extent is absurd is refused', async (name) => {
    const text = readFileSync(fixtures + name, 'latin1');
    for (const end of ['1e308', '1e15', '1000000000']) {
      const changed = text.replace(/Piece Extent="([^"]*) \d+"/, `Piece Extent="$1 ${end}"`);
      expect(changed).not.toBe(text);
      const error = await refusal(written('absurd.vti', Buffer.from(changed, 'latin1')));
      expect(english(error.said)).toMatch(/^absurd\.vti is damaged: /);
    }
  });

  it('refuses other data, sizes that do not fit, and packings it does not know', async () => {
    const ascii = readFileSync(`${fixtures}plane-ascii.vti`, 'utf8');
    const refused: [string, string][] = [
      ['type="ImageData"', 'type="PolyData"'],
      ['Piece Extent="0 4 0 2 0 0"', 'Piece Extent="0 4 0 3 0 0"'],
      // More points than there are bytes: nobody makes room for them.
      ['Piece Extent="0 4 0 2 0 0"', 'Piece Extent="0 4 0 2 0 1e308"'],
      ['Piece Extent="0 4 0 2 0 0"', 'Piece Extent="0 4 0 2 0 1e9"'],
      ['Piece Extent="0 4 0 2 0 0"', 'Piece Extent="0 4 0 2 0 100000000"'],
      ['Piece Extent="0 4 0 2 0 0"', 'Piece Extent="0 4 0 2"'],
      ['Piece Extent="0 4 0 2 0 0"', 'Piece Extent="0 1 0 2 0 0"'],
      ['header_type', 'compressor="vtkOtherDataCompressor" header_type'],
      ['4.5\n', '4.5x\n'],
      ['format="ascii"', 'format="morse"'],
      ['type="Float64"', 'type="String"'],
      ['type="Float64"', 'NumberOfComponents="3" type="Float64"'],
      ['</PointData>', '</Points>'],
    ];
    for (const [before, after] of refused) {
      expect(ascii).toContain(before);
      await refusal(written('refused.vti', ascii.replace(before, after)));
    }
  });
});

describe('comma-separated points', () => {
  const read = (content: string, array?: string) =>
    readLandscape(written('points.csv', content), array === undefined ? {} : { array });
  const bowl = (x: number, y: number) => (x - 1) ** 2 + y * y;
  const plane = [0, 1, 2].flatMap((x) => [0, 1, 2].map((y) => [x, y] as const));

  it.each([
    ['unknown names', 'alpha,beta,error', (x: number, y: number) => `${x},${y},${bowl(x, y)}`],
    ['other unknown names', 'p;q;r', (x: number, y: number) => `${x};${y};${bowl(x, y)}`],
    [
      'noise in their coordinates',
      'x,y,loss',
      (x: number, y: number) => `${x * 0.1 + y * 1e-9},${y * 0.1 - x * 1e-9},${bowl(x, y)}`,
    ],
    [
      'figures behind their coordinates',
      'x,y,loss,accuracy',
      (x: number, y: number) => `${x},${y},${bowl(x, y)},${x * y + 0.5 * x}`,
    ],
    [
      'names with separators in quotes',
      '"a,b","c ""d"" x",loss',
      (x: number, y: number) => `${x},${y},${bowl(x, y)}`,
    ],
  ])('with %s fill a plane', async (_, header, row) => {
    const lines = plane.map(([x, y]) => row(x, y)).toReversed();
    const { values, shape } = await read([header, ...lines].join('\n'));
    expect(shape).toEqual([3, 3]);
    expect([...values]).toEqual(plane.map(([x, y]) => bowl(x, y)));
  });

  it('in the order of training are a line, with figures beside them', async () => {
    const { shape, values } = await read('epoch,time,loss\n0,1.5,3\n1,2.25,2\n2,9.5,1\n');
    expect(shape).toEqual([3]);
    expect([...values]).toEqual([3, 2, 1]);
  });

  it('with an axis of one point are a plane', async () => {
    expect((await read('x,y,loss\n0,5,1\n1,5,2\n2,5,0\n')).shape).toEqual([3, 1]);
  });

  it.each([
    ['that are scattered', 'x,y,loss\n0,0,1\n1,0.5,2\n2.5,0.25,0\n3,1,3\n4,0.75,1\n'],
    ['that are scattered, evenly along one axis', 'x,y,loss\n0,0,1\n1,0.5,2\n2,0.25,0\n3,1,3\n'],
    ['of a random search', 'lr,wd,loss\n0.1,0,1\n0.25,0.5,2\n0.2,0.25,0\n'],
    ['with a hole', 'x,y,loss\n0,0,1\n0,1,2\n1,0,3\n'],
    ['without names, with a hole', '0,0,1\n0,1,2\n1,0,3\n'],
    [
      'without names, with a hole in a larger grid',
      plane
        .slice(1)
        .map(([x, y]) => `${x},${y},7`)
        .join('\n'),
    ],
    ['of which none is named like losses', 'a,b,c\n1,2,3\n4,5,6\n'],
    ['with whole numbers beyond 2⁵³', 'x,loss\n0,9007199254740993\n1,9007199254740992\n'],
    ['with a word for a number', 'x,loss\n0,many\n1,2\n'],
  ])('%s are refused', async (_, content) => {
    await refusal(written('refused.csv', content));
  });

  it('are planes where nothing says otherwise, with a warning where they are tall', async () => {
    const rows = Array.from({ length: 40 }, (_, k) => `${k * k},${k % 7},${k}`).join('\n');
    const { shape, warnings } = await read(rows);
    expect(shape).toEqual([40, 3]);
    expect(warnings.map(english).join()).toContain('plane of 40 × 3');
  });
});

describe('values that cannot be losses', () => {
  const npy = (data: Tensor) => {
    const path = join(folder, `${data.dtype}.npy`);
    writeFileSync(path, encodeNpy(data));
    return path;
  };
  const bowl = Float64Array.from(
    { length: 1681 },
    (_, i) => ((i % 41) - 20) ** 2 + (Math.floor(i / 41) - 20) ** 2,
  );

  it.each([1e35, -1e20, 9.969209968386869e36])('%s is told as a fill value', async (fill) => {
    const data = bowl.slice();
    data[100] = data[900] = fill;
    const { warnings } = await readLandscape(npy({ dtype: 'float64', shape: [41, 41], data }));
    expect(warnings).toHaveLength(1);
    expect(english(warnings[0]!)).toContain(
      `2 of 1681 points are far outside of all others (such as ${fill})`,
    );
  });

  it('that grow fast are none', async () => {
    const data = bowl.map((x) => Math.exp(x / 100));
    const { warnings } = await readLandscape(npy({ dtype: 'float64', shape: [41, 41], data }));
    expect(warnings).toEqual([]);
  });

  it('as whole numbers beyond 2⁵³ are refused where float64 makes others of them', async () => {
    const data = BigInt64Array.of(2n ** 53n, 2n ** 53n + 1n, 2n ** 53n);
    await refusal(npy({ dtype: 'int64', shape: [1, 3], data }));
    const exact = BigInt64Array.of(2n ** 53n, 2n ** 53n + 2n, 2n ** 53n);
    const { values } = await readLandscape(npy({ dtype: 'int64', shape: [3], data: exact }));
    expect([...values]).toEqual([2 ** 53, 2 ** 53 + 2, 2 ** 53]);
  });
});

describe('comma-separated landscapes', () => {
  const read = (content: string, array?: string) =>
    readLandscape(written('grid.csv', content), array === undefined ? {} : { array });

  it.each([
    ['commas', '1,2,3\n4,5,nan\n'],
    ['semicolons, CRLF and a last separator', '1;2;3;\r\n4;5;NaN;\r\n'],
    ['tabs', '1\t2\t3\n4\t5\tNaN'],
    ['blanks, comments and a byte-order mark', '\uFEFF# alpha\n 1  2 3\n\n4 5 nan\n'],
    ['an empty field', '1,2,3\n4,5,\n'],
    ['NA', '1,2,3\n4,5,NA\n'],
    ['what pandas calls columns', '0,1,2\n1,2,3\n4,5,nan\n'],
  ])('a grid of numbers with %s: rows are the first axis', async (_, content) => {
    const { values, shape, axes } = await read(content);
    expect(shape).toEqual([2, 3]);
    expect([...values]).toEqual([1, 2, 3, 4, 5, NaN]);
    expect(axes).toBeNull();
  });

  it('a grid in its coordinates', async () => {
    const { values, shape, axes } = await read(',-1,0,1\n-2,1,2,3\n2,4,5,-inf\n');
    expect(shape).toEqual([2, 3]);
    expect([...values]).toEqual([1, 2, 3, 4, 5, -Infinity]);
    expect(axes).toEqual([
      { name: 'row', min: -2, max: 2, steps: 2 },
      { name: 'column', min: -1, max: 1, steps: 3 },
    ]);
  });

  it.each([
    ['with names', 'x,y,loss\n'],
    ['without names', ''],
  ])('points in any order %s: x is the first axis', async (_, header) => {
    const { values, shape, axes } = await read(
      `${header}1,0,5\n0,0,1\n0,10,2\n1,10,6\n1,20,7\n0,20,3\n`,
    );
    expect(shape).toEqual([2, 3]);
    expect([...values]).toEqual([1, 2, 3, 5, 6, 7]);
    expect(axes?.map(({ min, max, steps }) => [min, max, steps])).toEqual([
      [0, 1, 2],
      [0, 20, 3],
    ]);
  });

  it('points with other columns behind, the column chosen by name', async () => {
    const content = 'alpha,beta,train_acc,train_loss\n0,0,.5,1\n0,1,.6,2\n1,0,.7,3\n1,1,.8,4\n';
    expect([...(await read(content)).values]).toEqual([1, 2, 3, 4]);
    expect([...(await read(content, 'train_acc')).values]).toEqual([0.5, 0.6, 0.7, 0.8]);
    await refusal(written('grid.csv', content), 'test_loss');
  });

  it('a line of points', async () => {
    expect((await read('3\n2\n1\n')).shape).toEqual([3]);
    expect((await read('3,2,1\n')).shape).toEqual([3]);
    const line = await read('t,loss\n1,5\n0,4\n2,6\n');
    expect(line.shape).toEqual([3]);
    expect([...line.values]).toEqual([4, 5, 6]);
  });

  it.each([
    ['ragged rows', '1,2,3\n4,5\n', 'line 2 has 2 fields where the first has 3'],
    ['words', '1,2\n3,four\n', '"four" in line 2'],
    ['nothing', '', 'holds no numbers'],
    ['a header only', 'x,y,loss\n', 'holds no numbers'],
    ['points that miss one', 'x,y,loss\n0,0,1\n0,1,2\n1,0,3\n', 'do not fill a grid'],
    ['a point twice', 'x,y,loss\n0,0,1\n0,1,2\n1,0,3\n1,0,4\n', 'do not fill a grid'],
  ])('refuses %s', async (_, content, what) => {
    expect((await refusal(written('bad.csv', content))).message).toContain(what);
  });
});

describe('files that are none of these', () => {
  it('are refused', async () => {
    expect((await refusal(join(folder, 'missing.npy'))).reason).toBe('missing');
    expect((await refusal(written('picture.png', Buffer.of(0x89, 0x50, 0x4e, 0x47)))).reason).toBe(
      'unsupported',
    );
    await refusal(written('empty.npy', ''));
    await refusal(folder);
  });
});

describe('what an imported landscape should be known for', () => {
  it('a grid of even steps misses the checkpoint', async () => {
    const { warnings } = await readLandscape(
      written('even.csv', ',-1,1,3\n-1,1,2,5\n1,3,4,6\n3,3,3,3\n'),
    );
    expect(warnings.length).toBe(2);
    expect(english(warnings[0]!)).toContain('no point at 0');
  });

  it('a grid that is not the same on both sides of the checkpoint', async () => {
    const { warnings } = await readLandscape(
      written('side.csv', ',-1,0,1,2\n-1,1,2,5,6\n0,3,4,6,7\n1,3,3,3,8\n'),
    );
    expect(warnings.length).toBe(1);
    expect(english(warnings[0]!)).toContain('not in its middle');
  });

  it('values that were cut off', () => {
    const bowl = Float64Array.from(
      { length: 400 },
      (_, v) => (v % 20) ** 2 + Math.floor(v / 20) ** 2,
    );
    expect(clippingWarnings(bowl)).toEqual([]);
    const clipped = bowl.map((x) => Math.min(x, 300));
    expect(english(clippingWarnings(clipped)[0]!)).toContain('very same highest value 300');
    expect(clippingWarnings(new Float64Array(400).fill(3))).toEqual([]);
    expect(clippingWarnings(bowl.map((x) => (x > 300 ? Infinity : x)))).toEqual([]);
  });

  it('axes the other way round', () => {
    expect(swappedAxesWarnings([3, 5], [3, 5])).toEqual([]);
    expect(swappedAxesWarnings([5, 3], [3, 5]).length).toBe(1);
    expect(swappedAxesWarnings([4, 4], [4, 4])).toEqual([]);
    expect(swappedAxesWarnings([4, 7], [3, 5])).toEqual([]);
  });
});
