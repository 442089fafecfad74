import { zerosLike, type FloatArray } from '../tensor';
import { orthogonalize } from './orthogonal';
import { norm } from './vectors';

/** v ↦ A·v, for several v at once, of a symmetric matrix that is not formed. */
export type SymmetricOperators = (vs: readonly FloatArray[]) => Promise<readonly FloatArray[]>;

/** A product held NaN or infinity: the operator is not defined at the point it is taken at. */
export class NonFiniteProduct extends Error {}

/**
 * What block Lanczos knows of A: A·Q = Q·T + R·B, with Q the first `size` vectors of the basis, R
 * those after them, [Q R] orthonormal and T symmetric.
 */
export interface KrylovSpace {
  readonly dimension: number;
  /** Q, then R. */
  readonly basis: readonly FloatArray[];
  /** Columns of Q. */
  readonly size: number;
  /** T, size × size, row by row. */
  readonly projected: Float64Array;
  /** B: for each vector of R its products with A·Q. */
  readonly coupling: readonly Float64Array[];
  /** The starts over Q, in unit length. */
  readonly starts: readonly Float64Array[];
  /** Size when each block was done. */
  readonly blocks: readonly number[];
}

export interface BlockLanczosOptions {
  /** Products of one vector, at most; never more than the dimension. */
  readonly products: number;
  /** What a start that spans nothing new is replaced by, and a space that closes goes on from. */
  readonly fresh: (index: number) => Float64Array;
  /** In what the basis is kept; sums are in float64 always. */
  readonly precision: 'float32' | 'float64';
  /** Called with each vector and its image. */
  readonly onProduct?: (v: FloatArray, image: FloatArray) => void;
}

/**
 * Lanczos from a block of starts at once (Golub and Underwood 1977), vector by vector within a block
 * so that one that spans nothing new is left out. The space is that of one run from each start
 * together. Every vector is made orthogonal to all before it, first to its neighbours, whose
 * products with it are T's, then to all, which leaves no more than rounding.
 *
 * Where the space closes before all products are taken, it goes on from fresh vectors: eigenvalues
 * of higher multiplicity than there are starts are then found as often as they occur.
 *
 * @param starts of any length but zero.
 * @throws NonFiniteProduct
 */
export async function blockLanczos(
  apply: SymmetricOperators,
  starts: readonly Float64Array[],
  { products, fresh, precision, onProduct }: BlockLanczosOptions,
): Promise<KrylovSpace> {
  const dimension = starts[0]!.length;
  const most = Math.min(products, dimension);
  const like = precision === 'float64' ? new Float64Array(0) : new Float32Array(0);
  const noise = precision === 'float64' ? 1e-12 : 1e-6;
  const basis: FloatArray[] = [];
  /** Of each image its products with the vectors of the basis from `from` on. */
  const columns: { readonly from: number; readonly values: number[] }[] = [];
  const blocks: number[] = [];
  let scale = 0;

  const append = (w: Float64Array, length: number): void => {
    const unit = zerosLike(like, dimension);
    for (let i = 0; i < dimension; i += 1) unit[i] = w[i]! / length;
    basis.push(unit);
  };
  /** Adds what of a vector is new; its products with the basis. */
  const span = (given: Float64Array, least: number): readonly number[] => {
    const w = given.slice();
    const inside = orthogonalize(basis, [w])[0]!;
    const again = orthogonalize(basis, [w])[0]!;
    const length = norm(w);
    const products = Array.from(inside, (x, i) => x + again[i]!);
    if (basis.length === dimension || length <= least) return products;
    append(w, length);
    return [...products, length];
  };

  const startProducts = starts.map((start) => span(start, 1e-7 * norm(start)));
  let done = 0;
  let freshCount = 0;
  while (done < most) {
    if (done === basis.length) {
      // The space is closed: A does not lead out of it.
      const wanted = Math.min(starts.length, most - done);
      for (let k = 0; k < wanted; k += 1) {
        const vector = fresh(freshCount);
        freshCount += 1;
        span(vector, 1e-7 * norm(vector));
      }
      if (done === basis.length) break;
    }
    const block = basis.slice(done, Math.min(basis.length, most, done + starts.length));
    const images = await apply(block);
    block.forEach((v, k) => onProduct?.(v, images[k]!));
    // Its neighbours: the block before, which led to this one, this one, and what was left waiting.
    const from = Math.max(0, done - 2 * starts.length);
    const ws = images.map((image) => new Float64Array(image));
    const near = orthogonalize(basis, ws, from);
    const rest = orthogonalize(basis, ws);
    ws.forEach((w, k) => {
      const values = Array.from(near[k]!, (x, i) => x + rest[k]![from + i]!);
      const first = from + values.length;
      // Those that were added meanwhile, twice.
      const added = orthogonalize(basis, [w], first)[0]!;
      const again = orthogonalize(basis, [w], first)[0]!;
      values.push(...Array.from(added, (x, i) => x + again[i]!));
      let length = norm(w);
      // Where little is left, the rounding of what was taken off is not small beside it.
      if (length < CANCELLED * norm(images[k]!)) {
        orthogonalize(basis, [w]);
        length = norm(w);
      }
      // Any entry that is not finite makes the sum of the squares so.
      if (!Number.isFinite(length)) throw new NonFiniteProduct();
      scale = Math.max(scale, length, ...values.map(Math.abs));
      if (length > noise * scale && basis.length < dimension) {
        append(w, length);
        values.push(length);
      }
      columns.push({ from, values });
    });
    done += block.length;
    blocks.push(done);
  }
  return {
    ...projection(columns, basis.length),
    dimension,
    basis,
    blocks,
    starts: startProducts.map((own) => unitOver(own, done)),
  };
}

/** Share of a vector that is left, below which it is made orthogonal once more. */
const CANCELLED = 1e-2;

/** T and B from the products of the images. */
function projection(
  columns: readonly { readonly from: number; readonly values: readonly number[] }[],
  count: number,
): Pick<KrylovSpace, 'size' | 'projected' | 'coupling'> {
  const size = columns.length;
  const projected = new Float64Array(size * size);
  const coupling = Array.from({ length: count - size }, () => new Float64Array(size));
  for (const [column, { from, values }] of columns.entries()) {
    for (const [k, value] of values.entries()) {
      const row = from + k;
      if (row >= size) coupling[row - size]![column] = value;
      else if (row >= column) projected[row * size + column] = value;
    }
  }
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < row; column += 1) {
      projected[column * size + row] = projected[row * size + column]!;
    }
  }
  return { size, projected, coupling };
}

/** Of the precision products are computed and the basis is kept in. */
export function unitRoundoff({ basis }: KrylovSpace): number {
  return basis[0] instanceof Float64Array ? 2 ** -53 : 2 ** -24;
}

function unitOver(products: readonly number[], size: number): Float64Array {
  const over = new Float64Array(size);
  for (const [i, x] of products.entries()) if (i < size) over[i] = x;
  const length = norm(over) || 1;
  return over.map((x) => x / length);
}
