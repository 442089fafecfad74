import { describe, expect, it } from 'vitest';
import { rankCorrelation } from '../../src/shared/rankCorrelation';

/** Figure 6 of Xie et al. 2024 (arXiv 2411.09807), digitised: a network for convection, β = 1 … 10. */
const beta = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const saddles = [13, 11, 13, 15, 12, 14, 14, 23, 19, 27];
const error = [0.005, 0.007, 0.012, 0.012, 0.009, 0.012, 0.423, 0.472, 0.625, 0.713];
const eigenvalue = [576, 1367, 208, 690, 717, 1410, 3348, 3322, 1455, 2464];

describe('rank correlation', () => {
  it('is that of the paper’s figure: saddles with β, error and eigenvalue', () => {
    // scipy.stats.spearmanr: 0.81709, 0.88273, 0.57318.
    expect(rankCorrelation(saddles, beta).rho).toBeCloseTo(0.8170883606, 9);
    expect(rankCorrelation(saddles, error).rho).toBeCloseTo(0.8827328673, 9);
    expect(rankCorrelation(saddles, eigenvalue).rho).toBeCloseTo(0.5731813874, 9);
  });

  it('has an interval that holds it, the same every time, and narrower for more pairs', () => {
    const { rho, interval } = rankCorrelation(saddles, eigenvalue);
    const [low, high] = interval!;
    expect(low).toBeLessThan(rho!);
    expect(high).toBeGreaterThan(rho!);
    expect(rankCorrelation(saddles, eigenvalue).interval).toEqual(interval);
    const many = Array.from({ length: 20 }, () => saddles).flat();
    const narrow = rankCorrelation(many, Array.from({ length: 20 }, () => eigenvalue).flat());
    expect(narrow.interval![1] - narrow.interval![0]).toBeLessThan((high - low) / 3);
  });

  it('is one for rising and minus one for falling figures, whatever their size', () => {
    expect(rankCorrelation([1, 2, 3, 4], [-5, 0, 1e300, Infinity]).count).toBe(3);
    expect(rankCorrelation([1, 2, 3, 4], [1, 8, 27, 1e300]).rho).toBe(1);
    expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, 1]).rho).toBe(-1);
  });

  it('is nothing where a figure does not change, or there are no pairs', () => {
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toEqual({ count: 3, rho: null, interval: null });
    expect(rankCorrelation([1, null], [null, 2])).toEqual({ count: 0, rho: null, interval: null });
  });
});
