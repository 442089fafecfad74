/** Eigenvalues of a symmetric matrix, and what was asked for of its eigenvectors. */
export interface SymmetricEigen {
  /** Ascending. */
  readonly values: Float64Array;
  /**
   * The given rows times the matrix of eigenvectors: `rows[r][i]` is the inner product of row r and
   * eigenvector i. Given the rows of the identity, the eigenvectors themselves.
   */
  readonly rows: readonly Float64Array[];
}

/**
 * Householder tridiagonalisation and implicit QL (Golub and Van Loan, Matrix Computations, 8.3; the
 * QL sweep is that of EISPACK's tql2). Only the products of the eigenvectors with some rows are
 * carried along: m³ multiplications for m × m and few rows, four times that for all.
 *
 * @param matrix m × m in row-major order, of which the lower triangle is read; not changed.
 * @param rows of length m each.
 */
export function symmetricEigen(
  matrix: Float64Array,
  rows: readonly Float64Array[] = [],
): SymmetricEigen {
  const m = Math.round(Math.sqrt(matrix.length));
  const width = rows.length;
  const a = matrix.slice();
  const diagonal = new Float64Array(m);
  const below = new Float64Array(m);
  // Eigenvector by eigenvector, so that rotations act on neighbours in memory.
  const z = new Float64Array(m * width);
  rows.forEach((row, r) => {
    for (let i = 0; i < m; i += 1) z[i * width + r] = row[i]!;
  });
  tridiagonalize(a, m, diagonal, below, z, width);
  implicitQl(diagonal, below, m, z, width);
  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[i]! - diagonal[j]!);
  return {
    values: Float64Array.from(order, (i) => diagonal[i]!),
    rows: rows.map((_, r) => Float64Array.from(order, (i) => z[i * width + r]!)),
  };
}

/** The rows of the m × m identity. */
export function identityRows(m: number): readonly Float64Array[] {
  return Array.from({ length: m }, (_, i) => {
    const row = new Float64Array(m);
    row[i] = 1;
    return row;
  });
}

function tridiagonalize(
  a: Float64Array,
  m: number,
  diagonal: Float64Array,
  below: Float64Array,
  z: Float64Array,
  width: number,
): void {
  const v = new Float64Array(m);
  const p = new Float64Array(m);
  const g = new Float64Array(width);
  for (let j = 0; j + 2 < m; j += 1) {
    const first = j + 1;
    let scale = 0;
    for (let i = first; i < m; i += 1) scale = Math.max(scale, Math.abs(a[i * m + j]!));
    let rest = 0;
    for (let i = first + 1; i < m; i += 1) rest = Math.max(rest, Math.abs(a[i * m + j]!));
    if (rest === 0) {
      below[j] = a[first * m + j]!;
      continue;
    }
    let square = 0;
    for (let i = first; i < m; i += 1) {
      const x = a[i * m + j]! / scale;
      v[i] = x;
      square += x * x;
    }
    const length = v[first]! > 0 ? -Math.sqrt(square) : Math.sqrt(square);
    const factor = 1 / (square - v[first]! * length);
    v[first]! -= length;
    below[j] = length * scale;
    // p = A·v / τ of the lower triangle, then A −= v·wᵀ + w·vᵀ.
    p.fill(0, first);
    for (let i = first; i < m; i += 1) {
      const row = i * m;
      const vi = v[i]!;
      let sum = a[row + i]! * vi;
      for (let k = first; k < i; k += 1) {
        const x = a[row + k]!;
        sum += x * v[k]!;
        p[k]! += x * vi;
      }
      p[i]! += sum;
    }
    let along = 0;
    for (let i = first; i < m; i += 1) {
      p[i]! *= factor;
      along += p[i]! * v[i]!;
    }
    along *= factor / 2;
    for (let i = first; i < m; i += 1) p[i]! -= along * v[i]!;
    for (let i = first; i < m; i += 1) {
      const row = i * m;
      const vi = v[i]!;
      const pi = p[i]!;
      for (let k = first; k <= i; k += 1) a[row + k]! -= vi * p[k]! + pi * v[k]!;
    }
    if (width === 0) continue;
    g.fill(0);
    for (let i = first; i < m; i += 1) {
      const vi = v[i]!;
      for (let r = 0; r < width; r += 1) g[r]! += vi * z[i * width + r]!;
    }
    for (let i = first; i < m; i += 1) {
      const vi = v[i]! * factor;
      for (let r = 0; r < width; r += 1) z[i * width + r]! -= vi * g[r]!;
    }
  }
  for (let i = 0; i < m; i += 1) diagonal[i] = a[i * m + i]!;
  if (m > 1) below[m - 2] = a[(m - 1) * m + m - 2]!;
}

/** @throws Error after so many sweeps that the matrix cannot have been finite. */
function implicitQl(
  d: Float64Array,
  e: Float64Array,
  m: number,
  z: Float64Array,
  width: number,
): void {
  if (m > 0) e[m - 1] = 0;
  for (let l = 0; l < m; l += 1) {
    for (let sweep = 0; ; sweep += 1) {
      let end = l;
      for (; end + 1 < m; end += 1) {
        const size = Math.abs(d[end]!) + Math.abs(d[end + 1]!);
        if (Math.abs(e[end]!) <= Number.EPSILON * size) break;
      }
      if (end === l) break;
      if (sweep === MAX_SWEEPS) throw new Error('The QL iteration did not converge.');
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[end]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = end - 1;
      for (; i >= l; i -= 1) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= p;
          e[end] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        const low = i * width;
        const high = low + width;
        for (let k = 0; k < width; k += 1) {
          const x = z[high + k]!;
          const y = z[low + k]!;
          z[high + k] = s * y + c * x;
          z[low + k] = c * y - s * x;
        }
      }
      if (r === 0 && i >= l) continue;
      d[l]! -= p;
      e[l] = g;
      e[end] = 0;
    }
  }
}

const MAX_SWEEPS = 200;
