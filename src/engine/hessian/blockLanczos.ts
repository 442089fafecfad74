import { largest } from '../../shared/extremes';
import type { FloatArray } from '../tensor';
import { symmetricEigen, identityRows } from './symmetricEigen';
import { combine, divide, IN_THIS_THREAD, orthogonalize, type VectorWork } from './vectorWork';
import { norm } from './vectors';

/**
 * v ↦ A·v, for several v at once, of a symmetric matrix that is not formed.
 *
 * @param into where the images are written, of whoever can. Images are the caller's to change.
 */
export type SymmetricOperators = (
  vs: readonly FloatArray[],
  into?: readonly Float64Array[],
) => Promise<readonly FloatArray[]>;

/** A product held NaN or infinity: the operator is not defined at the point it is taken at. */
export class NonFiniteProduct extends Error {}

/**
 * What block Lanczos knows of A: A·Q = Q·T + R·B, with Q the first `size` vectors of the basis, R
 * those after them, [Q R] orthonormal and T symmetric.
 */
export interface KrylovSpace extends Recurrence {
  readonly dimension: number;
  /** Q, then R. */
  readonly basis: readonly FloatArray[];
  /** Before anything was left out: what the starts span. The same where nothing was. */
  readonly unrestarted: Recurrence;
}

export interface Recurrence {
  /** Columns of Q. */
  readonly size: number;
  /** T, size × size, row by row. */
  readonly projected: Float64Array;
  /** B: for each vector of R its products with A·Q. */
  readonly coupling: readonly Float64Array[];
  /** The starts over Q, in unit length; meaningless after a restart. */
  readonly starts: readonly Float64Array[];
  /** Size when each block was done. */
  readonly blocks: readonly number[];
  /** In what products are computed and the basis is kept. */
  readonly precision: 'float32' | 'float64';
}

/** The Ritz vectors a space is begun anew from, and what A makes of them: Y·Θ + R·B. */
export interface Restart {
  readonly vectors: readonly FloatArray[];
  readonly values: readonly number[];
  readonly rest: readonly FloatArray[];
  /** For each vector of R its products with A·Y. */
  readonly coupling: readonly Float64Array[];
}

