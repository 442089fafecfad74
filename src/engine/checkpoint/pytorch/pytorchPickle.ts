import { bytesPerElement, extentOf, isElementType, type ElementType } from '../bytes/elements';
import { Fault } from '../fault';
import type { Budget } from '../bytes/budget';
import type { PickleInterpreter } from './pickle';
import type { Quantizer } from './quantization';
import {
  isCount,
  isCounts,
  PickleGlobal,
  PickleLeaf,
  type PickleDictionary,
  type PickleValue,
} from './pickleValue';
import { say } from '../../../shared/words/message';

/** Memory that tensors are views of: one entry of a zip, one block of a legacy file. */
export class StorageReference extends PickleLeaf {
  readonly kind = 'storage';

  constructor(
    readonly key: string,
    /** Of its elements; 'uint8' where the storage has no type of its own. */
    readonly type: ElementType,
    /** Bytes. */
    readonly size: number,
    /** Bytes from the beginning of the block `key` to this storage: legacy views. */
    readonly start = 0,
  ) {
    super();
  }
}

/** A tensor, known by where its elements are. */
export class TensorReference extends PickleLeaf {
  readonly kind = 'tensor';

  constructor(
    readonly storage: StorageReference,
    readonly type: ElementType,
    readonly shape: readonly number[],
    /** Of the first element, in elements from the beginning of the storage. */
    readonly offset: number,
    readonly strides: readonly number[],
    /** Where the elements are integers that stand for the values. */
    readonly quantizer?: Quantizer<TensorReference>,
  ) {
    super();
  }

  /** Bytes of the block `storage.key` that the tensor lies in: from the first to after the last. */
  get span(): readonly [start: number, end: number] {
    const width = bytesPerElement(this.type);
    const start = this.storage.start + this.offset * width;
    return [start, start + extentOf(this) * width];
  }
}

/**
 * What the globals of `torch.save` mean: torch/_utils.py, torch/storage.py, torch/_tensor.py.
 * Everything else stays opaque.
 */
export const PYTORCH: PickleInterpreter = { call, persistent };

function call(
  callee: PickleGlobal,
  args: readonly PickleValue[],
  budget: Budget,
): PickleValue | undefined {
  switch (callee.path) {
    case 'torch._utils._rebuild_tensor':
    case 'torch._utils._rebuild_tensor_v2':
      // The seventh argument may say that the elements are to be negated or conjugated.
      if (isMarked(args[6], budget)) return undefined;
      return tensorOf(args, undefined);
    case 'torch._utils._rebuild_tensor_v3':
      if (isMarked(args[7], budget)) return undefined;
      return tensorOf(args, dtypeOf(args[6]));
    case 'torch._utils._rebuild_qtensor': {
      const quantizer = quantizerOf(args[4]);
      return quantizer && tensorOf(args, undefined, quantizer);
    }
    case 'torch._utils._rebuild_parameter':
    case 'torch._utils._rebuild_parameter_with_state':
      return args[0];
    case 'torch._tensor._rebuild_from_type_v2': {
      const [rebuild, , rebuildArgs] = args;
      // One level: a function that rebuilds through itself is nothing torch writes.
      const known =
        rebuild instanceof PickleGlobal &&
        rebuild.path !== callee.path &&
        Array.isArray(rebuildArgs);
      return known ? call(rebuild, rebuildArgs, budget) : undefined;
    }
    case 'torch.Size':
      return args[0];
    case 'torch.device':
      return deviceOf(args);
    case 'collections.OrderedDict':
    case 'collections.Counter':
    case 'builtins.dict':
      return dictionaryOf(args[0], budget);
    case 'collections.defaultdict':
      return dictionaryOf(args[1], budget);
    case 'builtins.set':
    case 'builtins.frozenset':
      if (!Array.isArray(args[0])) return new Set();
      budget.make(ENTRY_BYTES * args[0].length);
      return new Set(args[0]);
    case '_codecs.encode':
      return encoded(args, budget);
    default:
      return undefined;
  }
}

/** Of memory, in a dictionary or a set. */
const ENTRY_BYTES = 40;

function isMarked(metadata: PickleValue | undefined, budget: Budget): boolean {
  if (!(metadata instanceof Map)) return false;
  budget.visit(metadata.size);
  for (const value of metadata.values()) if (value === true) return true;
  return false;
}

/** `cuda:0`: a type, and perhaps an index. */
function deviceOf([type, index]: readonly PickleValue[]): PickleValue | undefined {
  if (typeof type !== 'string' || type.length > 64) return undefined;
  return typeof index === 'number' ? `${type}:${index}` : type;
}

/** How Python 2 and protocols up to 2 write bytes: text, whose characters are the bytes. */
function encoded([text, name]: readonly PickleValue[], budget: Budget): Uint8Array | undefined {
  if (typeof text !== 'string' || typeof name !== 'string') return undefined;
  if (!/^(latin-?1|iso-8859-1)$/i.test(name)) return undefined;
  budget.make(text.length);
  return Buffer.from(text, 'latin1');
}

