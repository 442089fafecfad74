/** Changes that know where a format keeps its lengths, counts and addresses. */
import { mutated, type Change, type Random } from './mutations';

const below = (random: Random, count: number) => Math.floor(random() * count);
const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)]!;

/** A number in a file: little-endian. */
export interface Field {
  readonly at: number;
  readonly width: 1 | 2 | 4 | 8;
}

/** One to three numbers of a file are others: too large, of another place, off by one. */
function lied(bytes: Uint8Array, fields: readonly Field[], random: Random): Uint8Array {
  if (fields.length === 0) return mutated(bytes, random);
  const out = Buffer.from(bytes);
  for (let times = 1 + below(random, 3); times > 0; times--) {
    const { at, width } = pick(random, fields);
    if (at + width > out.length) continue;
    const own = get(out, at, width);
    const other = pick(random, fields);
    const choices: readonly (() => bigint)[] = [
      () => 0n,
      () => 2n ** BigInt(8 * width) - 1n,
      () => 2n ** BigInt(8 * width - 1),
      () => own + 1n,
      () => own - 1n,
      () => own * 2n,
      () => own + BigInt(2 ** below(random, 33)),
      () => BigInt(out.length),
      () => BigInt(below(random, out.length)),
      () => BigInt(at),
      () => (other.at + other.width <= out.length ? get(out, other.at, other.width) : 1n),
      () => own ^ (1n << BigInt(below(random, 8 * width))),
    ];
    put(out, at, width, pick(random, choices)());
  }
  return Uint8Array.from(out);
}

function get(bytes: Buffer, at: number, width: Field['width']): bigint {
  let value = 0n;
  for (let k = width - 1; k >= 0; k--) value = (value << 8n) | BigInt(bytes[at + k]!);
  return value;
}

function put(bytes: Buffer, at: number, width: Field['width'], value: bigint): void {
  let rest = BigInt.asUintN(8 * width, value);
  for (let k = 0; k < width; k++, rest >>= 8n) bytes[at + k] = Number(rest & 255n);
}

/** Numbers that follow each other from `at` on. */
function row(at: number, widths: readonly Field['width'][]): Field[] {
  const fields: Field[] = [];
  let from = at;
  for (const width of widths) {
    fields.push({ at: from, width });
    from += width;
  }
  return fields;
}

/** APPNOTE.TXT 4.3.7, 4.3.12, 4.3.14 to 4.3.16: from the marks of a zip archive on. */
const ZIP: Readonly<Record<string, readonly Field['width'][]>> = {
  'PK\x03\x04': [2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 8, 8],
  'PK\x01\x02': [2, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4],
  'PK\x05\x06': [2, 2, 2, 2, 4, 4, 2],
  'PK\x06\x06': [8, 2, 2, 4, 4, 8, 8, 8, 8],
  'PK\x06\x07': [4, 8, 4],
  'PK\x07\x08': [4, 4, 4],
};

function marked(
  bytes: Uint8Array,
  marks: Readonly<Record<string, readonly Field['width'][]>>,
): Field[] {
  const own = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Field[] = [];
  for (const [mark, widths] of Object.entries(marks)) {
    for (
      let at = own.indexOf(mark, 0, 'latin1');
      at >= 0;
      at = own.indexOf(mark, at + 1, 'latin1')
    ) {
      fields.push(...row(at + mark.length, widths));
    }
  }
  return fields;
}

export const zipLies: Change = (bytes, random) =>
  lied(
    bytes,
    cached(bytes, (own) => marked(own, ZIP)),
    random,
  );

/**
 * HDF5 File Format Specification 3.0: from the marks of B-trees, heaps and groups on, and whatever an address
 * leads to.
 */
const HDF5: Readonly<Record<string, readonly Field['width'][]>> = {
  '\x89HDF\r\n\x1a\n': [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 4, 8, 8, 8, 8, 8, 8, 4, 4, 8, 8],
  TREE: [1, 1, 2, 8, 8, 8, 8, 8, 8, 8],
  SNOD: [1, 1, 2, 8, 8, 4, 4, 8, 8, 8, 8, 4, 4, 8, 8],
  HEAP: [1, 1, 2, 8, 8, 8],
  GCOL: [1, 1, 2, 8, 2, 2, 4, 8],
  OHDR: [1, 1, 4, 4, 4, 4, 1, 1, 2, 1, 8],
  OCHK: [1, 2, 1, 8, 8],
  FRHP: [1, 2, 2, 1, 4, 8, 8],
};
const WORDS_BEHIND_AN_ADDRESS = 24;

function hdf5Fields(bytes: Uint8Array): Field[] {
  const fields = marked(bytes, HDF5);
  const own = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const known = new Set<number>();
  for (let at = 0; at + 8 <= own.length; at += 8) {
    const address = own.readBigUInt64LE(at);
    if (address < 48n || address >= BigInt(own.length)) continue;
    fields.push({ at, width: 8 });
    const target = Number(address);
    if (known.has(target)) continue;
    known.add(target);
    for (let word = 0; word < WORDS_BEHIND_AN_ADDRESS; word++) {
      const there = target + 4 * word;
      fields.push({ at: there, width: word % 2 === 0 ? 8 : 4 }, { at: there, width: 2 });
    }
  }
  return fields;
}