export interface BlockLanczosOptions {
  /** Starts, and vectors that are multiplied before anything is made of their images. */
  readonly block: number;
  /** Written into zeros. Any length but zero. */
  readonly start: (index: number, into: Float64Array) => void;
  /** Products of one vector, at most. */
  readonly products: number;
  /** What a start that spans nothing new is replaced by, and a space that closes goes on from. */
  readonly fresh: (index: number, into: Float64Array) => void;
  /** In what the basis is kept; sums are in float64 always. */
  readonly precision: 'float32' | 'float64';
  /** Vectors of a basis that is restarted rather than grown further: 4 blocks at least; all if absent. */
  readonly room?: number;
  /** Images that are held at once; a block's if absent. */
  readonly together?: number;
  readonly work?: VectorWork;
  /** Called with each vector, its image, and its number in the call of the operator. */
  readonly onProduct?: (v: FloatArray, image: FloatArray, index: number) => void;
  readonly onRestart?: (restart: Restart) => void;
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
 * Where the basis has no more room, it goes on from the Ritz vectors of both ends of the spectrum and
 * from R (thick restart: Wu and Simon 2000). The space is then still a Krylov space, of better starts.
 *
 * @throws NonFiniteProduct
 */
export async function blockLanczos(
  apply: SymmetricOperators,
  dimension: number,
  options: BlockLanczosOptions,
): Promise<KrylovSpace> {
  const { products, precision, start, fresh, onProduct, onRestart } = options;
  const { work = IN_THIS_THREAD, room = Infinity } = options;
  const block = Math.min(options.block, dimension);
  const together = Math.min(options.together ?? block, block);
  const isDouble = precision === 'float64';
  const noise = isDouble ? 1e-12 : 1e-6;
  const basis: FloatArray[] = [];
  /** Of each image its products with the vectors of the basis from `from` on. */
  const columns: Column[] = [];
  const blocks: number[] = [];
  const scratch = Array.from({ length: together }, () => doubles(work, dimension));
  let scale = 0;

  /** Memory of vectors that were left out. */
  const spare: FloatArray[] = [];
  const append = async (w: Float64Array, length: number): Promise<void> => {
    const unit = spare.pop() ?? work.zeros(dimension, isDouble);
    await divide(work, w, length, unit);
    basis.push(unit);
  };
  /** Adds what of a vector is new; its products with the basis. */
  const span = async (write: (into: Float64Array) => void): Promise<readonly number[]> => {
    const w = scratch[0]!.fill(0);
    write(w);
    const least = 1e-7 * norm(w);
    const [inside] = await orthogonalize(work, basis, [w]);
    const [again] = await orthogonalize(work, basis, [w]);
    const length = norm(w);
    const found = Array.from(inside!, (x, i) => x + again![i]!);
    if (basis.length === dimension || length <= least) return found;
    await append(w, length);
    return [...found, length];
  };
  const startProducts: (readonly number[])[] = [];
  for (let index = 0; index < block; index += 1) {
    startProducts.push(
      await span((into) => {
        start(index, into);
      }),
    );
  }
  const recurrence = (): Recurrence => ({
    ...projection(columns, basis.length),
    blocks: [...blocks],
    starts: startProducts.map((own) => unitOver(own, columns.length)),
    precision,
  });
  let unrestarted: Recurrence | undefined;

  let taken = 0;
  let freshCount = 0;
  /** First vector of the block before, which led to this one. */
  let before = 0;
  while (taken < products && columns.length < dimension) {
    const waiting = basis.length - columns.length;
    if (columns.length > 0 && basis.length < dimension && basis.length + waiting > room) {
      const space = recurrence();
      unrestarted ??= space;
      const kept = ritzOfBothEnds(space, Math.floor((room - waiting) / 2));
      await combine(work, basis.slice(0, space.size), kept.columns);
      const rest = basis.slice(space.size);
      for (const each of basis.slice(kept.values.length, space.size)) spare.push(each);
      basis.splice(kept.values.length, Infinity, ...rest);
      columns.splice(0, Infinity, ...kept.restarted);
      onRestart?.({ ...kept, vectors: basis.slice(0, kept.values.length), rest });
      before = 0;
    }
    const first = columns.length;
    if (first === basis.length) {
      // The space is closed: A does not lead out of it.
      const wanted = Math.min(block, products - taken);
      for (let k = 0; k < wanted; k += 1) {
        const index = freshCount;
        await span((into) => {
          fresh(index, into);
        });
        freshCount += 1;
      }
      if (first === basis.length) break;
    }
    const end = Math.min(basis.length, first + block, first + products - taken);
    while (columns.length < end) {
      const done = columns.length;
      const vectors = basis.slice(done, Math.min(end, done + together));
      const images = await apply(vectors, scratch.slice(0, vectors.length));
      vectors.forEach((v, k) => onProduct?.(v, images[k]!, k));
      taken += vectors.length;
      const ws = images.map((image, k) => {
        if (image !== scratch[k]) scratch[k]!.set(image);
        return scratch[k]!;
      });
      // Its neighbours: the block before, which led to this one, this one, and what waits.
      const near = await orthogonalize(work, basis, ws, before);
      const rest = await orthogonalize(work, basis, ws);
      for (const [k, w] of ws.entries()) {
        const values = Array.from(near[k]!, (x, i) => x + rest[k]![before + i]!);
        const added = before + values.length;
        // Those that were added meanwhile, twice.
        const [fromThem] = await orthogonalize(work, basis, [w], added);
        const [again] = await orthogonalize(work, basis, [w], added);
        for (const each of Array.from(fromThem!, (x, i) => x + again![i]!)) values.push(each);
        let length = norm(w);
        // Where little is left, the rounding of what was taken off is not small beside it.
        if (length < CANCELLED * Math.hypot(length, norm(Float64Array.from(values)))) {
          await orthogonalize(work, basis, [w]);
          length = norm(w);
        }
        // Any entry that is not finite makes the sum of the squares so.
        if (!Number.isFinite(length)) throw new NonFiniteProduct();
        scale = Math.max(scale, length, largest(values.map(Math.abs)));
        if (length > noise * scale && basis.length < dimension) {
          await append(w, length);
          values.push(length);
        }
        columns.push({ from: before, values });
      }
    }
    blocks.push(columns.length);
    before = first;
  }
  const space = recurrence();
  return { ...space, dimension, basis, unrestarted: unrestarted ?? space };
}

interface Column {
  readonly from: number;
  readonly values: readonly number[];
}

function doubles(work: VectorWork, length: number): Float64Array {
  return work.zeros(length, true) as Float64Array;
}

/** Ritz pairs of both ends, of the upper one twice as many, and the columns of T they begin with. */
function ritzOfBothEnds({ size, projected, coupling }: Recurrence, count: number) {
  const { values, rows } = symmetricEigen(projected, identityRows(size));
  const upper = Math.ceil((2 * count) / 3);
  const places = Array.from({ length: count }, (_, i) => (i < upper ? size - 1 - i : i - upper));
  const columns = places.map((place) => Float64Array.from(rows, (row) => row[place]!));
  const kept = places.map((place) => values[place]!);
  const ofRest = coupling.map((row) =>
    Float64Array.from(columns, (column) => column.reduce((sum, x, i) => sum + x * row[i]!, 0)),
  );
  const restarted = kept.map((value, i) => ({
    from: i,
    values: [value, ...Array<number>(count - 1 - i).fill(0), ...ofRest.map((row) => row[i]!)],
  }));
  return { columns, values: kept, coupling: ofRest, restarted };
}

/** Share of a vector that is left, below which it is made orthogonal once more. */
const CANCELLED = 1e-2;

/** T and B from the products of the images. */
function projection(
  columns: readonly Column[],
  count: number,
): Pick<Recurrence, 'size' | 'projected' | 'coupling'> {
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
export function unitRoundoff({ precision }: Recurrence): number {
  return precision === 'float64' ? 2 ** -53 : 2 ** -24;
}

function unitOver(products: readonly number[], size: number): Float64Array {
  const over = new Float64Array(size);
  for (const [i, x] of products.entries()) if (i < size) over[i] = x;
  const length = norm(over) || 1;
  return over.map((x) => x / length);
}
