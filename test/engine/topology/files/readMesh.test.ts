import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { adjacencyOf } from '../../../../src/engine/topology/adjacency';
import { analyzeTopology } from '../../../../src/engine/topology/analyzeTopology';
import { graphTopology } from '../../../../src/engine/topology/points/pointTopology';
import { isMesh, readMesh } from '../../../../src/engine/topology/files/readMesh';
import { InputError } from '../../../../src/shared/inputError';
import { withoutBorder } from '../landscapes';

const fixtures = fileURLToPath(new URL('../../../fixtures/topology/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'basin-mesh-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What fixtures/topology/meshes.py triangulated. */
const plane = Float64Array.from({ length: 15 }, (_, v) => {
  const i = Math.floor(v / 5);
  const j = v % 5;
  return 1 + i + j / 4 + (i * j * j) / 64;
});

describe('VTK unstructured grids', () => {
  it.each(['ascii', 'inline', 'appended-zlib'])('mesh-%s.vtu', async (name) => {
    const path = `${fixtures}mesh-${name}.vtu`;
    expect(await isMesh(path)).toBe(true);
    const { values, points, graph } = await readMesh(path);
    expect(values).toEqual(plane);
    expect([...points.coordinates.subarray(3 * 7, 3 * 8)]).toEqual([0, 0, 0]);
    const theirs = adjacencyOf('freudenthal', [3, 5]);
    expect(graph.starts).toEqual(theirs.starts);
    const { pairs, essential } = analyzeTopology(values, [3, 5], { threshold: 0 });
    expect(graphTopology(values, graph)).toEqual({
      pairs: pairs.map(withoutBorder),
      essential: withoutBorder(essential),
    });
  });

  it('are refused where cells are other ones, broken, or the data is', async () => {
    const ascii = readFileSync(`${fixtures}mesh-ascii.vtu`, 'utf8');
    const swaps: [RegExp, string][] = [
      [/(Name="types"[^>]*>\s*)5/, '$19'],
      [/(Name="connectivity"[^>]*>\s*)0/, '$199'],
      [/(Name="offsets"[^>]*>\s*)3/, '$12'],
      [/NumberOfPoints="15"/, 'NumberOfPoints="16"'],
      [/NumberOfCells="16"/, 'NumberOfCells="-1"'],
      [/UnstructuredGrid/g, 'PolyData'],
      [/Name="types"/, 'Name="kinds"'],
    ];
    for (const [pattern, replacement] of swaps) {
      expect(ascii).toMatch(pattern);
      const path = join(folder, 'broken.vtu');
      writeFileSync(path, ascii.replace(pattern, replacement));
      await expect(readMesh(path)).rejects.toThrow(InputError);
    }
    const whole = readFileSync(`${fixtures}mesh-appended-zlib.vtu`);
    for (let length = whole.length - 40; length > 60; length -= 31) {
      const path = join(folder, 'cut.vtu');
      writeFileSync(path, whole.subarray(0, length));
      await expect(readMesh(path)).rejects.toThrow(InputError);
    }
  });
});
