import type { OffDiagonal } from '../../shared/result/hessian';
import { fillSigns, type TensorSpan } from '../tensorRandom';
import type { FloatArray } from '../tensor';
import { NonFiniteProduct, type SymmetricOperators } from './blockLanczos';
import { LONG_VECTOR } from './longVectors';
import { meanWithError } from './studentT';
import { addScaled, dot, norm } from './vectors';

/** Pairs of products whose mean the share is. */
const SAMPLES = 32;

/** Pairs that are asked for at once, and one where vectors are long. */
const TOGETHER = 4;

/** Dimensions of the space in which the matrix is known, and the pairs need not tell it. */
const RANK = 8;

/** The same where vectors are long. */
const FEW = 2;

/**
 * How much of ‖H‖² (Frobenius) lies outside of the diagonal blocks of the tensors.
 *
 * Of a vector v of random signs ‖Hv‖² is ‖H‖² on average. With each block's signs turned by a random
 * sign s, and by another t, s·(H(s∘v)) and t·(H(t∘v)) hold in each block its own part Hₗₗvₗ and, with
 * a random sign each, what the other blocks add: the product of the two is ‖Hₗₗvₗ‖² on average. So
 * a pair of products gives both norms, whatever the number of blocks.
 *
 * A few large eigenvalues would make these vary much. What H is on a space that it leads a few random
 * vectors to, Q(QᵀHQ)Qᵀ, has both norms in closed form: the pairs are taken of it too, and only what
 * they differ by is left to chance (a control variate). The error is that of a ratio of means over
 * independent pairs.
 *
 * @param blocks disjoint, and all of the space together.
 * @throws NonFiniteProduct
 */
export async function offDiagonalShare(
  apply: SymmetricOperators,
  dimension: number,
  blocks: readonly TensorSpan[],
  seed: number,
  onProgress?: (fraction: number) => void,
): Promise<OffDiagonal> {
  const known = await largePart(apply, dimension, blocks, seed);
  const together = dimension > LONG_VECTOR ? 1 : TOGETHER;
  const totals: number[] = [];
  const insides: number[] = [];
  for (let first = 0; first < SAMPLES; first += together) {
    const pairs = Array.from({ length: together }, (_, k) =>
      pairOf(dimension, blocks, seed, first + k),
    );
    const images = await apply(pairs.flatMap(({ one, other }) => [one, other]));
    pairs.forEach(({ one, other, signs }, k) => {
      const found = normsOf(images[2 * k]!, images[2 * k + 1]!, blocks, signs);
      if (!Number.isFinite(found.total)) throw new NonFiniteProduct();
      const own = normsOf(known.apply(one), known.apply(other), blocks, signs);
      totals.push(found.total - own.total);
      insides.push(found.inside - own.inside);
    });
    onProgress?.((first + together) / SAMPLES);
  }
  const total = known.total + meanWithError(totals).mean;
  if (!(total > 0)) {
    const none = { share: 0, standardError: 0, interval: { low: 0, high: 0 } };
    return { ...none, norm: 0, samples: SAMPLES };
  }
  const ratio = (known.inside + meanWithError(insides).mean) / total;
  // To first order the error of a ratio of means is that of the mean of what is left of each pair.
  const { standardError, halfWidth } = meanWithError(
    insides.map((inside, i) => (inside - ratio * totals[i]!) / total),
  );
  const share = 1 - ratio;
  return {
    share,
    standardError,
    interval: { low: share - halfWidth, high: share + halfWidth },
    norm: Math.sqrt(total),
    samples: SAMPLES,
  };
}

/** ‖·‖² of the whole and of the diagonal blocks. */
interface Norms {
  readonly total: number;
  readonly inside: number;
}

/** What a pair of images estimates. */
function normsOf(
  one: FloatArray,
  other: FloatArray,
  blocks: readonly TensorSpan[],
  signs: Float64Array,
): Norms {
  let inside = 0;
  blocks.forEach(({ offset, size }, block) => {
    inside += signs[block]! * productOver(one, other, offset, offset + size);
  });
  return { total: (squareOf(one) + squareOf(other)) / 2, inside };
}

/** Q·T·Qᵀ with T = QᵀHQ, and its norms: ‖T‖², and Σₗ tr (T·QₗᵀQₗ)² over the blocks. */
async function largePart(
  apply: SymmetricOperators,
  dimension: number,
  blocks: readonly TensorSpan[],
  seed: number,
): Promise<Norms & { readonly apply: (v: FloatArray) => Float64Array }> {
  const most = Math.min(dimension > LONG_VECTOR ? FEW : RANK, dimension);
  const starts = Array.from({ length: most }, (_, k) => {
    const start = new Float64Array(dimension);
    fillSigns(start, blocks, seed, `direction ${k} of blocks`);
    return start;
  });
  const basis: Float64Array[] = [];
  for (const image of await apply(starts)) {
    const w = new Float64Array(image);
    const before = norm(w);
    if (!Number.isFinite(before)) throw new NonFiniteProduct();
    // Twice: of what is nearly in the space little but rounding is left.
    for (const q of [...basis, ...basis]) addScaled(w, -dot(q, w), q);
    const length = norm(w);
    if (length > 1e-6 * before) basis.push(w.map((x) => x / length));
  }
  const rank = basis.length;
  const images = rank === 0 ? [] : await apply(basis);
  const middle = basis.map((q, i) =>
    Float64Array.from(images, (image, j) => (dot(q, image) + dot(basis[j]!, images[i]!)) / 2),
  );
  let inside = 0;
  for (const { offset, size } of blocks) {
    const gram = basis.map((q) =>
      Float64Array.from(basis, (r) => productOver(q, r, offset, offset + size)),
    );
    const turned = middle.map((row) =>
      Float64Array.from(gram, (_, j) => row.reduce((sum, x, k) => sum + x * gram[k]![j]!, 0)),
    );
    turned.forEach((row, i) => {
      row.forEach((x, j) => (inside += x * turned[j]![i]!));
    });
  }
  return {
    total: middle.reduce((sum, row) => sum + squareOf(row), 0),
    inside,
    apply: (v) => {
      const along = basis.map((q) => dot(q, v));
      const image = new Float64Array(dimension);
      basis.forEach((q, i) => {
        addScaled(
          image,
          along.reduce((sum, x, k) => sum + middle[i]![k]! * x, 0),
          q,
        );
      });
      return image;
    },
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
  fillSigns(one, blocks, seed, `probe ${sample} of blocks`);
  const other = one.slice();
  // That of the first is in its signs already.
  const signs = new Float64Array(blocks.length);
  const each = blocks.map(({ tensor }, block) => ({ tensor, offset: block, size: 1 }));
  fillSigns(signs, each, seed, `turned ${sample}`);
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
