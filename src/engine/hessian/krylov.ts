import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { addScaled, dot, norm, type LanczosRun } from './lanczos';

/**
 * What several Lanczos runs of one operator know together.
 *
 * With W the columns of all bases and E the same with the vector after each, A·W = E·T holds by
 * the recurrences, so that every inner product with A in it follows from the Gram matrix EᵀE: no
 * further product with A is needed.
 */
export class KrylovUnion {
  readonly #runs: readonly LanczosRun[];
  /** EᵀE */
  readonly #gram: Matrix;
  /** A·W = E·T */
  readonly #t: Matrix;
  readonly #vectors: readonly Float64Array[];
  /** Positions in E of the columns of W, run by run. */
  readonly #columns: readonly (readonly number[])[];

  constructor(runs: readonly LanczosRun[]) {
    this.#runs = runs;
    this.#vectors = runs.flatMap(({ basis }) => basis);
    const columns: number[][] = [];
    let first = 0;
    for (const { alphas, basis } of runs) {
      columns.push(alphas.map((_, j) => first + j));
      first += basis.length;
    }
    this.#columns = columns;
    this.#gram = gramMatrix(this.#vectors);
    const width = columns.reduce((sum, own) => sum + own.length, 0);
    this.#t = Matrix.zeros(first, width);
    let column = 0;
    runs.forEach(({ alphas, betas }, run) => {
      alphas.forEach((alpha, j) => {
        const row = columns[run]![j]!;
        this.#t.set(row, column, alpha);
        if (j > 0) this.#t.set(row - 1, column, betas[j - 1]!);
        if (betas[j]! !== 0) this.#t.set(row + 1, column, betas[j]!);
        column += 1;
      });
    });
  }

  /**
   * Rayleigh–Ritz over the whole space. Eigenvalues that one run cannot tell apart (a run sees one
   * vector of each eigenspace) are separated, as the runs start from different vectors.
   */
  ritzPairs(): readonly RitzPair[] {
    const all = this.#projection(this.#columns.map((_, run) => run));
    const { values, vectors } = symmetricEigen(all.projected);
    return values
      .map((value, i) => {
        const coefficients = all.basis.mmul(vectors.getColumnVector(i)).to1DArray();
        return { value, residual: this.#residual(value, coefficients), coefficients };
      })
      .sort((a, b) => b.value - a.value);
  }

  /** The Ritz vector of coefficients over W, of unit length. */
  vector({ coefficients }: RitzPair): Float64Array {
    const sum = new Float64Array(this.#vectors[0]!.length);
    this.#columns.flat().forEach((position, i) => {
      addScaled(sum, coefficients[i]!, this.#vectors[position]!);
    });
    const length = norm(sum);
    return sum.map((x) => x / length);
  }

  /**
   * Estimates of tr A, one for each run: the trace on the space of the other runs is known, and
   * the run's own start, which is independent of that space, estimates the rest (Epperly, Tropp
   * and Webber, XTrace, 2024, with Krylov spaces for the sketch). Starts are Rademacher vectors
   * of unit length.
   */
  traceEstimates(): readonly number[] {
    const n = this.#vectors[0]!.length;
    return this.#runs.map((_, own) => {
      const start = this.#columns[own]![0]!;
      const tColumn = this.#columns.slice(0, own).flat().length;
      const image = this.#t.getColumn(tColumn);
      const quadratic = n * this.#t.get(start, tColumn);
      const others = this.#runs.map((_run, run) => run).filter((run) => run !== own);
      if (others.length === 0) return quadratic;

      const { positions, basis, projected } = this.#projection(others);
      const g = positions.map((row) => this.#gram.get(row, start));
      const h = positions.map((row) =>
        image.reduce((sum, t, column) => sum + t * this.#gram.get(row, column), 0),
      );
      const inside = basis.transpose().mmul(Matrix.columnVector(g));
      const mapped = basis.transpose().mmul(Matrix.columnVector(h));
      const correction = 2 * inside.dot(mapped) - inside.dot(projected.mmul(inside));
      return projected.trace() + quadratic - n * correction;
    });
  }

  /** An orthonormal basis (coefficients over W) of the space of some runs, and A on it. */
  #projection(runs: readonly number[]) {
    const positions = runs.flatMap((run) => this.#columns[run]!);
    const before = this.#columns.map((_, run) => this.#columns.slice(0, run).flat().length);
    const columns = runs.flatMap((run) => this.#columns[run]!.map((_, j) => before[run]! + j));
    const gram = this.#gram.selection([...positions], [...positions]);
    const image = this.#gram.subMatrixRow([...positions]).mmul(this.#t.subMatrixColumn(columns));
    const { values, vectors } = symmetricEigen(gram);
    const kept = values.map((_, i) => i).filter((i) => values[i]! > DEPENDENT);
    const basis = vectors.subMatrixColumn(kept);
    kept.forEach((i, column) => {
      basis.mulColumn(column, 1 / Math.sqrt(values[i]!));
    });
    const projected = basis.transpose().mmul(image).mmul(basis);
    return { positions, basis, projected: Matrix.add(projected, projected.transpose()).mul(0.5) };
  }

  /** ‖A·y − λ·y‖ for y = W·s. */
  #residual(value: number, s: readonly number[]): number {
    const difference = this.#t.mmul(Matrix.columnVector([...s]));
    this.#columns.flat().forEach((position, i) => {
      difference.set(position, 0, difference.get(position, 0) - value * s[i]!);
    });
    const square = difference.dot(this.#gram.mmul(difference));
    return Math.sqrt(Math.max(square, 0));
  }
}

export interface RitzPair {
  readonly value: number;
  readonly residual: number;
  /** Over the columns of all runs' bases. */
  readonly coefficients: readonly number[];
}

/**
 * Directions of the joint space shorter than the root of this are what runs have in common; to
 * divide by their length would only make rounding larger.
 */
const DEPENDENT = 1e-4;

function gramMatrix(vectors: readonly Float64Array[]): Matrix {
  const gram = new Matrix(vectors.length, vectors.length);
  vectors.forEach((a, i) => {
    for (let j = 0; j <= i; j += 1) {
      const product = dot(a, vectors[j]!);
      gram.set(i, j, product);
      gram.set(j, i, product);
    }
  });
  return gram;
}

export function symmetricEigen(matrix: Matrix): {
  readonly values: readonly number[];
  readonly vectors: Matrix;
} {
  const decomposition = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  return { values: decomposition.realEigenvalues, vectors: decomposition.eigenvectorMatrix };
}
