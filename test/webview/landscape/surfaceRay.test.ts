import { describe, expect, it } from 'vitest';
import {
  BOX_HEIGHT,
  coarseTriangles,
} from '../../../src/webview/landscape/surface/surfaceGeometry';
import { isHidden } from '../../../src/webview/landscape/surface/surfaceRay';

const EXTENT = 41;

/** Heights of a function of the box's own x and z, in [0, 1]. */
function heights(unit: (x: number, z: number) => number) {
  const units = Float32Array.from({ length: EXTENT * EXTENT }, (_, vertex) => {
    const i = Math.floor(vertex / EXTENT);
    const j = vertex % EXTENT;
    return unit((2 * i) / (EXTENT - 1) - 1, 1 - (2 * j) / (EXTENT - 1));
  });
  return { rows: EXTENT, columns: EXTENT, units };
}

describe('a mark on the surface', () => {
  it('is hidden by a ridge exactly where the line to the eye goes below its top', () => {
    // A ridge across x = 0, a quarter of the box high.
    const ridge = heights((x) => (Math.abs(x) < 1e-6 ? 0.25 : 0));
    const mark = { x: -0.5, y: 0, z: 0.1 };
    const top = 0.25 * BOX_HEIGHT;
    // Over the ridge, half of a unit away, the line is at a tenth of the eye's height.
    const eye = (height: number) => ({ x: 4.5, y: 10 * height, z: 0.1 });
    expect(isHidden(ridge, mark, eye(top - 0.06))).toBe(true);
    expect(isHidden(ridge, mark, eye(top + 0.02))).toBe(false);
    expect(isHidden(ridge, { ...mark, x: 0.5 }, eye(0.05))).toBe(false);
  });

  it('is never hidden by the slope it is on, whatever the slope', () => {
    for (const slope of [0, 0.1, 0.3, 0.49]) {
      const tilted = heights((x) => 0.5 + slope * x);
      for (const x of [-1, -0.52, 0, 0.31, 1]) {
        const mark = { x, y: (0.5 + slope * x) * BOX_HEIGHT, z: -0.2 };
        expect(isHidden(tilted, mark, { x: -3, y: 3, z: 2 })).toBe(false);
        expect(isHidden(tilted, mark, { x: 3, y: 3.5, z: 1 })).toBe(false);
      }
    }
  });

  it('at the bottom of a bowl is seen from above and not from beside', () => {
    const bowl = heights((x, z) => Math.min(1, (x * x + z * z) / 2));
    const bottom = { x: 0, y: 0, z: 0 };
    expect(isHidden(bowl, bottom, { x: 0, y: 5, z: 0.1 })).toBe(false);
    expect(isHidden(bowl, bottom, { x: 5, y: 0.3, z: 0 })).toBe(true);
  });
});

describe('triangles while it turns', () => {
  const field = (rows: number, columns: number, hole = -1) => ({
    rows,
    columns,
    kinds: Uint8Array.from({ length: rows * columns }, (_, vertex) => Number(vertex === hole)),
  });

  it('cover all of the plane with few cells, and no hole', () => {
    const rows = 103;
    const columns = 57;
    const place = (vertex: number) => [Math.floor(vertex / columns), vertex % columns] as const;
    const area = (triangles: Uint32Array) => {
      let sum = 0;
      for (let k = 0; k < triangles.length; k += 3) {
        const [a, b, c] = [0, 1, 2].map((corner) => place(triangles[k + corner]!));
        sum += ((b![0] - a![0]) * (c![1] - a![1]) - (c![0] - a![0]) * (b![1] - a![1])) / 2;
      }
      return sum;
    };
    const whole = coarseTriangles(field(rows, columns), 50);
    expect(area(whole)).toBe((rows - 1) * (columns - 1));
    expect(whole.length / 6).toBeLessThanOrEqual(50 * 50);
    const cut = coarseTriangles(field(rows, columns, 0), 50);
    expect(whole.length - cut.length).toBe(3);
  });
});
