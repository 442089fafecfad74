import { describe, expect, it } from 'vitest';
import { landscapeProfile } from '../../../src/engine/topology/profile';
import { minimaOf, outlineOf } from '../../../src/webview/topology/profileDrawing';
import { himmelblau, sampleLandscape } from '../sampleSnapshot';

const landscape = sampleLandscape(himmelblau, 41, 5);
const values = Float64Array.from(landscape.values, Number);
const profile = landscapeProfile(values, landscape.shape, { threshold: 1, steps: 4096 });

/** How wide an outline is at a height that none of its corners has. */
function widthAt(outline: ReturnType<typeof outlineOf>, height: number): number {
  const crossings: number[] = [];
  for (let k = 0; k < outline.length; k++) {
    const [x, y] = outline[k]!;
    const [, next] = outline[(k + 1) % outline.length]!;
    if (y < height !== next < height) crossings.push(x);
  }
  return crossings.length === 0 ? 0 : Math.max(...crossings) - Math.min(...crossings);
}

describe('the drawn landscape profile', () => {
  it('is at every loss as wide as the number of points below it', () => {
    const outlines = profile.basins.map(outlineOf);
    for (const height of [1.23, 17.7, 66.1, 130.3, 400.9]) {
      const drawn = outlines.reduce((sum, outline) => sum + widthAt(outline, height), 0);
      expect(drawn).toBe(values.filter((value) => value <= height).length);
    }
  });

  it('stays inside of the plot, one basin beside the other', () => {
    for (const [x] of profile.basins.flatMap(outlineOf)) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(profile.width);
    }
  });

  it('names every basin by its deepest minimum', () => {
    const minima = minimaOf(profile);
    profile.basins.forEach((basin, index) => {
      if (basin.kind === 'minimum') expect(minima[index]).toBe(basin.vertex);
      expect(values[minima[index]!]).toBeLessThanOrEqual(Number(basin.from));
    });
    expect(values[minima.at(-1)!]).toBe(Math.min(...values));
  });
});
