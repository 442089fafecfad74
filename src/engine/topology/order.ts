/**
 * The order of vertices: by value, then by index (simulation of simplicity).
 *
 * −Infinity is below every finite value; +Infinity is above every finite value and NaN above
 * +Infinity. −0 equals +0. Vertices of equal value are ordered by their index, all NaN being
 * equal, so the order is total and any two vertices differ in it.
 */

/**
 * Float64 keys that `<`, `>` and `===` compare as the values are ordered, with no NaN among them.
 *
 * The values themselves where they can serve; a copy where they are Float32 or hold NaN. Keys are
 * for comparing only: where both NaN and +Infinity occur they are ranks.
 */
export function comparableKeys(values: Float64Array | Float32Array): Float64Array {
  const { nan, infinite } = countAbove(values);
  if (nan === 0) return values instanceof Float64Array ? values : Float64Array.from(values);
  const keys = Float64Array.from(values);
  if (!infinite) {
    for (let v = 0; v < keys.length; v++) {
      if (Number.isNaN(keys[v]!)) keys[v] = Infinity;
    }
    return keys;
  }
  return denseRanks(keys);
}

function countAbove(values: Float64Array | Float32Array): { nan: number; infinite: boolean } {
  let nan = 0;
  let infinite = false;
  for (let v = 0; v < values.length; v++) {
    const x = values[v]!;
    if (x - x !== 0) {
      if (x !== x) nan++;
      else if (x > 0) infinite = true;
    }
  }
  return { nan, infinite };
}

/** Ranks from 0, equal for equal values. */
function denseRanks(values: Float64Array): Float64Array {
  const order = sortedOrder(values);
  const ranks = new Float64Array(values.length);
  let rank = 0;
  for (let k = 1; k < order.length; k++) {
    const here = values[order[k]!]!;
    const before = values[order[k - 1]!]!;
    if (here !== before && !(Number.isNaN(here) && Number.isNaN(before))) rank++;
    ranks[order[k]!] = rank;
  }
  return ranks;
}

/** Below this many keys three histograms cost more than they save. */
const MAX_INSERTION_KEYS = 48;

/**
 * Indices of `keys` from the smallest to the largest, ties by index: a stable least-significant
 * digit radix sort on the bits of the floats, 11 bits a pass, 16 bytes of scratch a key.
 *
 * Flipping the sign bit of a positive float and every bit of a negative one makes the bits of
 * floats sort as unsigned integers; every NaN becomes the largest of them. The upper words are
 * sorted first; the lower ones only within runs of equal upper words, which mostly are short.
 */
export function sortedOrder(keys: Float64Array): Int32Array {
  const n = keys.length;
  if (n <= MAX_INSERTION_KEYS) return insertionOrder(keys);

  let order = new Int32Array(n);
  let high = new Uint32Array(n);
  const counts = new Int32Array(3 * RADIX);
  const bits = new FloatBits(keys);
  for (let i = 0; i < n; i++) {
    const h = bits.high(i);
    order[i] = i;
    high[i] = h;
    counts[h & MASK]!++;
    counts[RADIX + ((h >>> 11) & MASK)]!++;
    counts[2 * RADIX + (h >>> 22)]!++;
  }

  let orderTo = new Int32Array(n);
  let highTo = new Uint32Array(n);
  for (let pass = 0; pass < 3; pass++) {
    const offsets = counts.subarray(pass * RADIX, (pass + 1) * RADIX);
    if (!accumulate(offsets, n)) continue;
    scatter(high, 11 * pass, offsets, order, orderTo, highTo);
    [high, highTo] = [highTo, high];
    [order, orderTo] = [orderTo, order];
  }
  sortRuns(bits, order, orderTo, high, highTo);
  return order;
}

const RADIX = 2048;
const MASK = RADIX - 1;

/** The two words of each float so changed that they sort as unsigned integers. */
class FloatBits {
  private readonly words: Uint32Array;
  private readonly highWord = isLittleEndian() ? 1 : 0;

  constructor(keys: Float64Array) {
    this.words = new Uint32Array(keys.buffer, keys.byteOffset, 2 * keys.length);
  }

  high(i: number): number {
    const h = this.words[2 * i + this.highWord]!;
    const exponent = h & 0x7fffffff;
    if (exponent > 0x7ff00000) return 0xffffffff;
    if (exponent === 0x7ff00000 || exponent === 0) {
      const l = this.words[2 * i + 1 - this.highWord]!;
      if (exponent !== 0 && l !== 0) return 0xffffffff;
      if (exponent === 0 && l === 0) return 0x80000000;
    }
    return h < 0x80000000 ? h | 0x80000000 : ~h;
  }

