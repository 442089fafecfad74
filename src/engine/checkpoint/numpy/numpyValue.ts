import { bytesPerElement, decode } from '../bytes/elements';
import { npyType } from './npyFormat';
import { PickleObject, type PickleValue } from '../pytorch/pickleValue';

/**
 * The number in a NumPy scalar, or in an array of one element, as they are pickled: an epoch that was
 * counted by NumPy, the best loss so far.
 *
 * Source: numpy/_core/src/multiarray: `scalar(dtype, bytes)`, and `_reconstruct` with the state
 * (version, shape, dtype, Fortran order, bytes).
 *
 * @returns undefined where it is something else.
 */
export function numpyNumber(value: PickleObject): number | bigint | boolean | undefined {
  if (/^numpy\.(_core|core)\.multiarray\.scalar$/.test(value.path)) {
    return elementOf(value.args[0], value.args[1]);
  }
  if (!/^numpy\.(_core|core)\.multiarray\._reconstruct$/.test(value.path)) return undefined;
  if (!Array.isArray(value.state)) return undefined;
  const [, shape, dtype, , bytes] = value.state;
  const isOne = Array.isArray(shape) && shape.length <= 8 && shape.every((extent) => extent === 1);
  return isOne ? elementOf(dtype, bytes) : undefined;
}

function elementOf(dtype: PickleValue | undefined, bytes: PickleValue | undefined) {
  if (!(dtype instanceof PickleObject) || dtype.path !== 'numpy.dtype') return undefined;
  const code = dtype.args[0];
  const type = typeof code === 'string' ? npyType(code) : undefined;
  if (type === undefined || !(bytes instanceof Uint8Array)) return undefined;
  if (bytes.length !== bytesPerElement(type)) return undefined;
  const order = Array.isArray(dtype.state) ? dtype.state[1] : '<';
  const { data } = decode(bytes.slice(), type, { shape: [1], strides: [1] }, order !== '>');
  return type === 'bool' ? data[0] === 1 : data[0];
}
