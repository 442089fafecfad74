import type { OffDiagonal } from '../../shared/result/hessian';
import { fillSigns, type TensorSpan } from '../tensorRandom';
import type { FloatArray } from '../tensor';
import { NonFiniteProduct, type SymmetricOperators } from './blockLanczos';
import { meanWithError } from './studentT';

/** Pairs of products whose mean the share is. */
const SAMPLES = 32;

/** Pairs that are asked for at once. */
const TOGETHER = 4;

/**
 * How much of ‖H‖² (Frobenius) lies outside of the diagonal blocks of the tensors.
 *
 * Of a vector v of random signs ‖Hv‖² is ‖H‖² on average. With each block's signs turned by a random
 * sign s, and by another t, s·(H(s∘v)) and t·(H(t∘v)) hold in each block its own part Hₗₗvₗ and, with
 * a random sign each, what the other blocks add: the product of the two is ‖Hₗₗvₗ‖² on average. So
 * a pair of products gives both norms, whatever the number of blocks. The error is that of a ratio of
 * means over independent pairs.
 *
 * @param blocks disjoint, and all of the space together.
 * @throws NonFiniteProduct
 */
export async function offDiagonalShare(
  apply: SymmetricOperators,
  dimension: number,
  blocks: readonly TensorSpan[],
  seed: number,
  onProduct?: (done: number) => void,
): Promise<OffDiagonal> {
  const totals: number[] = [];
  const insides: number[] = [];
  for (let first = 0; first < SAMPLES; first += TOGETHER) {
    const pairs = Array.from({ length: TOGETHER }, (_, k) =>
      pairOf(dimension, blocks, seed, first + k),
    );
    const images = await apply(pairs.flatMap(({ one, other }) => [one, other]));
    pairs.forEach(({ signs }, k) => {
      const [one, other] = [images[2 * k]!, images[2 * k + 1]!];
      let inside = 0;
      blocks.forEach(({ offset, size }, block) => {
        inside += signs[block]! * productOver(one, other, offset, offset + size);
      });
      const total = (squareOf(one) + squareOf(other)) / 2;
      if (!Number.isFinite(total)) throw new NonFiniteProduct();
      totals.push(total);
      insides.push(inside);
    });
    onProduct?.(2 * TOGETHER);
  }
  const mean = meanWithError(totals).mean;
  if (mean === 0) {
    const none = { share: 0, standardError: 0, interval: { low: 0, high: 0 } };
    return { ...none, norm: 0, samples: SAMPLES };
  }
  const ratio = meanWithError(insides).mean / mean;
  // To first order the error of a ratio of means is that of the mean of what is left of each pair.
  const { standardError, halfWidth } = meanWithError(
    insides.map((inside, i) => (inside - ratio * totals[i]!) / mean),
  );
  const share = 1 - ratio;
  return {
    share,
    standardError,
    interval: { low: share - halfWidth, high: share + halfWidth },
    norm: Math.sqrt(mean),
    samples: SAMPLES,
  };
}

/** The same random signs twice, those of each block turned at random; the signs of both together. */
function pairOf(
  dimension: number,
  blocks: readonly TensorSpan[],
  seed: number,
  sample: number,
): { readonly one: FloatArray; readonly other: FloatArray; readonly signs: Float64Array } {
  const one = new Float64Array(dimension);
  fillSigns(one, blocks, seed, `pair ${sample}`);
  const other = one.slice();
  // That of the first is in its signs already.
  const signs = new Float64Array(blocks.length);
  const each = blocks.map(({ tensor }, block) => ({ tensor, offset: block, size: 1 }));
  fillSigns(signs, each, seed, `turn ${sample}`);
  blocks.forEach(({ offset, size }, block) => {
    if (signs[block] === 1) return;
    for (let i = offset; i < offset + size; i += 1) other[i] = -other[i]!;
  });
  return { one, other, signs };
}

function productOver(a: FloatArray, b: FloatArray, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i += 1) sum += a[i]! * b[i]!;
  return sum;
}

function squareOf(a: FloatArray): number {
  return productOver(a, a, 0, a.length);
}
