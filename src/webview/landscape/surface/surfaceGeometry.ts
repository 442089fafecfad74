import type { LossField } from '../lossField';
import type { HeightScale } from '../heightScale';

/** The box the surface stands in: −1 to 1 across, 0 to HEIGHT up. */
export const BOX_HEIGHT = 0.95;

export interface SurfaceGeometry {
  /** x, y, z of each vertex; y is up. */
  readonly positions: Float32Array;
  readonly normals: Float32Array;
  /** Height and colour of each vertex, in [0, 1]. */
  readonly units: Float32Array;
  readonly triangles: Uint32Array;
  /** Triangles with a corner that has no finite loss, flat on the floor. */
  readonly holes: Uint32Array;
}

/**
 * Triangles of the grid with the diagonals from (i+1, j) to (i, j+1): the triangulation that
 * persistence is computed on by default. The first axis points to the right, the second away from
 * the viewer.
 */
export function surfaceGeometry(field: LossField, scale: HeightScale): SurfaceGeometry {
  const { rows, columns } = field;
  const count = rows * columns;
  const positions = new Float32Array(count * 3);
  const units = new Float32Array(count);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const v = i * columns + j;
      const value = field.values[v]!;
      const unit = Number.isFinite(value) ? scale.toUnit(value) : 0;
      units[v] = unit;
      positions[3 * v] = across(i, rows);
      positions[3 * v + 1] = unit * BOX_HEIGHT;
      positions[3 * v + 2] = -across(j, columns);
    }
  }

  const triangles: number[] = [];
  const holes: number[] = [];
  const add = (a: number, b: number, c: number) => {
    const whole = field.kinds[a] === 0 && field.kinds[b] === 0 && field.kinds[c] === 0;
    (whole ? triangles : holes).push(a, b, c);
  };
  for (let i = 0; i + 1 < rows; i++) {
    for (let j = 0; j + 1 < columns; j++) {
      const a = i * columns + j;
      const right = a + columns;
      add(a, right, a + 1);
      add(right + 1, a + 1, right);
    }
  }
  const indices = Uint32Array.from(triangles);
  return {
    positions,
    normals: vertexNormals(positions, indices),
    units,
    triangles: indices,
    holes: Uint32Array.from(holes),
  };
}

/** Every so many points along each axis, so that no more than `most` cells are left of it. */
export function coarseTriangles(
  { rows, columns, kinds }: Pick<LossField, 'rows' | 'columns' | 'kinds'>,
  most: number,
): Uint32Array {
  const along = coarseSteps(rows, most);
  const back = coarseSteps(columns, most);
  const triangles: number[] = [];
  for (let i = 0; i + 1 < along.length; i++) {
    for (let j = 0; j + 1 < back.length; j++) {
      const a = along[i]! * columns + back[j]!;
      const right = along[i + 1]! * columns + back[j]!;
      const behind = along[i]! * columns + back[j + 1]!;
      const far = along[i + 1]! * columns + back[j + 1]!;
      if (kinds[right] !== 0 || kinds[behind] !== 0) continue;
      if (kinds[a] === 0) triangles.push(a, right, behind);
      if (kinds[far] === 0) triangles.push(far, behind, right);
    }
  }
  return Uint32Array.from(triangles);
}

function coarseSteps(extent: number, most: number): readonly number[] {
  const stride = Math.ceil((extent - 1) / most);
  const steps: number[] = [];
  for (let step = 0; step < extent - 1; step += stride) steps.push(step);
  return [...steps, extent - 1];
}

/** Place of a step along an axis of the box. */
function across(step: number, steps: number): number {
  return (2 * step) / (steps - 1) - 1;
}

/** Sums of the triangles' normals, weighted by their areas. */
function vertexNormals(positions: Float32Array, triangles: Uint32Array): Float32Array {
  const normals = new Float32Array(positions.length);
  for (let t = 0; t < triangles.length; t += 3) {
    const a = 3 * triangles[t]!;
    const b = 3 * triangles[t + 1]!;
    const c = 3 * triangles[t + 2]!;
    const ux = positions[b]! - positions[a]!;
    const uy = positions[b + 1]! - positions[a + 1]!;
    const uz = positions[b + 2]! - positions[a + 2]!;
    const vx = positions[c]! - positions[a]!;
    const vy = positions[c + 1]! - positions[a + 1]!;
    const vz = positions[c + 2]! - positions[a + 2]!;
    const nx = uy * vz - uz * vy;
    const ny = uz * vx - ux * vz;
    const nz = ux * vy - uy * vx;
    for (const at of [a, b, c]) {
      normals[at] = normals[at]! + nx;
      normals[at + 1] = normals[at + 1]! + ny;
      normals[at + 2] = normals[at + 2]! + nz;
    }
  }
  for (let at = 0; at < normals.length; at += 3) {
    const length = Math.hypot(normals[at]!, normals[at + 1]!, normals[at + 2]!) || 1;
    normals[at] = normals[at]! / length;
    normals[at + 1] = normals[at + 1]! / length;
    normals[at + 2] = normals[at + 2]! / length;
  }
  return normals;
}
