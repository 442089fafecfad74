import { crc32, inflateRawSync } from 'node:zlib';

/** Numbers in [0, 1), the same for a seed: mulberry32. */
export type Random = () => number;
export type Change = (bytes: Uint8Array, random: Random) => Uint8Array;
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const below = (random: Random, count: number) => Math.floor(random() * count);
const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)]!;

/** Where formats keep their lengths, counts and marks. */
const MARKS = [
  'PK\x01\x02',
  'PK\x03\x04',
  'PK\x05\x06',
  'NUMPY',
  '{',
  '"',
  'X',
  'q',
  'TREE',
  'SNOD',
  'HEAP',
  'GGUF',
  '<',
  ',',
];
const LENGTHS = [
  0,
  1,
  2,
  7,
  8,
  127,
  128,
  255,
  256,
  65535,
  65536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

/** One byte changed: what a checksum finds. */
export function flipped(bytes: Uint8Array, random: Random): Uint8Array {
  const out = Uint8Array.from(bytes);
  out[below(random, out.length)]! ^= 1 + below(random, 255);
  return out;
}

/** A file changed where it hurts: at its beginning, its end, and behind the marks of its parts. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  let out: Buffer = Buffer.from(bytes);
  for (let times = 1 + below(random, 3); times > 0; times--) out = mutatedOnce(out, random);
  return Uint8Array.from(out);
}

function mutatedOnce(bytes: Buffer, random: Random): Buffer {
  if (bytes.length < 2) return Buffer.from([below(random, 256)]);
  const out = Buffer.from(bytes);
  const at = place(out, random);
  const length = 1 + below(random, Math.min(64, out.length - at));
  switch (below(random, 9)) {
    case 0:
      out[at]! ^= 1 << below(random, 8);
      return out;
    case 1:
      out[at] = below(random, 256);
      return out;
    case 2: {
      const value = pick(random, LENGTHS);
      const width = pick(random, [1, 2, 4, 8]);
      const field = Buffer.alloc(8);
      field.writeBigUInt64LE(BigInt(value) + (random() < 0.1 ? 2n ** 63n : 0n));
      field.copy(out, at, 0, width);
      return out;
    }
    case 3:
      return out.subarray(0, below(random, out.length));
    case 4:
      return Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
    case 5:
      return Buffer.concat([out.subarray(0, at + length), out.subarray(at)]);
    case 6:
      return Buffer.concat([out.subarray(0, at), noise(random, length), out.subarray(at)]);
    case 7: {
      const other = place(out, random);
      out.copyWithin(at, other, Math.min(out.length, other + length));
      return out;
    }
    default: {
      const digits = Buffer.from(String(pick(random, [...LENGTHS, 2 ** 53, 1e21, -1])));
      digits.copy(out, at);
      return out;
    }
  }
}

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => below(random, 256)));
}

function place(bytes: Buffer, random: Random): number {
  const kind = random();
  if (kind < 0.3) return below(random, bytes.length);
  if (kind < 0.45) return below(random, Math.min(64, bytes.length));
  if (kind < 0.6) return bytes.length - 1 - below(random, Math.min(64, bytes.length));
  const from = below(random, bytes.length);
  const found = bytes.indexOf(pick(random, MARKS), from, 'latin1');
  return found < 0 ? from : Math.min(bytes.length - 1, found + below(random, 48));
}

/** Pieces of pickles, each with meaning of its own. */
const OPCODES = [
  ...[
    '(',
    ')',
    ']',
    '}',
    '0',
    '1',
    '2',
    'N',
    '\x88',
    '\x85',
    '\x86',
    '\x87',
    't',
    'l',
    'd',
    'a',
    'e',
    's',
    'u',
  ],
  ...[
    'R',
    '\x81',
    '\x92',
    'b',
    'Q',
    'o',
    '\x8f',
    '\x90',
    '\x91',
    '\x94',
    'h\x00',
    'h\x01',
    'q\x00',
    'K\x01',
  ],
  ...[
    'J\xff\xff\xff\x7f',
    '\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00',
    'X\x01\x00\x00\x00w',
    'C\x02ab',
  ],
  ...['ctorch._utils\n_rebuild_tensor_v2\n', 'ccollections\nOrderedDict\n', 'c_codecs\nencode\n'],
  ...[
    'ctorch\nFloatStorage\n',
    'ctorch\ndevice\n',
    'cbuiltins\ngetattr\n',
    'cos\nsystem\n',
    'cos\nPathLike\n',
  ],
  ...[
    '\x95\xff\xff\xff\xff\xff\xff\xff\xff',
    '\x8d\xff\xff\xff\xff\xff\xff\xff\x7f',
    'X\xff\xff\xff\xff',
  ],
].map((text) => Buffer.from(text, 'latin1'));

/** A pickle with other opcodes in it. */
export function mutatedPickle(pickle: Uint8Array, random: Random): Uint8Array {
  let out: Buffer = Buffer.from(pickle);
  for (let times = 1 + below(random, 4); times > 0; times--) {
    const at = 2 + below(random, Math.max(1, out.length - 3));
    const piece = Buffer.concat(
      Array.from({ length: 1 + below(random, 3) }, () => pick(random, OPCODES)),
    );
    const skipped = random() < 0.5 ? 0 : below(random, 8);
    out = Buffer.concat([
      out.subarray(0, at),
      random() < 0.05 ? Buffer.concat(Array.from({ length: 2000 }, () => piece)) : piece,
      out.subarray(at + skipped),
    ]);
  }
  return Uint8Array.from(out);
}

/** Entries of a zip archive without comments or zip64 sizes. */
export function entriesOf(archive: Uint8Array): [name: string, bytes: Buffer][] {
  const bytes = Buffer.from(archive);
  const entries: [string, Buffer][] = [];
  let at = bytes.readUInt32LE(bytes.lastIndexOf('PK\x05\x06', bytes.length, 'latin1') + 16);
  while (bytes.toString('latin1', at, at + 4) === 'PK\x01\x02') {
    const [method, packed] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
    const [nameBytes, extra, comment] = [28, 30, 32].map((k) => bytes.readUInt16LE(at + k));
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const stored = bytes.subarray(start, start + packed);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameBytes!);
    entries.push([name, method === 8 ? inflateRawSync(stored) : stored]);
    at += 46 + nameBytes! + extra! + comment!;
  }
  return entries;
}

/** A zip archive of entries that are not packed, with right checksums. */
export function zipOf(
  entries: readonly (readonly [name: string, bytes: Uint8Array])[],
): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of entries) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name)]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.of(20, 0), common, rest, Buffer.from(name)]),
    );
    parts.push(local, Buffer.from(bytes));
    offset += local.length + bytes.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(Buffer.concat(directory).length, 8);
  end.writeUInt32LE(offset, 12);
  return Uint8Array.from(Buffer.concat([...parts, ...directory, Buffer.from('PK\x05\x06'), end]));
}
