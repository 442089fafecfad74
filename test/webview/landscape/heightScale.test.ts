import { describe, expect, it } from 'vitest';
import {
  canBeLogarithmic,
  drawingNotes,
  heightScale,
} from '../../../src/webview/landscape/heightScale';
import { lossField } from '../../../src/webview/landscape/lossField';
import { sampleLandscape, type Surface } from '../sampleSnapshot';

const fieldOf = (surface: Surface, steps = 41) => lossField(sampleLandscape(surface, steps))!;
const wall: Surface = (x, y) => 0.3 + Math.exp(9 * (x * x + y * y));

describe('height of a loss', () => {
  it('goes from the smallest to the largest', () => {
    const scale = heightScale(
      fieldOf((x, y) => 1 + x * x + y * y),
      'linear',
    );
    expect(scale.toUnit(1)).toBe(0);
    expect(scale.toUnit(3)).toBe(1);
    expect(scale.toUnit(2)).toBeCloseTo(0.5, 12);
    expect(scale.clipped).toBe(0);
  });

  it('cuts a wall, counts what it cuts, and says so', () => {
    const field = fieldOf(wall);
    const scale = heightScale(field, 'linear');
    const above = [...field.values].filter((value) => value > scale.high).length;
    expect(scale.clipped).toBe(above);
    expect(above).toBeGreaterThan(0);
    expect(scale.toUnit(field.maximum)).toBe(1);
    expect(drawingNotes(field, scale).join(' ')).toMatch(/plateau/);
  });

  it('cuts nothing on a logarithmic scale, where equal ratios are equal heights', () => {
    const field = fieldOf(wall);
    const scale = heightScale(field, 'log');
    expect(scale.clipped).toBe(0);
    expect(scale.toUnit(100) - scale.toUnit(10)).toBeCloseTo(
      scale.toUnit(1000) - scale.toUnit(100),
      10,
    );
  });

  it('has no logarithm of a loss that is not positive', () => {
    const field = fieldOf((x) => x);
    expect(canBeLogarithmic(field)).toBe(false);
    expect(heightScale(field, 'log').kind).toBe('linear');
  });

  it('draws a constant loss as a plane without lines', () => {
    const scale = heightScale(
      fieldOf(() => 4),
      'linear',
    );
    expect(scale.toUnit(4)).toBe(0.5);
    expect(scale.levels).toEqual([]);
  });

  it('puts contour lines on round values, where the surface has them too', () => {
    const scale = heightScale(
      fieldOf((x, y) => 1 + x * x + y * y),
      'linear',
    );
    expect(scale.levels.length).toBeGreaterThan(6);
    scale.levels.forEach((level, k) => {
      expect(level * 5).toBeCloseTo(Math.round(level * 5), 9);
      expect(scale.toUnit(level)).toBeCloseTo(scale.levelOffset + k * scale.levelStep, 9);
    });
  });

  it('says what has not been evaluated and what is not finite', () => {
    const landscape = sampleLandscape((x) => 2 + x, 3);
    const values = [...landscape.values];
    values[0] = null;
    values[1] = 'NaN';
    values[2] = 'Infinity';
    const field = lossField({ ...landscape, values })!;
    const notes = drawingNotes(field, heightScale(field, 'linear')).join(' ');
    expect(notes).toMatch(/1 point of 9 not evaluated yet/);
    expect(notes).toMatch(/1 NaN, 1 infinite/);
  });
});
