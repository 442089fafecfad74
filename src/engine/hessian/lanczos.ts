/** v ↦ A·v of a symmetric matrix that is not formed. */
export type SymmetricOperator = (v: Float64Array) => Promise<Float64Array>;

/** The same of several vectors at once, in their order. */
export type SymmetricOperators = (vs: readonly Float64Array[]) => Promise<readonly Float64Array[]>;

/**
 * The result of m steps: A·V = V·T + β v₊ eₘᵀ, with V orthonormal and T tridiagonal.
 */
export interface LanczosRun {
  /** The diagonal of T, m numbers. */
  readonly alphas: readonly number[];
  /** Below the diagonal of T, m numbers; the last couples to the vector after V. */
  readonly betas: readonly number[];
  /** The columns of V, and the vector after them unless its β is zero. */
  readonly basis: readonly Float64Array[];
}

/** A product held NaN or infinity: the operator is not defined at the point it is taken at. */
export class NonFiniteProduct extends Error {}

/**
 * Lanczos tridiagonalisation with full reorthogonalisation, done twice so that the basis is
 * orthonormal to machine precision (Parlett, The Symmetric Eigenvalue Problem, 6.9: "twice is
 * enough").
 *
 * Stops early where the space closes: β is then zero and every Ritz value an eigenvalue.
 *
 * @param start of any length but zero; not changed.
 * @param steps no more than the dimension are taken.
 * @throws NonFiniteProduct
 */
export async function lanczos(
  apply: SymmetricOperator,
  start: Float64Array,
  steps: number,
): Promise<LanczosRun> {
  const basis: Float64Array[] = [scaled(start, 1 / norm(start))];
  const alphas: number[] = [];
  const betas: number[] = [];
  let scale = 0;
  for (let j = 0; j < Math.min(steps, start.length); j += 1) {
    const v = basis[j]!;
    const product = await apply(v);
    const w = Float64Array.from(product);
    alphas.push(dot(w, v));
    for (let pass = 0; pass < 2; pass += 1) {
      for (const q of basis) addScaled(w, -dot(w, q), q);
    }
    const beta = norm(w);
    // Any entry that is not finite makes their squares' sum so.
    if (!Number.isFinite(beta)) throw new NonFiniteProduct();
    scale = Math.max(scale, Math.abs(alphas[j]!), beta);
    // What is left of a product computed in single precision is noise below this.
    const closed = beta <= 1e-7 * scale || j + 1 >= start.length;
    betas.push(closed ? 0 : beta);
    if (closed) break;
    basis.push(scaled(w, 1 / beta));
  }
  return { alphas, betas, basis };
}

/**
 * Runs from several starts that advance in step, so that the products of a step are taken at once:
 * those of the runs that have not stopped, in the order of the starts.
 */
export function lanczosTogether(
  apply: SymmetricOperators,
  starts: readonly Float64Array[],
  steps: number,
): Promise<LanczosRun[]> {
  interface Asked {
    readonly v: Float64Array;
    readonly resolve: (product: Float64Array) => void;
    readonly reject: (error: unknown) => void;
  }
  const asked = new Map<number, Asked>();
  let running = starts.length;
  const advance = (): void => {
    if (asked.size === 0 || asked.size < running) return;
    const step = [...asked].sort(([a], [b]) => a - b).map(([, one]) => one);
    asked.clear();
    apply(step.map(({ v }) => v)).then(
      (products) => {
        step.forEach(({ resolve }, i) => {
          resolve(products[i]!);
        });
      },
      (error: unknown) => {
        for (const { reject } of step) reject(error);
      },
    );
  };
  return Promise.all(
    starts.map(async (start, i) => {
      const one: SymmetricOperator = (v) =>
        new Promise((resolve, reject) => {
          asked.set(i, { v, resolve, reject });
          advance();
        });
      const run = await lanczos(one, start, steps);
      running -= 1;
      advance();
      return run;
    }),
  );
}

export function dot(a: Float64Array, b: Float64Array): number {
  // Four sums at once: the processor need not wait for each addition.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < a.length; i += 1) s0 += a[i]! * b[i]!;
  return s0 + s1 + s2 + s3;
}

export function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}

/** a += factor · b */
export function addScaled(a: Float64Array, factor: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i += 1) a[i]! += factor * b[i]!;
}

function scaled(a: Float64Array, factor: number): Float64Array {
  return a.map((x) => x * factor);
}
