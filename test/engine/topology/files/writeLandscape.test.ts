import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { adjacencyOf } from '../../../../src/engine/topology/adjacency';
import { graphOf } from '../../../../src/engine/topology/points/pointGraph';
import { isMesh, readMesh } from '../../../../src/engine/topology/files/readMesh';
import { readLandscape } from '../../../../src/engine/topology/files/readLandscape';
import { writeCsv } from '../../../../src/engine/topology/files/writeCsv';
import { writeNpz } from '../../../../src/engine/topology/files/writeNpz';
import { gridTriangles, writeVti, writeVtp } from '../../../../src/engine/topology/files/writeVtk';
import { InputError } from '../../../../src/shared/inputError';
import { randomNumbers } from '../landscapes';

const folder = mkdtempSync(join(tmpdir(), 'basin-written-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function readBack(name: string, content: string | Uint8Array) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return readLandscape(path);
}

const plane = {
  values: Float64Array.from([...randomNumbers(4, 12), NaN, Infinity, -Infinity].map((x) => x / 3)),
  axes: [
    { name: 'alpha', min: -1, max: 1, steps: 3 },
    { name: 'beta', min: -2, max: 2, steps: 5 },
  ],
};
const square = {
  values: randomNumbers(1, 9),
  axes: [plane.axes[0]!, { ...plane.axes[0]!, name: 'beta' }],
};

describe('written landscapes', () => {
  it('come back from .vti with x as the last axis', async () => {
    const { values, shape, axes } = await readBack('plane.vti', writeVti(plane));
    expect([...values]).toEqual([...plane.values]);
    expect(shape).toEqual([3, 5]);
    expect(axes).toEqual([
      { ...plane.axes[0], name: 'y' },
      { ...plane.axes[1], name: 'x' },
    ]);
  });

  it('come back from .npz, with their coordinates where the axes are alike', async () => {
    const { values, shape } = await readBack('plane.npz', writeNpz(plane));
    expect([...values]).toEqual([...plane.values]);
    expect(shape).toEqual([3, 5]);
    const alike = await readBack('square.npz', writeNpz(square));
    expect([...alike.values]).toEqual([...square.values]);
    expect(alike.axes?.map(({ min, max, steps }) => [min, max, steps])).toEqual([
      [-1, 1, 3],
      [-1, 1, 3],
    ]);
    expect(writeNpz(square)).toEqual(writeNpz(square));
  });

  it('come back from .csv to the last bit', async () => {
    const { values, shape, axes } = await readBack('plane.csv', writeCsv(plane));
    expect([...values]).toEqual([...plane.values]);
    expect(shape).toEqual([3, 5]);
    expect(axes).toEqual(plane.axes);
  });

  it('are surfaces in .vtp, without points that are not finite', () => {
    const text = writeVtp(plane);
    expect(text).toContain('NumberOfPoints="12"');
    // The twelve finite points fill two rows of five and two more: eight triangles and three.
    expect(text).toContain('NumberOfPolys="11"');
    const bytes = Buffer.from(/Name="points".*?>([^<]*)</.exec(text)![1]!, 'base64');
    expect(bytes.readBigUInt64LE(0)).toBe(BigInt(12 * 3 * 8));
    expect([1, 2, 3].map((k) => bytes.readDoubleLE(8 * k))).toEqual([-2, -1, plane.values[0]]);
    expect([16, 17, 18].map((k) => bytes.readDoubleLE(8 * k))).toEqual([-2, 0, plane.values[5]]);
  });

  it('have the triangles of the freudenthal neighbourhood', () => {
    const edges = gridTriangles(4, 6).flatMap(([a, b, c]) => [a, b, b, c, c, a]);
    const ours = graphOf(24, edges);
    const theirs = adjacencyOf('freudenthal', [4, 6]);
    expect(ours.starts).toEqual(theirs.starts);
    for (let v = 0; v < 24; v++) {
      const around = theirs.targets.subarray(theirs.starts[v], theirs.starts[v + 1]);
      expect(ours.targets.subarray(ours.starts[v], ours.starts[v + 1])).toEqual(around.toSorted());
    }
  });

  it('come back from .vtp as points with the same neighbours', async () => {
    const finite = { ...plane, values: plane.values.map((x) => (Number.isFinite(x) ? x : 7)) };
    const path = join(folder, 'plane.vtp');
    writeFileSync(path, writeVtp(finite));
    expect(await isMesh(path)).toBe(true);
    const { values, points, graph } = await readMesh(path);
    expect([...values]).toEqual([...finite.values]);
    expect([...points.coordinates.subarray(0, 3)]).toEqual([-2, -1, finite.values[0]]);
    const grid = adjacencyOf('freudenthal', [3, 5]);
    for (let v = 0; v < 15; v++) {
      const around = grid.targets.subarray(grid.starts[v], grid.starts[v + 1]).toSorted();
      expect(graph.targets.subarray(graph.starts[v], graph.starts[v + 1])).toEqual(around);
    }
  });

  it('come back from .npz with axes of different lengths', async () => {
    const { axes } = await readBack('axes.npz', writeNpz(plane));
    expect(axes?.map(({ min, max, steps }) => [min, max, steps])).toEqual([
      [-1, 1, 3],
      [-2, 2, 5],
    ]);
  });

  it.each(['a,b', 'say "c"', 'loss', '#1', '3', '', 'a;b'])(
    'come back from .csv with an axis called %j',
    async (name) => {
      const axes = [{ ...plane.axes[0]!, name }, plane.axes[1]!];
      const { values, shape } = await readBack('named.csv', writeCsv({ ...plane, axes }));
      expect(shape).toEqual([3, 5]);
      expect([...values]).toEqual([...plane.values]);
    },
  );

  it('come back from .csv with axes of one point', async () => {
    const axes = [{ name: 'a', min: 2, max: 2, steps: 1 }, plane.axes[1]!];
    const values = plane.values.slice(0, 5);
    const back = await readBack('flat.csv', writeCsv({ values, axes }));
    expect(back.shape).toEqual([1, 5]);
    expect([...back.values]).toEqual([...values]);
  });

  it('are refused where the format cannot hold them', () => {
    const axis = { name: 'a', min: 0, max: 1, steps: 2 };
    const tesseract = { values: new Float64Array(16), axes: [axis, axis, axis, axis] };
    expect(() => writeVti(tesseract)).toThrow(InputError);
    expect(() => writeVtp(tesseract)).toThrow(InputError);
    expect(() => writeVti({ values: new Float64Array(3), axes: [axis] })).toThrow(InputError);
  });
});