  low(i: number): number {
    const l = this.words[2 * i + 1 - this.highWord]!;
    const h = this.words[2 * i + this.highWord]!;
    const exponent = h & 0x7fffffff;
    if (exponent > 0x7ff00000 || (exponent === 0x7ff00000 && l !== 0)) return 0xffffffff;
    return h < 0x80000000 || (exponent === 0 && l === 0) ? l : ~l >>> 0;
  }
}

function isLittleEndian(): boolean {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
}

/** Turns counts into first positions; false where one digit holds all and nothing would move. */
function accumulate(counts: Int32Array, total: number): boolean {
  let sum = 0;
  for (let d = 0; d < RADIX; d++) {
    const count = counts[d]!;
    if (count === total) return false;
    counts[d] = sum;
    sum += count;
  }
  return true;
}

function scatter(
  words: Uint32Array,
  shift: number,
  offsets: Int32Array,
  order: Int32Array,
  orderTo: Int32Array,
  wordsTo: Uint32Array,
): void {
  const n = order.length;
  for (let i = 0; i < n; i++) {
    const word = words[i]!;
    const digit = (word >>> shift) & MASK;
    const to = offsets[digit]!;
    offsets[digit] = to + 1;
    orderTo[to] = order[i]!;
    wordsTo[to] = word;
  }
}

/** Puts what has equal upper words in the order of the lower ones. */
function sortRuns(
  bits: FloatBits,
  order: Int32Array<ArrayBuffer>,
  spareOrder: Int32Array<ArrayBuffer>,
  high: Uint32Array<ArrayBuffer>,
  spareWords: Uint32Array<ArrayBuffer>,
): void {
  const n = order.length;
  for (let from = 0; from < n;) {
    const word = high[from]!;
    let to = from + 1;
    while (to < n && high[to] === word) to++;
    if (to - from > MAX_INSERTION_KEYS) {
      sortLongRun(
        bits,
        order.subarray(from, to),
        spareOrder.subarray(from, to),
        high.subarray(from, to),
        spareWords.subarray(from, to),
      );
    } else if (to > from + 1) {
      sortShortRun(bits, order, from, to);
    }
    from = to;
  }
}

function sortShortRun(bits: FloatBits, order: Int32Array, from: number, to: number): void {
  for (let i = from + 1; i < to; i++) {
    const vertex = order[i]!;
    const low = bits.low(vertex);
    let k = i;
    while (k > from && bits.low(order[k - 1]!) > low) {
      order[k] = order[k - 1]!;
      k--;
    }
    order[k] = vertex;
  }
}

/** By radix again; the upper words, which are all equal, give their place to the lower ones. */
function sortLongRun(
  bits: FloatBits,
  run: Int32Array<ArrayBuffer>,
  runTo: Int32Array<ArrayBuffer>,
  words: Uint32Array<ArrayBuffer>,
  wordsTo: Uint32Array<ArrayBuffer>,
): void {
  const n = run.length;
  const counts = new Int32Array(3 * RADIX);
  let [order, orderTo, low, lowTo] = [run, runTo, words, wordsTo];
  for (let i = 0; i < n; i++) {
    const l = bits.low(run[i]!);
    low[i] = l;
    counts[l & MASK]!++;
    counts[RADIX + ((l >>> 11) & MASK)]!++;
    counts[2 * RADIX + (l >>> 22)]!++;
  }
  for (let pass = 0; pass < 3; pass++) {
    const offsets = counts.subarray(pass * RADIX, (pass + 1) * RADIX);
    if (!accumulate(offsets, n)) continue;
    scatter(low, 11 * pass, offsets, order, orderTo, lowTo);
    [low, lowTo] = [lowTo, low];
    [order, orderTo] = [orderTo, order];
  }
  if (order !== run) run.set(order);
}

function insertionOrder(keys: Float64Array): Int32Array {
  const order = new Int32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    let k = i;
    while (k > 0 && isAbove(keys[order[k - 1]!]!, key)) {
      order[k] = order[k - 1]!;
      k--;
    }
    order[k] = i;
  }
  return order;
}

function isAbove(a: number, b: number): boolean {
  return a > b || (a !== a && b === b);
}
