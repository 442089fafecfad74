import { crc32 } from 'node:zlib';
import { encodeNpy } from '../../checkpoint/numpy/npyFormat';
import type { Tensor } from '../../tensor';
import type { WritableLandscape } from './writeVtk';

/**
 * A landscape as NumPy's `.npz`: `loss` with an axis for each of the grid's, and the coordinates of
 * the points along each, in float64. Where all axes have as many points, as `coordinates`, one row
 * for each axis, which is how Landscaper has them; else as `coordinates_0`, `coordinates_1`, … Labels
 * have the shape of the loss.
 */
export function writeNpz({
  values,
  axes,
  labels = new Map<string, Int32Array>(),
}: WritableLandscape): Uint8Array {
  const rows = axes.map(({ min, max, steps }) =>
    Float64Array.from({ length: steps }, (_, k) =>
      steps > 1 ? min + ((max - min) * k) / (steps - 1) : min,
    ),
  );
  const array = (shape: readonly number[], data: Float64Array): Tensor => ({
    dtype: 'float64',
    shape,
    data,
  });
  const steps = rows[0]?.length ?? 0;
  const coordinates: [string, Tensor][] = rows.every((row) => row.length === steps)
    ? [
        [
          'coordinates',
          array([rows.length, steps], Float64Array.from(rows.flatMap((row) => [...row]))),
        ],
      ]
    : rows.map((row, axis) => [`coordinates_${axis}`, array([row.length], row)]);
  return storedZip([
    [
      'loss.npy',
      encodeNpy(
        array(
          axes.map((axis) => axis.steps),
          values,
        ),
      ),
    ],
    ...[
      ...coordinates,
      ...[...labels].map(([name, data]): [string, Tensor] => [
        name,
        { dtype: 'int32', shape: axes.map((axis) => axis.steps), data },
      ]),
    ].map(([name, tensor]): [string, Uint8Array] => [`${name}.npy`, encodeNpy(tensor)]),
  ]);
}

/** 1 January 1980, the first day zip knows: the same landscape gives the same bytes. */
const DOS_DATE = 0x21;

/** An archive of uncompressed entries (APPNOTE 6.3.10, without zip64: up to 4 GiB). */
function storedZip(entries: readonly (readonly [name: string, bytes: Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, bytes] of entries) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(DOS_DATE, 8);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name)]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.of(20, 0), common, rest, Buffer.from(name)]),
    );
    parts.push(local, bytes);
    offset += local.length + bytes.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(size, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, ...directory, Buffer.from('PK\x05\x06'), end]);
}
