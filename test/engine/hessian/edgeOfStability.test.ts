import { describe, expect, test } from 'vitest';
import { edgeOfStability } from '../../../src/engine/hessian/edgeOfStability';

/** |x| after descent on ½λx², as PyTorch's SGD steps. */
function descend(curvature: number, rate: number, momentum: number, nesterov: boolean): number {
  let x = 1;
  let velocity = 0;
  for (let step = 0; step < 20_000 && Math.abs(x) < 1e100; step += 1) {
    const gradient = curvature * x;
    velocity = momentum * velocity + gradient;
    x -= rate * (nesterov ? gradient + momentum * velocity : velocity);
  }
  return Math.abs(x);
}

describe('descent on a quadratic diverges exactly above the bound', () => {
  test.each([
    ['plain', 0.1, 0, false],
    ['plain, another rate', 3, 0, false],
    ['with momentum', 0.1, 0.9, false],
    ['with little momentum', 0.02, 0.3, false],
    ['with Nesterov’s momentum', 0.1, 0.9, true],
    ['with little of Nesterov’s', 0.5, 0.4, true],
  ] as const)('%s', (_, learningRate, momentum, nesterov) => {
    const optimizer = { kind: 'sgd', learningRate, momentum, nesterov, isUniform: true } as const;
    const at = (value: number) =>
      edgeOfStability(optimizer, { value, residual: 0, converged: true })!;
    const { bound } = at(1);
    expect(descend(0.99 * bound, learningRate, momentum, nesterov)).toBeLessThan(1e-10);
    expect(descend(1.01 * bound, learningRate, momentum, nesterov)).toBeGreaterThan(1e10);
    expect(at(0.5 * bound).state).toBe('stable');
    expect(at(1.05 * bound).state).toBe('edge');
    expect(at(1.5 * bound).state).toBe('unstable');
  });

  test('of other optimizers and of groups with their own rates nothing is said', () => {
    const largest = { value: 1, residual: 0, converged: true };
    const sgd = { kind: 'sgd', learningRate: 0.1, momentum: 0, nesterov: false } as const;
    expect(edgeOfStability({ ...sgd, isUniform: false }, largest)).toBeNull();
    expect(edgeOfStability({ ...sgd, kind: 'adam', isUniform: true }, largest)).toBeNull();
  });
});
