import { describe, expect, it } from 'vitest';
import { COLOR_COUNT, colorTable, viridis } from '../../../src/webview/plots/colorMap';

/** CIE 1976 lightness of an sRGB colour. */
function lightness(color: readonly [number, number, number]): number {
  const [red, green, blue] = color.map((value) =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
  ) as [number, number, number];
  const y = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return y > 0.008856 ? 116 * Math.cbrt(y) - 16 : 903.3 * y;
}

describe('colour map', () => {
  it.each([
    // matplotlib 3.8, `matplotlib.colormaps['viridis']`.
    [0, [0.267004, 0.004874, 0.329415]],
    [0.5, [0.127568, 0.566949, 0.550556]],
    [1, [0.993248, 0.906157, 0.143936]],
  ])('is viridis at %d', (position, [red, green, blue]) => {
    const color = viridis(position);
    expect(Math.abs(color[0] - red!)).toBeLessThan(0.02);
    expect(Math.abs(color[1] - green!)).toBeLessThan(0.02);
    expect(Math.abs(color[2] - blue!)).toBeLessThan(0.02);
  });

  it('grows lighter evenly, so that equal steps of loss look equal', () => {
    const steps = Array.from({ length: 20 }, (_, k) => lightness(viridis(k / 19)));
    const differences = steps.slice(1).map((value, k) => value - steps[k]!);
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
    for (const difference of differences) {
      expect(difference).toBeGreaterThan(0.5 * mean);
      expect(difference).toBeLessThan(1.5 * mean);
    }
  });

  it('takes what lies outside for the end', () => {
    expect(viridis(-1)).toEqual(viridis(0));
    expect(viridis(7)).toEqual(viridis(1));
  });

  it('is opaque in its table', () => {
    const table = colorTable();
    expect(table).toHaveLength(COLOR_COUNT * 4);
    expect(table.filter((_, k) => k % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
  });
});
