import { describe, expect, it } from 'vitest';
import { saturationNote } from '../../../src/engine/hessian/curvatureNotes';
import { english } from '../../../src/shared/words/message';

const float32 = { name: 'onnxruntime-node', version: '1', precision: 'float32' } as const;

describe('a classifier that is nearly always sure', () => {
  it('has as many digits of curvature as float32 leaves of 1 − p', () => {
    // p(1 − p) at a loss of 6.8e-6: 1 − p = 6.8e-6 is 114 steps of 2⁻²⁴, so two digits.

    expect(english(saturationNote(6.8e-6, 'classification', float32)!)).toMatch(/about 2 digits/);
    expect(english(saturationNote(5e-4, 'binary', float32)!)).toMatch(/about 4 digits/);
  });

  it('is told of nowhere else', () => {
    expect(saturationNote(0.01, 'classification', float32)).toBeNull();
    expect(saturationNote(1e-6, 'regression', float32)).toBeNull();
    expect(saturationNote(NaN, 'classification', float32)).toBeNull();
    const float64 = { ...float32, precision: 'float64' } as const;
    expect(saturationNote(1e-6, 'classification', float64)).toBeNull();
  });
});
