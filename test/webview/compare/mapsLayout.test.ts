import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heightOfMaps, mapBoxes } from '../../../src/webview/compare/mapsLayout';

const bars = fc.array(fc.boolean(), { minLength: 1, maxLength: 3 });
/** From the narrowest panel to a wide window. */
const widths = fc.integer({ min: 280, max: 1600 });

describe('maps beside each other', () => {
  it('are squares that fit, and leave each other and their bars room', () => {
    fc.assert(
      fc.property(bars, widths, (hasBar, width) => {
        const height = heightOfMaps(hasBar, width);
        const boxes = mapBoxes(hasBar, { width, height });
        boxes.forEach((box, k) => {
          expect(box.width).toBe(box.height);
          // 80 pixels are the bar, its ticks and its name.
          const right = box.left + box.width + (hasBar[k]! ? 80 : 0);
          expect(box.left).toBeGreaterThanOrEqual(40);
          expect(right).toBeLessThanOrEqual(width);
          expect(box.top + box.height + 30).toBeLessThanOrEqual(height + 1);
          for (const other of boxes.slice(k + 1)) {
            const isBeside = other.left >= right + 30;
            const isBelow = other.top >= box.top + box.height + 40;
            expect(isBeside || isBelow).toBe(true);
          }
        });
      }),
    );
  });

  it('use the width: two fill nine tenths of 1280 pixels, and one below the other of 320', () => {
    const share = (width: number) => {
      const boxes = mapBoxes([false, true], { width, height: heightOfMaps([false, true], width) });
      return Math.max(...boxes.map((box) => box.left + box.width + 86)) / width;
    };
    expect(share(1240)).toBeGreaterThan(0.9);
    expect(share(800)).toBeGreaterThan(0.9);
    expect(share(290)).toBeGreaterThan(0.9);
    const narrow = mapBoxes([false, true], {
      width: 290,
      height: heightOfMaps([false, true], 290),
    });
    expect(narrow[1]!.left).toBe(narrow[0]!.left);
  });
});
