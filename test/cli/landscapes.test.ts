import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeNpy } from '../../src/engine/checkpoint/numpy/npyFormat';
import { openCheckpoint } from '../../src/engine/checkpoint/openCheckpoint';
import type { Comparison } from '../../src/shared/comparison';
import type { Topology } from '../../src/shared/result/topology';
import { basin, ROOT } from './basin';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const fixture = (name: string): string => join(ROOT, 'test/fixtures/topology', name);

/** Two basins, (1, 5) and the essential (0, 9), on a plane of 3 × 5. */
const PLANE = [9, 9, 9, 9, 9, 9, 0, 5, 1, 9, 9, 9, 9, 9, 9];
function plane(name: string, values: readonly number[] = PLANE): string {
  const path = join(folder, name);
  const tensor = { dtype: 'float64', shape: [3, 5], data: Float64Array.from(values) } as const;
  writeFileSync(path, encodeNpy(tensor));
  return path;
}

describe('basin topology', () => {
  test('reads the surfaces of Li et al. and says what is odd about them', async () => {
    const args = ['topology', fixture('surface-swapped.h5'), '--json', '--threshold', '0'];
    const { status, stdout, stderr } = await basin(args);
    expect(status).toBe(0);
    expect(stderr).toContain('its axes are swapped');
    // The minimum of x² + 3(y − 1)² + xy/2 is between points; on the grid it is (−⅓, 1).
    expect(JSON.parse(stdout)).toMatchObject({
      shape: [5, 7],
      minima: 1,
      essential: { birthVertex: 3 * 7 + 2 },
    });
  });

  test('does not follow an HDF5 file out of itself', async () => {
    for (const name of ['external', 'virtual', 'external-link', 'device']) {
      const { status, stdout, stderr } = await basin([
        'topology',
        fixture(`surface-${name}.h5`),
        '--json',
      ]);
      expect(status).toBe(1);
      expect(stdout).toBe('');
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  });

  test('reads unstructured grids with the neighbourhood of their cells, or another', async () => {
    const own = await basin(['topology', fixture('mesh-ascii.vtu'), '--json']);
    expect(own.status).toBe(0);
    expect(JSON.parse(own.stdout)).toMatchObject({ neighborhood: 'cells', shape: [15] });
    const nearest = await basin([
      'topology',
      fixture('mesh-ascii.vtu'),
      '--neighborhood',
      'gabriel',
      '--json',
    ]);
    expect(JSON.parse(nearest.stdout)).toMatchObject({ neighborhood: 'gabriel' });
  });

  test('writes the landscape in every format, to the same topology', async () => {
    const from = plane('plane.npy');
    const pairsOf = async (path: string): Promise<Topology['pairs']> => {
      const { stdout } = await basin(['topology', path, '--json', '--threshold', '0']);
      return (JSON.parse(stdout) as Topology).pairs;
    };
    const expected = [{ birth: 1, death: 5, birthVertex: 8, deathVertex: 7 }];
    for (const ending of ['vti', 'npz', 'csv', 'json']) {
      const out = join(folder, `out.${ending}`);
      const { status } = await basin(['topology', from, '--export', out]);
      expect(status).toBe(0);
      expect(await pairsOf(out)).toEqual(expected);
    }
    const surface = join(folder, 'out.vtp');
    expect((await basin(['export', from, surface])).status).toBe(0);
    expect(readFileSync(surface, 'utf8')).toContain('<VTKFile type="PolyData"');
    const unknown = await basin(['export', from, join(folder, 'out.xyz')]);
    expect([unknown.status, unknown.stderr]).toEqual([
      1,
      expect.stringContaining('names no format to export to'),
    ]);
  });
});

describe('basin topology with more than the merge tree', () => {
  /** Neighbours of a vertex of the plane, as `freudenthal` has them. */
  function neighbors(vertex: number): number[] {
    const [row, column] = [Math.floor(vertex / 5), vertex % 5];
    return [
      [0, 1],
      [0, -1],
      [1, 0],
      [-1, 0],
      [1, -1],
      [-1, 1],
    ].flatMap(([down = 0, right = 0]) => {
      const [r, c] = [row + down, column + right];
      return r >= 0 && r < 3 && c >= 0 && c < 5 ? [5 * r + c] : [];
    });
  }

  function minimumBelow(vertex: number): number {
    if (vertex === 6 || vertex === 8) return vertex;
    const below = neighbors(vertex).sort((a, b) => PLANE[a]! - PLANE[b]! || a - b);
    // A corner of the plateau is a minimum of persistence 0, and spills into what is beside it.
    return minimumBelow(below[0]!);
  }

  const BASINS = PLANE.map((_, vertex) => minimumBelow(vertex));

  interface Printed {
    readonly splitTree: { readonly nodes: readonly { vertex: number; size: number }[] };
    readonly contourTree: {
      readonly nodes: readonly { vertex: number; down: number }[];
      readonly arcs: readonly { size: number }[];
    };
    readonly basins: { readonly minima: readonly number[]; readonly basin: readonly number[] };
  }
  async function printed(...flags: string[]): Promise<Printed> {
    const { stdout } = await basin(['topology', plane('plane.npy'), '--json', ...flags]);
    return JSON.parse(stdout) as Printed;
  }

  test('gives the split and the contour tree, simplified to the threshold', async () => {
    for (const [threshold, minima] of [
      ['0', [6, 8]],
      // The shallower basin is 4 deep.
      ['4.5', [6]],
    ] as const) {
      const { splitTree, contourTree } = await printed('--trees', '--threshold', threshold);
      const { nodes, arcs } = contourTree;
      expect(arcs).toHaveLength(nodes.length - 1);
      const lowest = nodes.filter(({ down }) => down === 0).map(({ vertex }) => vertex);
      expect(lowest).toEqual(minima);
      // One maximum, the last of the plateau, and the way down to the minimum.
      expect(splitTree.nodes.map(({ vertex }) => vertex)).toEqual([14, 6]);
      expect(splitTree.nodes.reduce((sum, { size }) => sum + size, 0)).toBe(15);
    }
    const text = await basin(['topology', plane('plane.npy'), '--trees', '--threshold', '0']);
    expect(text.stdout).toMatch(/split tree: 1 maximum; contour tree: \d+ nodes, \d+ arcs/);
    const squares = await basin([
      ...['topology', plane('plane.npy'), '--trees', '--neighborhood', '4'],
    ]);
    expect([squares.status, squares.stderr]).toEqual([
      1,
      expect.stringContaining('use freudenthal or 8'),
    ]);
  });

  test('gives the basin of each point, in documents and in other formats', async () => {
    const { basins } = await printed('--basins', '--threshold', '0');
    expect(basins.minima).toEqual([6, 8]);
    expect(basins.basin.map((index) => basins.minima[index])).toEqual(BASINS);

    const args = ['topology', plane('plane.npy'), '--basins', '--threshold', '0', '--export'];
    const npz = join(folder, 'out.npz');
    const { stdout } = await basin([...args, npz]);
    expect(stdout).toContain('2 basins');
    const archive = await openCheckpoint(npz);
    expect(Array.from((await archive.read('basin')).data, Number)).toEqual(BASINS);
    await archive.close();
    for (const ending of ['vti', 'vtp']) {
      const out = join(folder, `out.${ending}`);
      expect((await basin([...args, out])).status).toBe(0);
      const block = /Name="basin" format="binary">([^<]+)</.exec(readFileSync(out, 'utf8'))?.[1];
      const bytes = Buffer.from(block ?? '', 'base64');
      // After the length of the block.
      const read = Array.from({ length: 15 }, (_, k) => bytes.readInt32LE(8 + 4 * k));
      expect(read).toEqual(BASINS);
    }
    const csv = await basin([...args, join(folder, 'out.csv')]);
    expect([csv.status, csv.stderr]).toEqual([1, expect.stringContaining('can hold losses alone')]);
    // The losses are read again, and not the labels beside them.
    const again = await basin(['topology', npz, '--json', '--threshold', '0']);
    expect(JSON.parse(again.stdout)).toMatchObject({ minima: 2, essential: { birthVertex: 6 } });

    const mesh = await basin(['topology', fixture('mesh-ascii.vtu'), '--basins', '--trees']);
    expect([mesh.status, mesh.stderr]).toEqual([
      1,
      expect.stringContaining('--trees and --basins are for grids'),
    ]);
  });
});

describe('basin compare', () => {
  test('prints a table, or one document', async () => {
    const first = plane('first.npy');
    // The second basin is shallower by 2.
    const second = plane('second.npy', PLANE.with(8, 3));
    const document = await basin(['compare', first, second, '--json']);
    expect(document.status).toBe(0);
    const { topology } = JSON.parse(document.stdout) as Comparison;
    expect(topology!.bottleneck.distance).toBe(2);
    expect(document.stderr).toContain('does not say where its points lie');

    const { status, stdout } = await basin(['compare', first, second]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^first +\S+first\.npy\nsecond +\S+second\.npy\n/);
    expect(stdout).toMatch(/bottleneck distance +2 \(22\.2 % of the range/);
    expect(stdout).toMatch(/minima +2 +2 +0\n/);
  });

  test('says what is missing in one line', async () => {
    const { status, stdout, stderr } = await basin([
      'compare',
      plane('first.npy'),
      join(folder, 'none.npy'),
    ]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('does not exist');
  });
});
