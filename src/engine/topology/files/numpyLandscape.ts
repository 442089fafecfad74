import { Fault } from '../../checkpoint/fault';
import { decodeNpy } from '../../checkpoint/numpy/npyFormat';
import { readNpzArray } from '../../checkpoint/numpy/npz';
import { ZipArchive } from '../../checkpoint/bytes/zip';
import { evenAxis, exactNumbers, valueName, type ImportedLandscape } from './importedLandscape';
import type { Axis } from '../../../shared/result/landscape';
import { say } from '../../../shared/words/message';
import type { CheckpointFile } from '../../checkpoint/bytes/checkpointFile';
import type { Tensor } from '../../tensor';

const SUFFIX = '.npy';
/** Where Landscaper keeps the coordinates along each axis, as rows: `np.savez(loss=, coordinates=)`. */
const COORDINATES = 'coordinates';

/** @throws Fault */
export async function readNpyLandscape(file: CheckpointFile): Promise<ImportedLandscape> {
  return landscapeOf(decodeNpy(await file.read(0, file.size)), null);
}

/**
 * The losses of an `.npz` file: the array that is named like losses, or the only one of two and
 * more axes, or the only one; with Landscaper's coordinates where they are beside it.
 *
 * @param name Takes this array.
 * @throws Fault when none or several could be meant.
 */
export async function readNpzLandscape(
  file: CheckpointFile,
  name: string | undefined,
): Promise<ImportedLandscape> {
  const archive = await ZipArchive.open(file);
  const names = archive
    .entries()
    .filter((entry) => entry.name.endsWith(SUFFIX))
    .map((entry) => entry.name.slice(0, -SUFFIX.length));
  const wanted = name ?? valueName(names);
  const losses =
    wanted !== null ? await readNpzArray(archive, wanted) : await onlyGrid(archive, names);
  if (wanted !== COORDINATES && names.includes(COORDINATES)) {
    return landscapeOf(losses, await readNpzArray(archive, COORDINATES));
  }
  const landscape = landscapeOf(losses, null);
  return { ...landscape, axes: await separateAxes(archive, names, landscape.shape) };
}

/** Axes of different lengths have an array of coordinates each: `coordinates_0`, `coordinates_1`, … */
async function separateAxes(
  archive: ZipArchive,
  names: readonly string[],
  shape: readonly number[],
): Promise<readonly Axis[] | null> {
  const axes: Axis[] = [];
  for (const [axis, steps] of shape.entries()) {
    const name = `${COORDINATES}_${axis}`;
    if (!names.includes(name)) return null;
    const numbers = numbersOf(await readNpzArray(archive, name));
    const known = numbers.length === steps ? evenAxis(`axis ${axis}`, numbers) : null;
    if (known === null) return null;
    axes.push(known);
  }
  return axes;
}

async function onlyGrid(archive: ZipArchive, names: readonly string[]): Promise<Tensor> {
  const arrays: Tensor[] = [];
  for (const name of names)
    if (!name.startsWith(COORDINATES)) arrays.push(await readNpzArray(archive, name));
  const grids = arrays.filter(({ shape }) => shape.length > 1);
  const [only, ...more] = grids.length > 0 ? grids : arrays;
  if (only === undefined || more.length > 0) {
    throw new Fault(
      'invalid',
      say`it does not say which of its arrays (${names.slice(0, 10).join(', ')}) is the loss`,
      say`call that one "loss"`,
    );
  }
  return only;
}

function landscapeOf(losses: Tensor, coordinates: Tensor | null): ImportedLandscape {
  const shape = losses.shape.length === 0 ? [1] : losses.shape;
  return {
    values: numbersOf(losses),
    shape,
    axes: coordinates && axesOf(coordinates, shape),
  };
}

/** Axes of coordinates in the rows of an array; null where they are not those of the shape. */
function axesOf(coordinates: Tensor, shape: readonly number[]): readonly Axis[] | null {
  const [axes, steps] = coordinates.shape;
  if (coordinates.shape.length !== 2 || axes !== shape.length || steps === undefined) return null;
  if (shape.some((extent) => extent !== steps)) return null;
  const numbers = numbersOf(coordinates);
  const known = shape.map((_, axis) =>
    evenAxis(`axis ${axis}`, numbers.subarray(axis * steps, (axis + 1) * steps)),
  );
  return known.every((axis) => axis !== null) ? known : null;
}

function numbersOf(tensor: Tensor): Float64Array {
  return tensor.dtype === 'float64' ? tensor.data : exactNumbers(tensor.data);
}
