import { describe, expect, it } from 'vitest';
import { alongEigenvectors, profilesOf } from '../../../src/webview/curvature/alongEigenvectors';
import { sampleHessian, sampleLandscape } from '../sampleSnapshot';

/** 0.3 + x + 2x² + 5y² in coordinates of directions of lengths 2 and 4: curvatures 4/2² and 10/4². */
const landscape = {
  ...sampleLandscape((x, y) => 0.3 + x + 2 * x * x + 5 * y * y, 21, 1, 'hessian'),
  directions: {
    ...sampleLandscape(() => 0, 3, 1, 'hessian').directions,
    norms: [2, 4],
    eigenvalues: [1, 0.625],
  },
};

describe('the loss along eigenvectors', () => {
  it('is what the curvature says where the loss is quadratic', () => {
    const lines = alongEigenvectors(landscape);
    expect(lines).toHaveLength(2);
    for (const { losses, quadratic, distances } of lines) {
      quadratic.forEach((value, k) => {
        expect(value).toBeCloseTo(losses[k]!, 10);
      });
      expect(distances[10]).toBeCloseTo(0, 12);
    }
    expect(lines[0]!.distances[20]).toBeCloseTo(2, 12);
  });

  it('is nothing of other directions, or where the centre is no point', () => {
    const { directions } = landscape;
    expect(
      alongEigenvectors({ ...landscape, directions: { ...directions, kind: 'random' } }),
    ).toEqual([]);
    const shifted = landscape.axes.map((axis) => ({ ...axis, max: axis.max * 1.07 }));
    expect(alongEigenvectors({ ...landscape, axes: shifted })).toEqual([]);
  });

  it('is read from the profiles, beside slope and curvature', () => {
    const pair = (value: number, converged = true) => ({ value, residual: 0, converged });
    const distances = [-0.2, -0.1, 0, 0.1, 0.2];
    const loss = (x: number) => 0.5 + 3 * x + 2 * x * x + 7 * x ** 3;
    const hessian = {
      ...sampleHessian(4),
      eigenvalues: [pair(4), pair(2, false)],
      profiles: [
        { eigenvalue: 4, slope: 3, distances, losses: distances.map(loss) },
        { eigenvalue: 2, slope: 0, distances, losses: [1, 'NaN', 0.5, 0.5, 'Infinity'] as const },
      ],
    };
    const [first, second] = profilesOf(hessian);
    expect([first!.name, second!.name]).toEqual(['v₁', 'v₂']);
    // What is left is the third order.
    first!.quadratic.forEach((value, k) => {
      expect(first!.losses[k]! - value).toBeCloseTo(7 * distances[k]! ** 3, 12);
    });
    expect(second!.losses).toEqual([1, NaN, 0.5, 0.5, Infinity]);
    expect(second!.converged).toBe(false);
    expect(profilesOf(sampleHessian(4))).toEqual([]);
  });
});
