import { InputError } from '../../../shared/inputError';
import type { Axis } from '../../../shared/result/landscape';
import { say } from '../../../shared/words/message';

/** A landscape to be written: values in C order with an axis for each dimension of the grid. */
export interface WritableLandscape {
  readonly values: Float64Array;
  readonly axes: readonly Axis[];
  /** Whole numbers of each point, by the name of their array; in formats that hold them. */
  readonly labels?: ReadonlyMap<string, Int32Array>;
}

/**
 * VTK image data (`.vti`) for ParaView: one point array `loss` in float64, NaN and infinities as they
 * are, and the labels. The last axis is x, the fastest, the one before it y; names of axes are not kept.
 *
 * @throws InputError when there are more than three axes.
 */
export function writeVti(landscape: WritableLandscape): string {
  const { values, labels = new Map<string, Int32Array>() } = landscape;
  const axes = spaceAxes(landscape);
  const extent = axes.map(({ steps }) => `0 ${steps - 1}`).join(' ');
  const origin = axes.map(({ min }) => min).join(' ');
  const spacing = axes
    .map(({ min, max, steps }) => (steps > 1 ? (max - min) / (steps - 1) : 1))
    .join(' ');
  return vtkFile(
    'ImageData',
    `<ImageData WholeExtent="${extent}" Origin="${origin}" Spacing="${spacing}">
<Piece Extent="${extent}">
<PointData Scalars="loss">
${[dataArray('loss', 'Float64', values), ...[...labels].map(([name, numbers]) => dataArray(name, 'Int32', numbers))].join('\n')}
</PointData>
</Piece>
</ImageData>`,
  );
}

/**
 * The surface of a plane as VTK polygonal data (`.vtp`): points (x, y, loss), x the last axis, and
 * the triangles of the freudenthal neighbourhood, so that ParaView finds the same critical points.
 * Points whose loss is not finite are left out with their triangles. The point array `vertex` holds
 * the index in C order; labels are point arrays of their own.
 *
 * @throws InputError when there are not two axes.
 */
export function writeVtp({
  values,
  axes,
  labels = new Map<string, Int32Array>(),
}: WritableLandscape): string {
  const [slow, fast] = axes;
  if (axes.length !== 2 || slow === undefined || fast === undefined) {
    throw new InputError(
      say`A surface has two axes, but the landscape has ${axes.length}; save it as .vti.`,
      'unsupported',
    );
  }
  const vertices = Int32Array.from(values.keys()).filter((v) => Number.isFinite(values[v]!));
  const index = new Int32Array(values.length).fill(-1);
  vertices.forEach((v, k) => (index[v] = k));
  const points = new Float64Array(3 * vertices.length);
  vertices.forEach((v, k) => {
    points[3 * k] = coordinate(fast, v % fast.steps);
    points[3 * k + 1] = coordinate(slow, Math.floor(v / fast.steps));
    points[3 * k + 2] = values[v]!;
  });
  const triangles = Int32Array.from(
    gridTriangles(slow.steps, fast.steps)
      .filter((triangle) => triangle.every((v) => index[v]! >= 0))
      .flat(),
    (v) => index[v]!,
  );
  const count = triangles.length / 3;
  return vtkFile(
    'PolyData',
    `<PolyData>
<Piece NumberOfPoints="${vertices.length}" NumberOfVerts="0" NumberOfLines="0" NumberOfStrips="0" NumberOfPolys="${count}">
<PointData Scalars="loss">
${dataArray(
  'loss',
  'Float64',
  Float64Array.from(vertices, (v) => values[v]!),
)}
${[
  dataArray('vertex', 'Int32', vertices),
  ...[...labels].map(([name, numbers]) =>
    dataArray(
      name,
      'Int32',
      vertices.map((v) => numbers[v]!),
    ),
  ),
].join('\n')}
</PointData>
<Points>
${dataArray('points', 'Float64', points, 3)}
</Points>
<Polys>
${dataArray('connectivity', 'Int32', triangles)}
${dataArray(
  'offsets',
  'Int32',
  Int32Array.from({ length: count }, (_, k) => 3 * k + 3),
)}
</Polys>
</Piece>
</PolyData>`,
  );
}

/** The two triangles of each square, cut along (+1, −1). */
export function gridTriangles(
  rows: number,
  columns: number,
): (readonly [number, number, number])[] {
  const triangles: (readonly [number, number, number])[] = [];
  for (let i = 0; i + 1 < rows; i++) {
    for (let j = 0; j + 1 < columns; j++) {
      const v = i * columns + j;
      triangles.push([v, v + 1, v + columns], [v + 1, v + columns + 1, v + columns]);
    }
  }
  return triangles;
}

function coordinate({ min, max, steps }: Axis, step: number): number {
  return steps > 1 ? min + ((max - min) * step) / (steps - 1) : min;
}

/** Always x, y and z. */
function spaceAxes({ values, axes }: WritableLandscape): readonly Axis[] {
  const points = axes.reduce((product, { steps }) => product * steps, 1);
  if (points !== values.length) {
    throw new InputError(
      say`The axes have ${points} points but there are ${values.length} values.`,
      'mismatch',
    );
  }
  if (axes.length > 3) {
    throw new InputError(
      say`VTK images have three axes, but the landscape has ${axes.length}; save it as .npz.`,
      'unsupported',
    );
  }
  const flat = { name: '', min: 0, max: 0, steps: 1 };
  return [...axes.toReversed(), flat, flat, flat].slice(0, 3);
}

/** Blocks are base64 with a 64-bit length before them, little-endian. */
function dataArray(
  name: string,
  type: 'Float64' | 'Int32',
  numbers: Float64Array | Int32Array,
  components = 1,
): string {
  const width = numbers.BYTES_PER_ELEMENT;
  const bytes = Buffer.alloc(8 + width * numbers.length);
  bytes.writeBigUInt64LE(BigInt(width * numbers.length), 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset + 8, width * numbers.length);
  for (let k = 0; k < numbers.length; k++) {
    if (type === 'Float64') view.setFloat64(width * k, numbers[k]!, true);
    else view.setInt32(width * k, numbers[k]!, true);
  }
  const more = components === 1 ? '' : ` NumberOfComponents="${components}"`;
  return `<DataArray type="${type}" Name="${name}"${more} format="binary">${bytes.toString('base64')}</DataArray>`;
}

function vtkFile(type: string, content: string): string {
  return `<?xml version="1.0"?>
<VTKFile type="${type}" version="1.0" byte_order="LittleEndian" header_type="UInt64">
${content}
</VTKFile>
`;
}
