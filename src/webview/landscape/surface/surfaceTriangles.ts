import { BufferAttribute } from 'three';
import type { LossField } from '../lossField';
import { coarseTriangles } from './surfaceGeometry';

/**
 * While it turns on a slow machine, as slow as it is: cells along an axis, and the share of the pixels
 * of an axis. The first draws everything.
 */
export const LEVELS = [
  { cells: Infinity, pixels: 1 },
  { cells: 50, pixels: 0.5 },
  { cells: 34, pixels: 0.34 },
] as const;

/** The triangles of a surface, at each of the levels when it is asked for. */
export class SurfaceTriangles {
  private readonly whole: BufferAttribute;
  private readonly known = new Map<number, BufferAttribute>();

  constructor(
    private readonly field: LossField,
    triangles: Uint32Array,
  ) {
    this.whole = new BufferAttribute(triangles, 1);
  }

  at(level: number): BufferAttribute {
    const { cells } = LEVELS[level]!;
    const { rows, columns } = this.field;
    if (Math.max(rows, columns) <= cells + 1) return this.whole;
    let found = this.known.get(level);
    if (found === undefined) {
      found = new BufferAttribute(coarseTriangles(this.field, cells), 1);
      this.known.set(level, found);
    }
    return found;
  }
}
