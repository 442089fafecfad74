import type { Budget } from '../bytes/budget';
import { Fault } from '../fault';
import type { Windowed } from '../bytes/windowed';
import { say } from '../../../shared/words/message';

/** A value whose bytes stay in the file. */
export class StoredBytes {
  constructor(
    /** Of an extension; null for plain bytes. */
    readonly extension: number | null,
    /** Bytes from the beginning of the file. */
    readonly start: number,
    readonly size: number,
  ) {}
}

export type PackedValue =
  | null
  | boolean
  | number
  | string
  | StoredBytes
  | readonly PackedValue[]
  | ReadonlyMap<string, PackedValue>;

const MAX_DEPTH = 100;
const MAX_TEXT_LENGTH = 2 ** 20;

/** Whether a file begins like a dictionary with text for its first key. */
export function isMessagePack(head: Uint8Array): boolean {
  const [first, second] = [head[0] ?? 0, head[{ 0xde: 3, 0xdf: 5 }[head[0] ?? 0] ?? 1] ?? 0];
  // 0x80 is an empty dictionary, and the first byte of a pickle.
  const isMap = (first > 0x80 && first <= 0x8f) || first === 0xde || first === 0xdf;
  const isText = (second >= 0xa0 && second <= 0xbf) || (second >= 0xd9 && second <= 0xdb);
  return isMap && isText;
}

/**
 * Reads one value of MessagePack. Bytes and extensions are found and not read.
 *
 * Source: msgpack/msgpack, spec.md.
 *
 * @throws Fault when it is none, or holds more than the budget allows.
 */
export async function readPacked(bytes: Windowed, budget: Budget, depth = 0): Promise<PackedValue> {
  if (depth > MAX_DEPTH)
    throw new Fault('unsupported', say`its values nest deeper than Basin follows`);
  budget.visit(1);
  // The longest head of a value is nine bytes, that of an extension six.
  await bytes.have(16);
  const code = bytes.uint8();
  if (code <= 0x7f) return code;
  if (code >= 0xe0) return code - 256;
  if (code <= 0x8f) return mapOf(bytes, code & 15, budget, depth);
  if (code <= 0x9f) return listOf(bytes, code & 15, budget, depth);
  if (code <= 0xbf) return textOf(bytes, code & 31, budget);
  switch (code) {
    case 0xc0:
      return null;
    case 0xc2:
    case 0xc3:
      return code === 0xc3;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return stored(bytes, null, bytes.unsigned(([1, 2, 4] as const)[code - 0xc4]!));
    case 0xc7:
    case 0xc8:
    case 0xc9: {
      const size = bytes.unsigned(([1, 2, 4] as const)[code - 0xc7]!);
      return stored(bytes, bytes.signed(1), size);
    }
    case 0xca:
      return bytes.float(4);
    case 0xcb:
      return bytes.float(8);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return bytes.unsigned(([1, 2, 4, 8] as const)[code - 0xcc]!);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return bytes.signed(([1, 2, 4, 8] as const)[code - 0xd0]!);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return stored(bytes, bytes.signed(1), 2 ** (code - 0xd4));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return textOf(bytes, bytes.unsigned(([1, 2, 4] as const)[code - 0xd9]!), budget);
    case 0xdc:
    case 0xdd:
      return listOf(bytes, bytes.unsigned(code === 0xdc ? 2 : 4), budget, depth);
    case 0xde:
    case 0xdf:
      return mapOf(bytes, bytes.unsigned(code === 0xde ? 2 : 4), budget, depth);
    default:
      throw new Fault('damaged', say`it holds a value that MessagePack does not have`);
  }
}

function stored(bytes: Windowed, extension: number | null, size: number): StoredBytes {
  return new StoredBytes(extension, bytes.skip(size), size);
}

async function textOf(bytes: Windowed, length: number, budget: Budget): Promise<string> {
  if (length > MAX_TEXT_LENGTH)
    throw new Fault('unsupported', say`it holds a text longer than Basin reads`);
  budget.make(32 + length);
  await bytes.have(length);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.bytes(length));
}

async function listOf(
  bytes: Windowed,
  length: number,
  budget: Budget,
  depth: number,
): Promise<PackedValue> {
  const list: PackedValue[] = [];
  for (let k = 0; k < length; k++) {
    budget.make(8);
    list.push(await readPacked(bytes, budget, depth + 1));
  }
  return list;
}

async function mapOf(
  bytes: Windowed,
  length: number,
  budget: Budget,
  depth: number,
): Promise<PackedValue> {
  const map = new Map<string, PackedValue>();
  for (let k = 0; k < length; k++) {
    budget.make(40);
    const key = await readPacked(bytes, budget, depth + 1);
    if (typeof key !== 'string' && typeof key !== 'number') {
      throw new Fault('unsupported', say`its dictionaries have keys that are no text`);
    }
    const name = String(key);
    if (map.has(name))
      throw new Fault('damaged', say`"${name}" is in one of its dictionaries twice`);
    map.set(name, await readPacked(bytes, budget, depth + 1));
  }
  return map;
}
