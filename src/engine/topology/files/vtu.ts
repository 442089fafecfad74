import { Fault } from '../../checkpoint/fault';
import { graphOf } from '../points/pointGraph';
import { chooseArray, openVtkXml, readNumbers, type VtkXml } from './vtkXml';
import type { Adjacency } from '../adjacency';
import type { Points } from '../points/points';
import { say } from '../../../shared/words/message';

/** A landscape sampled on points that are no grid. */
export interface ImportedMesh {
  readonly values: Float64Array;
  /** In three dimensions, as VTK has them. */
  readonly points: Points;
  /** Points are neighbours when they share a cell. */
  readonly graph: Adjacency;
}

/** Cells in which every two corners share an edge, by VTK's numbers. */
const SIMPLICES = new Map([
  [1, 1],
  [3, 2],
  [5, 3],
  [10, 4],
]);
const MAX_POINTS = 2 ** 26;

/**
 * VTK's unstructured grid in XML: `.vtu`. Points, lines, triangles and tetrahedra.
 *
 * @param arrayName Takes this array; otherwise the one named like losses, the one the file marks as
 *   scalars, or the only one.
 * @throws Fault when cells are other ones, or corners are no points of the file.
 */
export function parseVtu(bytes: Uint8Array, arrayName: string | undefined): ImportedMesh {
  const file = openVtkXml(
    bytes,
    'UnstructuredGrid',
    say`unstructured grid`,
    say`save the landscape as .vtu or .vti`,
  );
  const count = sizeOf(file, 'NumberOfPoints');
  const cells = sizeOf(file, 'NumberOfCells');
  const { array, onCells } = chooseArray(file.elements, arrayName);
  if (onCells) {
    throw new Fault('unsupported', say`its losses are on cells`, say`save them on points`);
  }
  const values = readNumbers(file, array, count);
  const coordinates = readNumbers(file, arrayIn(file, 'Points', null), 3 * count);
  const types = readNumbers(file, arrayIn(file, 'Cells', 'types'), cells);
  const offsets = readNumbers(file, arrayIn(file, 'Cells', 'offsets'), cells);
  const corners = offsets.at(-1) ?? 0;
  if (!(Number.isInteger(corners) && corners >= 0 && corners <= 4 * cells)) throw brokenCells();
  const connectivity = readNumbers(file, arrayIn(file, 'Cells', 'connectivity'), corners);
  if (!connectivity.every((v) => Number.isInteger(v) && v >= 0 && v < count)) throw brokenCells();
  return {
    values,
    points: { coordinates, dimensions: 3 },
    graph: graphOf(count, cellEdges(types, offsets, connectivity)),
  };
}

/**
 * VTK's surfaces in XML: `.vtp`, also Basin's own. Points that are neighbours share a triangle or a
 * line.
 *
 * @throws Fault as `parseVtu`.
 */
export function parseVtp(bytes: Uint8Array, arrayName: string | undefined): ImportedMesh {
  const file = openVtkXml(bytes, 'PolyData', say`surface`, say`save the landscape as .vtp or .vti`);
  const count = sizeOf(file, 'NumberOfPoints');
  const { array, onCells } = chooseArray(file.elements, arrayName);
  if (onCells) {
    throw new Fault('unsupported', say`its losses are on cells`, say`save them on points`);
  }
  const edges: number[] = [];
  for (const [section, total, corners] of POLYGONS) {
    if (!file.piece.attributes.has(total)) continue;
    const cells = sizeOf(file, total);
    if (cells === 0) continue;
    const offsets = readNumbers(file, arrayIn(file, section, 'offsets'), cells);
    if (!offsets.every((offset, cell) => offset === corners * (cell + 1))) {
      throw new Fault(
        'unsupported',
        say`it has other ${section} than Basin reads`,
        say`cut them into triangles first`,
      );
    }
    const connectivity = readNumbers(file, arrayIn(file, section, 'connectivity'), corners * cells);
    if (!connectivity.every((v) => Number.isInteger(v) && v >= 0 && v < count)) throw brokenCells();
    for (let at = 0; at < connectivity.length; at += corners) {
      for (let a = at; a < at + corners; a++) {
        for (let b = a + 1; b < at + corners; b++) edges.push(connectivity[a]!, connectivity[b]!);
      }
    }
  }
  if (edges.length === 0 && count > 1) {
    throw new Fault(
      'unsupported',
      say`its points are in no cells`,
      say`save it with its triangles`,
    );
  }
  return {
    values: readNumbers(file, array, count),
    points: {
      coordinates: readNumbers(file, arrayIn(file, 'Points', null), 3 * count),
      dimensions: 3,
    },
    graph: graphOf(count, edges),
  };
}

/** Kinds of cells of a surface: where they are, how many, and the corners of each. */
const POLYGONS = [
  ['Lines', 'NumberOfLines', 2],
  ['Polys', 'NumberOfPolys', 3],
] as const;

function cellEdges(
  types: Float64Array,
  offsets: Float64Array,
  connectivity: Float64Array,
): number[] {
  const edges: number[] = [];
  let from = 0;
  for (let cell = 0; cell < types.length; cell++) {
    const to = offsets[cell]!;
    const expected = SIMPLICES.get(types[cell]!);
    if (expected === undefined) {
      throw new Fault(
        'unsupported',
        say`it has cells of VTK's type ${types[cell]!}`,
        say`cut them into triangles or tetrahedra first`,
      );
    }
    if (to - from !== expected) throw brokenCells();
    for (let a = from; a < to; a++) {
      for (let b = a + 1; b < to; b++) edges.push(connectivity[a]!, connectivity[b]!);
    }
    from = to;
  }
  return edges;
}

function sizeOf({ piece }: VtkXml, name: string): number {
  const size = Number(piece.attributes.get(name));
  if (!(Number.isInteger(size) && size >= 0 && size <= MAX_POINTS)) {
    throw new Fault('damaged', say`its ${name} makes no sense`);
  }
  return size;
}

function arrayIn({ elements }: VtkXml, parent: string, name: string | null) {
  const array = elements.find(
    (element) =>
      element.name === 'DataArray' &&
      element.path.at(-1) === parent &&
      (name === null || element.attributes.get('Name') === name),
  );
  if (array === undefined) throw new Fault('damaged', say`it has no ${name ?? parent}`);
  return array;
}

function brokenCells(): Fault {
  return new Fault('damaged', say`its cells are no cells of its points`);
}
