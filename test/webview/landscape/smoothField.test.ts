import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lossField } from '../../../src/webview/landscape/lossField';
import { smoothField } from '../../../src/webview/landscape/smoothField';
import { himmelblau, sampleLandscape } from '../sampleSnapshot';

describe('a coarse landscape drawn smooth', () => {
  const coarse = lossField(sampleLandscape(himmelblau, 17, 5))!;
  const fine = smoothField(coarse);
  const between = (fine.rows - 1) / (coarse.rows - 1);

  it('goes through every point of the grid', () => {
    expect(between).toBe(8);
    for (let i = 0; i < coarse.rows; i++) {
      for (let j = 0; j < coarse.columns; j++) {
        expect(fine.values[i * between * fine.columns + j * between]).toBe(
          coarse.values[i * coarse.columns + j],
        );
      }
    }
  });

  it('is nearer to the function than straight lines are', () => {
    const wanted = lossField(sampleLandscape(himmelblau, fine.rows, 5))!;
    const straight = lossField(sampleLandscape(himmelblau, 17, 5))!;
    let [smooth, linear] = [0, 0];
    for (let i = 0; i < fine.rows; i++) {
      for (let j = 0; j < fine.columns; j++) {
        const at = i * fine.columns + j;
        const [x, y] = [i / between, j / between];
        const [i0, j0] = [Math.min(15, Math.floor(x)), Math.min(15, Math.floor(y))];
        const corner = (a: number, b: number) => straight.values[(i0 + a) * 17 + j0 + b]!;
        const [s, t] = [x - i0, y - j0];
        const bilinear =
          (1 - s) * ((1 - t) * corner(0, 0) + t * corner(0, 1)) +
          s * ((1 - t) * corner(1, 0) + t * corner(1, 1));
        smooth += Math.abs(fine.values[at]! - wanted.values[at]!);
        linear += Math.abs(bilinear - wanted.values[at]!);
      }
    }
    expect(smooth).toBeLessThan(linear / 2);
  });

  it('has no extremum that the grid has not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 36, maxLength: 36 }),
        (values) => {
          const axis = { name: 'x', min: 0, max: 1, steps: 6 };
          const field = lossField({
            ...sampleLandscape(himmelblau, 6, 1),
            axes: [axis, axis],
            shape: [6, 6],
            values,
          })!;
          const smooth = smoothField(field);
          expect(Math.min(...smooth.values)).toBe(Math.min(...field.values));
          expect(Math.max(...smooth.values)).toBe(Math.max(...field.values));
        },
      ),
    );
  });

  it('is left as it is where it is fine, incomplete or not finite', () => {
    const large = lossField(sampleLandscape(himmelblau, 101, 5))!;
    expect(smoothField(large)).toBe(large);
    const landscape = sampleLandscape(himmelblau, 17, 5);
    for (const hole of [null, 'NaN', 'Infinity'] as const) {
      const field = lossField({ ...landscape, values: landscape.values.with(40, hole) })!;
      expect(smoothField(field)).toBe(field);
    }
  });
});
