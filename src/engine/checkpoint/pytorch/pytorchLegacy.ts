import type { Checkpoint } from '../checkpoint';
import type { CheckpointFile } from '../bytes/checkpointFile';
import { Budget } from '../bytes/budget';
import { bytesPerElement } from '../bytes/elements';
import { Fault } from '../fault';
import { PLAIN, unpickle, type PickleInterpreter, type Unpickled } from './pickle';
import { PickleTruncated } from './pickleBytes';
import type { PickleValue } from './pickleValue';
import { isKnownPickle, otherPickle } from '../formats/otherFormats';
import { blocks as blocksOfFile } from '../bytes/pieces';
import { pytorchCheckpoint } from './pytorch';
import { PYTORCH, StorageReference } from './pytorchPickle';
import { say } from '../../../shared/words/message';

/** torch/serialization.py: MAGIC_NUMBER, PROTOCOL_VERSION. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

const MAX_HEADER_BYTES = 64 * 2 ** 20;
/** Of the file that are read at once: nearly all headers are in the first, and all but few in the second. */
const FIRST_BYTES = 2 ** 16;
const MORE_BYTES = 2 ** 24;

/**
 * Opens what `torch.save` wrote before PyTorch 1.6: pickles of the magic number, the protocol, the
 * system and the object, then a pickled list of storage keys and each storage behind its length.
 * Reads the pickles and the lengths.
 *
 * @throws Fault; also for any other pickle.
 */
export async function openPytorchLegacy(
  file: CheckpointFile,
  weights: string | undefined,
): Promise<Checkpoint> {
  const pickles = new PickleStream(file);
  if ((await magicOf(pickles)) !== MAGIC) throw await plainPickle(pickles);
  if ((await pickles.next(PLAIN)) !== PROTOCOL) {
    throw new Fault('damaged', say`its protocol version is not 1001`);
  }
  const system = await pickles.next(PLAIN);
  const littleEndian = !(system instanceof Map && system.get('little_endian') === false);

  const widths = new Map<string, number>();
  const { value: root, calls } = await pickles.read({
    call: (callee, args, budget) => PYTORCH.call(callee, args, budget),
    persistent(id) {
      const storage = PYTORCH.persistent(id);
      if (storage instanceof StorageReference) {
        widths.set(storage.key, bytesPerElement(storage.type));
      }
      return storage;
    },
  });
  const keys = await pickles.next(PLAIN);
  if (!Array.isArray(keys)) throw new Fault('damaged', say`its list of storages is no list`);

  /** Where each storage begins, and its bytes. */
  const blocks = new Map<string, { readonly start: number; readonly size: number }>();
  let position = pickles.position;
  for (const key of keys) {
    const width = typeof key === 'string' ? widths.get(key) : undefined;
    if (typeof key !== 'string' || width === undefined || blocks.has(key)) {
      throw new Fault('damaged', say`its list of storages does not belong to its tensors`);
    }
    const length = await file.read(position, 8);
    const count = new DataView(length.buffer).getBigInt64(0, littleEndian);
    const size = Number(count) * width;
    position += 8;
    if (!(size >= 0 && position + size <= file.size)) {
      throw new Fault('damaged', say`it is cut short in its tensors`);
    }
    blocks.set(key, { start: position, size });
    position += size;
  }
  if (position !== file.size) throw new Fault('damaged', say`something follows its last tensor`);

  const blockOf = ({ key }: StorageReference) => {
    const block = blocks.get(key);
    if (!block) throw new Fault('damaged', say`its storage ${key} is missing`);
    return block;
  };
  const pickled = { root, calls, budget: new Budget(pickles.position) };
  return pytorchCheckpoint(file, 'pytorch-legacy', pickled, weights, littleEndian, {
    check(storage) {
      if (blockOf(storage).size < storage.start + storage.size) {
        throw new Fault('damaged', say`its storage ${storage.key} is shorter than announced`);
      }
    },
    read: (storage, start, end) => file.read(blockOf(storage).start + start, end - start),
    blocks(storage, start, end, length) {
      const base = blockOf(storage).start;
      const read = (from: number, to: number) => file.read(from, to - from);
      return blocksOfFile(read, base + start, base + end, length);
    },
  });
}

/** The first value; null where the bytes of arrays are between a pickle's own, as joblib has them. */
async function magicOf(pickles: PickleStream): Promise<PickleValue> {
  try {
    return await pickles.next(PLAIN);
  } catch (error) {
    const isDamaged = error instanceof Fault && error.reason === 'damaged';
    if (!isDamaged || !isKnownPickle(pickles.head)) throw error;
    return null;
  }
}

/** A pickle that torch.save did not write: worth a warning if it is hostile. */
async function plainPickle(pickles: PickleStream): Promise<Fault> {
  const named = otherPickle(pickles.head);
  try {
    await pickles.rewind().next(PLAIN);
  } catch (error) {
    if (error instanceof Fault && error.reason === 'hostile') return error;
    if (error instanceof PickleTruncated && !isKnownPickle(pickles.head)) return error;
  }
  return named;
}

/** Pickles one after the other; as much of the file as they turn out to need is in memory. */
class PickleStream {
  position = 0;
  private window: Uint8Array = new Uint8Array(0);

  constructor(private readonly file: CheckpointFile) {}

  async next(interpreter: PickleInterpreter): Promise<PickleValue> {
    return (await this.read(interpreter)).value;
  }

  async read(interpreter: PickleInterpreter): Promise<Unpickled> {
    for (;;) {
      try {
        const pickled = unpickle(this.window, interpreter, this.position);
        this.position = pickled.end;
        return pickled;
      } catch (error) {
        const have = this.window.length;
        if (!(error instanceof PickleTruncated) || have === this.file.size) throw error;
        if (have >= MAX_HEADER_BYTES) {
          throw new Fault('unsupported', say`its pickled header is larger than Basin reads`);
        }
        // What was read so far is read again: a second time, and seldom a third.
        const want = have === 0 ? FIRST_BYTES : Math.max(MORE_BYTES, have * 4);
        this.window = await this.file.read(0, Math.min(want, this.file.size));
      }
    }
  }

  /** The first bytes of the file. */
  get head(): Uint8Array {
    return this.window.subarray(0, 4096);
  }

  rewind(): this {
    this.position = 0;
    return this;
  }
}