export const hdf5Lies: Change = (bytes, random) => lied(bytes, cached(bytes, hdf5Fields), random);

/** Header of GGUF, and each length that stands before a text: gguf-py, constants.py. */
export const ggufLies: Change = (bytes, random) =>
  lied(
    bytes,
    cached(bytes, (own) => [
      ...row(4, [4, 8, 8]),
      ...lengthsIn(own).flatMap(({ at, length }) => [
        { at, width: 8 } as const,
        // Behind a name: its type, its axes, its offset.
        ...row(at + 8 + length, [4, 8, 8, 4, 8]),
      ]),
    ]),
    random,
  );

function lengthsIn(bytes: Uint8Array): { readonly at: number; readonly length: number }[] {
  const own = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: { at: number; length: number }[] = [];
  for (let at = 0; at + 8 < own.length; at++) {
    const length = own.readUInt32LE(at);
    if (own.readUInt32LE(at + 4) !== 0 || length === 0 || length > 100) continue;
    const text = own.subarray(at + 8, at + 8 + length);
    if (text.length === length && text.every((byte) => byte >= 32 && byte < 127)) {
      found.push({ at, length });
    }
  }
  return found;
}

const kept = new WeakMap<Uint8Array, readonly Field[]>();

/** Fields are looked for once in each file that is changed again and again. */
function cached(bytes: Uint8Array, fieldsOf: (bytes: Uint8Array) => Field[]): readonly Field[] {
  const known = kept.get(bytes);
  if (known !== undefined) return known;
  const fields = fieldsOf(bytes);
  kept.set(bytes, fields);
  return fields;
}

const NUMBERS = [
  '0',
  '-1',
  '1',
  '7',
  '1e9',
  '1e308',
  '4294967296',
  '9007199254740993',
  'NaN',
  '""',
];

/** A text in which one to three numbers are others: headers of VTK, of NumPy, of JSON, tables. */
export const numberLies: Change = (bytes, random) => {
  let text = Buffer.from(bytes).toString('latin1');
  for (let times = 1 + below(random, 3); times > 0; times--) {
    const places = [...text.slice(0, 100_000).matchAll(/-?\d+(\.\d+)?(e[+-]?\d+)?/gi)];
    if (places.length === 0) break;
    const { 0: own, index } = pick(random, places);
    const other = random() < 0.5 ? pick(random, NUMBERS) : pick(random, places)[0];
    text = text.slice(0, index) + other + text.slice(index + own.length);
  }
  return Uint8Array.from(Buffer.from(text, 'latin1'));
};

/** Values that are none where they stand, or far too many. */
const ODD: readonly unknown[] = [
  ...[null, true, false, 0, -1, 0.5, 1e9, 2 ** 31, 1e300, '', 'relu', 'in\u001b[2J\n\u009b'],
  ...[[], {}, [null], [[]], [1e9, 1e9], { class_name: 'Dense', config: {} }, 'x'.repeat(5000)],
];

/** JSON with one to three of its values replaced, left out, doubled or taken from elsewhere. */
export function changedJson(value: unknown, random: Random): unknown {
  const out = structuredClone(value);
  for (let times = 1 + below(random, 3); times > 0; times--) {
    const places = placesIn(out);
    if (places.length === 0) return out;
    const { holder, key } = pick(random, places);
    const other = pick(random, places);
    const changes: readonly ((own: unknown) => unknown)[] = [
      () => odd(random),
      () => structuredClone(other.holder[other.key as never]),
      (own) => (typeof own === 'number' ? own * pick(random, [-1, 0, 2, 1000, 1e6]) : odd(random)),
      (own) => (Array.isArray(own) ? [...(own as unknown[]), ...(own as unknown[])] : [own]),
      (own) => (typeof own === 'string' ? `${own}\u001b[31m` : odd(random)),
    ];
    const isGone = random() < 0.15 && !Array.isArray(holder);
    const next = pick(random, changes)(holder[key as never]);
    if (isGone) Reflect.deleteProperty(holder, key);
    else Reflect.set(holder, key, next);
  }
  return out;
}

/** A copy: what is changed next may be in it. */
function odd(random: Random): unknown {
  return structuredClone(pick(random, ODD));
}

interface Spot {
  readonly holder: object & Record<never, unknown>;
  readonly key: string;
}

function placesIn(value: unknown): Spot[] {
  const found: Spot[] = [];
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    for (const [key, inner] of Object.entries(next)) {
      found.push({ holder: next, key });
      open.push(inner);
    }
  }
  return found;
}

/** A file of JSON with other values. */
export const jsonLies: Change = (bytes, random) =>
  Buffer.from(JSON.stringify(changedJson(JSON.parse(Buffer.from(bytes).toString('utf8')), random)));

/** A safetensors file whose header has other values, and the right length. */
export const safetensorsLies: Change = (bytes, random) => {
  const own = Buffer.from(bytes);
  const length = Number(own.readBigUInt64LE(0));
  const header = JSON.parse(own.toString('utf8', 8, 8 + length)) as unknown;
  const changed = Buffer.from(JSON.stringify(changedJson(header, random)));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(changed.length));
  return Buffer.concat([size, changed, own.subarray(8 + length)]);
};

/** One of several changes, drawn anew for each file. */
export function oneOf(...changes: readonly Change[]): Change {
  return (bytes, random) => pick(random, changes)(bytes, random);
}
