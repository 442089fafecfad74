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

/** Below this many keys six histograms cost more than they save. */
const INSERTION_LIMIT = 48;

/**
 * Indices of `keys` from the smallest to the largest, ties by index: a stable least-significant
 * digit radix sort on the bits of the floats, 11 bits a pass, 24 bytes of scratch a key.
 *
 * Flipping the sign bit of a positive float and every bit of a negative one makes the bits of
 * floats sort as unsigned integers; every NaN becomes the largest of them.
 */
export function sortedOrder(keys: Float64Array): Int32Array {
  const n = keys.length;
  if (n <= INSERTION_LIMIT) return insertionOrder(keys);

  let order = new Int32Array(n);
  let high = new Uint32Array(n);
  let low = new Uint32Array(n);
  const counts = new Int32Array(6 * RADIX);
  const words = new Uint32Array(keys.buffer, keys.byteOffset, 2 * n);
  const highWord = littleEndian() ? 1 : 0;
  const lowWord = 1 - highWord;

  for (let i = 0; i < n; i++) {
    let h = words[2 * i + highWord]!;
    let l = words[2 * i + lowWord]!;
    const exponent = h & 0x7fffffff;
    if (exponent > 0x7ff00000 || (exponent === 0x7ff00000 && l !== 0)) {
      h = 0xffffffff;
      l = 0xffffffff;
    } else if (h < 0x80000000) {
      h |= 0x80000000;
    } else if (exponent === 0 && l === 0) {
      h = 0x80000000;
    } else {
      h = ~h;
      l = ~l;
    }
    order[i] = i;
    high[i] = h;
    low[i] = l;
    counts[l & MASK]!++;
    counts[RADIX + ((l >>> 11) & MASK)]!++;
    counts[2 * RADIX + (l >>> 22)]!++;
    counts[3 * RADIX + (h & MASK)]!++;
    counts[4 * RADIX + ((h >>> 11) & MASK)]!++;
    counts[5 * RADIX + (h >>> 22)]!++;
  }

  let orderTo = new Int32Array(n);
  let highTo = new Uint32Array(n);
  let lowTo = new Uint32Array(n);
  for (let pass = 0; pass < 6; pass++) {
    const offsets = counts.subarray(pass * RADIX, (pass + 1) * RADIX);
    if (!accumulate(offsets, n)) continue;
    const shift = 11 * (pass % 3);
    if (pass < 3) {
      scatter(low, shift, offsets, order, orderTo, high, highTo, low, lowTo);
      [low, lowTo] = [lowTo, low];
    } else {
      // The low words have done their work: they stay behind.
      scatterLast(high, shift, offsets, order, orderTo, highTo);
    }
    [high, highTo] = [highTo, high];
    [order, orderTo] = [orderTo, order];
  }
  return order;
}

const RADIX = 2048;
const MASK = RADIX - 1;

function littleEndian(): boolean {
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
  digits: Uint32Array,
  shift: number,
  offsets: Int32Array,
  order: Int32Array,
  orderTo: Int32Array,
  high: Uint32Array,
  highTo: Uint32Array,
  low: Uint32Array,
  lowTo: Uint32Array,
): void {
  const n = order.length;
  for (let i = 0; i < n; i++) {
    const digit = (digits[i]! >>> shift) & MASK;
    const to = offsets[digit]!;
    offsets[digit] = to + 1;
    orderTo[to] = order[i]!;
    highTo[to] = high[i]!;
    lowTo[to] = low[i]!;
  }
}

function scatterLast(
  high: Uint32Array,
  shift: number,
  offsets: Int32Array,
  order: Int32Array,
  orderTo: Int32Array,
  highTo: Uint32Array,
): void {
  const n = order.length;
  for (let i = 0; i < n; i++) {
    const word = high[i]!;
    const digit = (word >>> shift) & MASK;
    const to = offsets[digit]!;
    offsets[digit] = to + 1;
    orderTo[to] = order[i]!;
    highTo[to] = word;
  }
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
