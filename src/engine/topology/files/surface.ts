import { Dataset, File as Hdf5File, FS, Module, ready, type Group } from 'h5wasm';
import { Fault } from '../../checkpoint/fault';
import { allowListing, allowReading } from '../../checkpoint/hdf5/limits';
import {
  attempt,
  chunkBytesOf,
  emptyFileSystem,
  FILTERS,
  MAX_CHUNK_BYTES,
  NUMBER_CLASSES,
  placeFile,
} from '../../checkpoint/hdf5/fileSystem';
import {
  evenAxis,
  exactNumbers,
  swappedAxesWarnings,
  type ImportedLandscape,
} from './importedLandscape';
import type { Axis } from '../../../shared/result/landscape';
import { say } from '../../../shared/words/message';

/** Names of a surface's own datasets, the surest first. */
const SURFACES = ['train_loss', 'test_loss', 'train_acc', 'test_acc'] as const;
const X = 'xcoordinates';
const Y = 'ycoordinates';
const MAX_POINTS = 2 ** 26;
const NOT_EVALUATED = -1;

let surfaces = 0;

/**
 * A loss surface in HDF5, as the code of Li et al. (2018, tomgoldstein/loss-landscape) writes it:
 * `xcoordinates` and, for planes, `ycoordinates`, and beside them `train_loss` and the like.
 *
 * That code walks the plane with x fastest, but gives its array the shape (x, y): on a grid that is
 * not square the array's axes are the other way round. Points that were not evaluated hold −1.
 *
 * The HDF5 library runs in WebAssembly on a copy of the file in its memory, where there is no other
 * file, not even a device, that an external or virtual dataset could name.
 *
 * @param wanted Takes this dataset.
 * @throws Fault when there is no surface, or reading it would need what is not in the file.
 */
export async function parseSurface(
  bytes: Uint8Array,
  wanted: string | undefined,
): Promise<ImportedLandscape> {
  await ready;
  const module = Module;
  emptyFileSystem();
  // The library takes two files of one name for one.
  const name = `/surface-${++surfaces}.h5`;
  allowListing(bytes.byteLength);
  placeFile(name, bytes);
  // Without it a read that fails leaves memory as it was, and says nothing.
  module.activate_throwing_error_handler();
  let file: Hdf5File | undefined;
  try {
    file = new Hdf5File(name, 'r');
    return surfaceIn(file, wanted);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      'damaged',
      say`the HDF5 library cannot read it, nor are other files opened that it may name`,
    );
  } finally {
    module.deactivate_throwing_error_handler();
    attempt(() => {
      file?.close();
    });
    FS!.unlink(name);
  }
}

function surfaceIn(root: Group, wanted: string | undefined): ImportedLandscape {
  const names = root.keys();
  const xs = numbersOf(root, names, X);
  if (xs === null) {
    throw new Fault(
      'unsupported',
      say`it has no "${X}", so it is no loss surface`,
      say`name a surface file, or analyze a checkpoint through its basin.json`,
    );
  }
  const ys = numbersOf(root, names, Y);
  const name = wanted ?? SURFACES.find((one) => names.includes(one));
  const values = name === undefined ? null : numbersOf(root, names, name);
  if (values === null) {
    throw new Fault(
      'invalid',
      wanted === undefined
        ? say`it has no ${SURFACES[0]} and no ${SURFACES[1]}`
        : say`it has no dataset "${wanted}"`,
      say`say with --array which dataset holds the losses`,
    );
  }
  // The slow axis first: y, then x.
  const lengths = [...(ys === null ? [] : [ys.data.length]), xs.data.length];
  const shape = values.shape;
  const warnings = swappedAxesWarnings(lengths, shape);
  if (warnings.length === 0 && !lengths.every((length, axis) => length === shape[axis])) {
    throw new Fault(
      'invalid',
      say`"${name!}" has ${shape.join(' × ')} values for ${lengths.join(' × ')} coordinates`,
      say`sample the surface again`,
    );
  }
  const missing = values.data.reduce((sum, x) => sum + Number(x === NOT_EVALUATED), 0);
  if (missing > 0) {
    warnings.push(
      say`${missing} of ${values.data.length} points were not evaluated (-1 in the file); they are taken as NaN, above every value, so wait for the rest or sample it again.`,
    );
  }
  const axes = [...(ys === null ? [] : [evenAxis('y', ys.data)]), evenAxis('x', xs.data)];
  if (axes.includes(null)) {
    warnings.push(say`The coordinates are not evenly spaced; places are given by index only.`);
  }
  return {
    values: values.data.map((x) => (x === NOT_EVALUATED ? NaN : x)),
    shape: lengths,
    axes: axes.every((axis): axis is Axis => axis !== null) ? axes : null,
    warnings,
  };
}

interface Numbers {
  readonly data: Float64Array;
  readonly shape: readonly number[];
}

function numbersOf(root: Group, names: readonly string[], name: string): Numbers | null {
  if (!names.includes(name)) return null;
  const entity = root.get(name);
  if (!(entity instanceof Dataset)) {
    throw new Fault('hostile', say`"${name}" is no dataset but leads elsewhere`);
  }
  const { metadata } = entity;
  const { shape } = metadata;
  if (metadata.virtual_sources !== undefined && metadata.virtual_sources.length > 0) {
    throw new Fault('hostile', say`"${name}" takes its values from other files`);
  }
  if (shape === null || shape.length < 1 || shape.length > 2) {
    throw new Fault('unsupported', say`"${name}" is no line and no plane of values`);
  }
  const points = product(shape);
  if (!(points >= 1 && points <= MAX_POINTS)) {
    throw new Fault('unsupported', say`"${name}" has ${points} values`, say`take a coarser grid`);
  }
  const chunkBytes = chunkBytesOf(entity);
  if (!(chunkBytes <= MAX_CHUNK_BYTES)) {
    throw new Fault('unsupported', say`"${name}" is stored in chunks that are too large`);
  }
  const strange = entity.filters.find(({ id }) => !FILTERS.includes(id));
  if (strange !== undefined) {
    throw new Fault(
      'unsupported',
      say`"${name}" is compressed by the filter ${strange.id}`,
      say`save it with gzip or without compression`,
    );
  }
  const isNumber = NUMBER_CLASSES.includes(metadata.type) && [1, 2, 4, 8].includes(metadata.size);
  allowReading(points * metadata.size, chunkBytes);
  const value = isNumber ? entity.value : null;
  if (!ArrayBuffer.isView(value) || value instanceof Uint8ClampedArray) {
    throw new Fault(
      'unsupported',
      say`"${name}" holds no numbers Basin reads`,
      say`save it as float64`,
    );
  }
  if (value.length !== points) throw new Fault('damaged', say`"${name}" is cut short`);
  return { data: exactNumbers(value), shape };
}

function product(extents: readonly number[]): number {
  return extents.reduce((size, extent) => size * extent, 1);
}
