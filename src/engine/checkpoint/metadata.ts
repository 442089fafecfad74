import type { Checkpoint } from './checkpoint';
import { numpyNumber } from './numpy/numpyValue';
import { attributesOf, PickleObject, type PickleValue } from './pytorch/pickleValue';
import { TensorReference } from './pytorch/pytorchPickle';

type Metadata = Checkpoint['metadata'];
export type Plain = Metadata[string];

const MAX_ENTRIES = 256;
const MAX_KEY_LENGTH = 200;
const MAX_TEXT_LENGTH = 500;
/** Values that are looked at, in all and in one dictionary: it may be there under many keys. */
const MAX_VISITS = 200_000;
const MAX_VISITS_BELOW = 1000;
/** Tensors of one number: each is an entry of the file that is read. */
const MAX_TENSORS = 16;

export interface FoundMetadata {
  readonly plain: Metadata;
  /** Tensors of one element, which are numbers once they are read: `epoch: torch.tensor(3)`. */
  readonly tensors: ReadonlyMap<string, TensorReference>;
}

/**
 * The plain values at the top level of what a checkpoint holds, and one level down: `epoch`,
 * `args.lr`. Long strings are cut, and no more than 256 values are taken.
 *
 * @param leaveOut keys whose contents are the weights.
 */
export function metadataOf(root: PickleValue, leaveOut: ReadonlySet<string>): FoundMetadata {
  const found = new Map<string, Plain>();
  const tensors = new Map<string, TensorReference>();
  let visits = 0;
  const take = (key: string, value: PickleValue) => {
    if (key.length > MAX_KEY_LENGTH) return;
    if (value instanceof TensorReference) {
      const isNumber = value.shape.every((extent) => extent === 1);
      if (isNumber && tensors.size < MAX_TENSORS) tensors.set(key, value);
      return;
    }
    const plain = plainOf(value);
    if (plain !== undefined) found.set(key, plain);
  };
  const isEnough = () => found.size >= MAX_ENTRIES || ++visits > MAX_VISITS;
  for (const [key, value] of attributesOf(root) ?? []) {
    if (isEnough()) break;
    if (typeof key !== 'string') continue;
    if (leaveOut.has(key)) continue;
    take(key, value);
    let below = 0;
    for (const [inner, nested] of attributesOf(value) ?? []) {
      if (isEnough() || ++below > MAX_VISITS_BELOW) break;
      if (typeof inner === 'string') take(`${key}.${inner}`, nested);
    }
  }
  // fromEntries defines own properties, also of the name `__proto__`.
  return { plain: Object.fromEntries(found), tensors };
}

/** As people read it: no long texts, no numbers that JSON lacks; undefined where it is no plain value. */
export function plainOf(value: PickleValue): Plain | undefined {
  switch (typeof value) {
    case 'string':
      return value.length > MAX_TEXT_LENGTH ? `${value.slice(0, MAX_TEXT_LENGTH)}…` : value;
    case 'number':
      // JSON has no NaN and no infinities.
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : plainOf(value.toString());
    case 'boolean':
      return value;
    default: {
      if (value === null) return null;
      const number = value instanceof PickleObject ? numpyNumber(value) : undefined;
      return number === undefined ? undefined : plainOf(number);
    }
  }
}
