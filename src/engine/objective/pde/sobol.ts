/**
 * The Sobol sequence in Gray-code order, with the direction numbers of Joe and Kuo
 * (new-joe-kuo-6, 2008), which Antonov and Saleev (1979) made fast.
 *
 * For each dimension after the first: a primitive polynomial over GF(2), its coefficients as bits
 * from the highest to the constant, and the first direction numbers.
 */
const DIRECTION_NUMBERS: readonly (readonly number[])[] = [
  [3, 1],
  [7, 1, 3],
  [11, 1, 3, 1],
  [13, 1, 1, 1],
  [19, 1, 1, 3, 3],
  [25, 1, 3, 5, 13],
  [37, 1, 1, 5, 5, 17],
  [41, 1, 1, 5, 5, 5],
  [47, 1, 1, 7, 11, 19],
  [55, 1, 1, 5, 1, 1],
  [59, 1, 1, 1, 3, 11],
  [61, 1, 3, 5, 5, 31],
  [67, 1, 3, 3, 9, 7, 49],
  [91, 1, 1, 1, 15, 21, 21],
  [97, 1, 3, 1, 13, 27, 49],
  [103, 1, 1, 1, 15, 7, 5],
  [109, 1, 3, 1, 15, 13, 25],
  [115, 1, 1, 5, 5, 19, 61],
  [131, 1, 3, 7, 11, 23, 15, 103],
  [137, 1, 3, 7, 13, 13, 15, 69],
  [143, 1, 1, 3, 13, 7, 35, 63],
  [145, 1, 3, 5, 9, 1, 25, 53],
  [157, 1, 3, 1, 13, 9, 35, 107],
  [167, 1, 3, 1, 5, 27, 61, 31],
  [171, 1, 1, 5, 11, 19, 41, 61],
  [185, 1, 3, 5, 3, 3, 13, 69],
  [191, 1, 1, 7, 13, 1, 19, 1],
  [193, 1, 3, 7, 5, 13, 19, 59],
  [203, 1, 1, 3, 9, 25, 29, 41],
  [211, 1, 3, 5, 13, 23, 1, 55],
  [213, 1, 3, 7, 3, 13, 59, 17],
];

export const SOBOL_DIMENSIONS = DIRECTION_NUMBERS.length + 1;

const BITS = 32;

/**
 * The first points of the sequence, from 0 on.
 *
 * @param shift 32 bits for each dimension that every coordinate's bits are flipped by: a random
 * digital shift keeps the points as even as they are (Cranley and Patterson's, base 2).
 * @returns [count, dimensions] in [0, 1).
 */
export function sobolPoints(
  count: number,
  dimensions: number,
  shift: readonly number[] = [],
): Float64Array {
  if (dimensions > SOBOL_DIMENSIONS) {
    throw new RangeError(`There are direction numbers for ${SOBOL_DIMENSIONS} dimensions.`);
  }
  const points = new Float64Array(count * dimensions);
  for (let dimension = 0; dimension < dimensions; dimension += 1) {
    const directions = directionsOf(dimension);
    let bits = (shift[dimension] ?? 0) >>> 0;
    for (let point = 0; point < count; point += 1) {
      points[point * dimensions + dimension] = bits / 2 ** BITS;
      // The lowest 0 of the point's number is the bit its Gray code changes.
      const changed = 31 - Math.clz32(~point & (point + 1));
      bits = (bits ^ directions[changed]!) >>> 0;
    }
  }
  return points;
}

function directionsOf(dimension: number): Uint32Array {
  const v = new Uint32Array(BITS);
  if (dimension === 0) {
    for (let bit = 0; bit < BITS; bit += 1) v[bit] = 2 ** (BITS - 1 - bit);
    return v;
  }
  const [polynomial, ...first] = DIRECTION_NUMBERS[dimension - 1]! as [number, ...number[]];
  const degree = first.length;
  for (let bit = 0; bit < BITS; bit += 1) {
    if (bit < degree) {
      v[bit] = first[bit]! << (BITS - 1 - bit);
      continue;
    }
    let next = v[bit - degree]! ^ (v[bit - degree]! >>> degree);
    for (let k = 1; k < degree; k += 1) {
      if (((polynomial >>> (degree - k)) & 1) === 1) next ^= v[bit - k]!;
    }
    v[bit] = next;
  }
  return v;
}