function dictionaryOf(
  pairs: PickleValue | undefined,
  budget: Budget,
): PickleDictionary | undefined {
  if (pairs === undefined) return new Map();
  if (!(pairs instanceof Map) && !Array.isArray(pairs)) return undefined;
  budget.make(ENTRY_BYTES * (pairs instanceof Map ? pairs.size : pairs.length));
  if (pairs instanceof Map) return new Map(pairs);
  const dictionary: PickleDictionary = new Map();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) return undefined;
    dictionary.set(pair[0]!, pair[1]!);
  }
  return dictionary;
}

/** (storage, offset, shape, strides, …), checked against the storage's length. */
function tensorOf(
  [storage, offset, shape, strides]: readonly PickleValue[],
  dtype: ElementType | null | undefined,
  quantizer?: Quantizer<TensorReference>,
): TensorReference | undefined {
  // A type that has no name here: carried, and refused by name where it is a weight.
  if (dtype === null) return undefined;
  if (
    !(storage instanceof StorageReference) ||
    !isCount(offset) ||
    !isCounts(shape) ||
    !isCounts(strides) ||
    shape.length !== strides.length
  ) {
    throw new Fault('damaged', say`a tensor in its header makes no sense`);
  }
  const type = dtype ?? storage.type;
  const tensor = new TensorReference(storage, type, shape, offset, strides, quantizer);
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (!Number.isSafeInteger(size) || !(tensor.span[1] - storage.start <= storage.size)) {
    throw new Fault('damaged', say`a tensor in its header reaches beyond its storage`);
  }
  return tensor;
}

/** (scheme, scale, zero) or (scheme, scales, zeros, axis); undefined where the scheme is another. */
function quantizerOf(value: PickleValue | undefined): Quantizer<TensorReference> | undefined {
  if (!Array.isArray(value)) return undefined;
  const [scheme, scale, zero, axis] = value;
  if (!(scheme instanceof PickleGlobal)) return undefined;
  switch (scheme.path) {
    case 'torch.per_tensor_affine':
    case 'torch.per_tensor_symmetric':
      return typeof scale === 'number' && typeof zero === 'number'
        ? { kind: 'tensor', scale, zero }
        : undefined;
    case 'torch.per_channel_affine':
    case 'torch.per_channel_symmetric':
    case 'torch.per_channel_affine_float_qparams':
      return scale instanceof TensorReference && zero instanceof TensorReference && isCount(axis)
        ? { kind: 'channel', scales: scale, zeros: zero, axis }
        : undefined;
    default:
      return undefined;
  }
}

/** Names of storages in old files: torch/storage.py, `_legacy_tensor_type` and friends. */
const STORAGES: ReadonlyMap<string, ElementType> = new Map([
  ['DoubleStorage', 'float64'],
  ['FloatStorage', 'float32'],
  ['HalfStorage', 'float16'],
  ['BFloat16Storage', 'bfloat16'],
  ['LongStorage', 'int64'],
  ['IntStorage', 'int32'],
  ['ShortStorage', 'int16'],
  ['CharStorage', 'int8'],
  ['ByteStorage', 'uint8'],
  ['BoolStorage', 'bool'],
  ['ComplexFloatStorage', 'complex64'],
  ['ComplexDoubleStorage', 'complex128'],
  ['QInt8Storage', 'qint8'],
  ['QUInt8Storage', 'quint8'],
  ['QInt32Storage', 'qint32'],
  ['UntypedStorage', 'uint8'],
]);

/** ('storage', type, key, location, elements[, view]) */
function persistent(id: PickleValue): PickleValue {
  if (!Array.isArray(id)) throw unknownStorage();
  const [kind, type, key, , count, view] = id;
  // Legacy files put the source code of a module beside its class.
  if (kind === 'module' && type !== undefined) return type;
  if (
    kind !== 'storage' ||
    !(type instanceof PickleGlobal) ||
    !type.module.startsWith('torch') ||
    typeof key !== 'string' ||
    !isCount(count)
  ) {
    throw unknownStorage();
  }
  const element = STORAGES.get(type.name);
  if (element === undefined) {
    throw new Fault(
      'unsupported',
      say`its tensors are in a ${type.path}, which Basin does not know`,
      say`convert the weights to float32 and save again`,
    );
  }
  const width = bytesPerElement(element);
  if (!Array.isArray(view)) return new StorageReference(key, element, count * width);
  const [, start, length] = view;
  if (!isCount(start) || !isCount(length) || start + length > count) throw unknownStorage();
  return new StorageReference(key, element, length * width, start * width);
}

function unknownStorage(): Fault {
  return new Fault('damaged', say`a storage in its header makes no sense`);
}

/** null: a type without a name here. */
function dtypeOf(value: PickleValue | undefined): ElementType | null {
  return value instanceof PickleGlobal && isElementType(value.name) ? value.name : null;
}
