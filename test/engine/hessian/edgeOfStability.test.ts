import { describe, expect, test } from 'vitest';
import type { ParameterMoments } from '../../../src/engine/checkpoint/pytorch/secondMoments';
import {
  adaptiveEdge,
  edgeNote,
  edgeOfStability,
  precondition,
  preconditioned,
} from '../../../src/engine/hessian/edgeOfStability';
import { largestEigenvalue } from '../../../src/engine/hessian/largestEigenvalue';
import { norm } from '../../../src/engine/hessian/vectors';
import { joined } from '../../../src/engine/study/curvature/adamEdge';
import { english } from '../../../src/shared/words/message';
import { gaussian, rotated } from './operators';

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

  test.each([
    ['dampening', 0.9, 0.5, 0],
    ['weight decay', 0, 0, 3],
    ['weight decay with momentum', 0.8, 0, 2],
    ['all of them', 0.6, 0.3, 1],
  ] as const)('%s', (_, momentum, dampening, weightDecay) => {
    const learningRate = 0.1;
    const sgd = { kind: 'sgd', learningRate, momentum, nesterov: false, isUniform: true } as const;
    const optimizer = { ...sgd, dampening, weightDecay };
    const { bound } = edgeOfStability(optimizer, { value: 1, residual: 0, converged: true })!;
    const size = (curvature: number): number => {
      let x = 1;
      let velocity = 0;
      for (let step = 0; step < 20_000 && Math.abs(x) < 1e100; step += 1) {
        const gradient = (curvature + weightDecay) * x;
        velocity = momentum === 0 ? gradient : momentum * velocity + (1 - dampening) * gradient;
        x -= learningRate * velocity;
      }
      return Math.abs(x);
    };
    expect(size(bound * 0.99)).toBeLessThan(1e-10);
    expect(size(bound * 1.01)).toBeGreaterThan(1e10);
  });

  test('of other optimizers and of groups with their own rates nothing is said', () => {
    const largest = { value: 1, residual: 0, converged: true };
    const sgd = { kind: 'sgd', learningRate: 0.1, momentum: 0, nesterov: false } as const;
    expect(edgeOfStability({ ...sgd, isUniform: false }, largest)).toBeNull();
    const other = { ...sgd, kind: 'other', isUniform: true } as const;
    expect(edgeOfStability(other, largest)).toBeNull();
    expect(english(edgeNote(other, null))).toContain('another optimizer');
  });
});

describe('Adam with the moments it has diverges on a quadratic exactly above the bound', () => {
  const SIZE = 12;
  /** Positive, so that nothing grows but what is above the bound. */
  const matrix = rotated(
    Array.from({ length: SIZE }, (_, i) => (i === 0 ? 4 : 1 + 0.9 * Math.sin(i))),
    5,
  );
  const moments = (more: Partial<ParameterMoments>): ParameterMoments => ({
    group: 0,
    name: null,
    shape: [SIZE],
    step: 7,
    squares: Float64Array.from({ length: SIZE }, (_, i) => (1 + i) ** 2 / 100),
    betas: [0.9, 0.999],
    epsilon: 1e-8,
    weightDecay: 0,
    isDecoupled: false,
    ...more,
  });

  test.each([
    ['without weight decay', {}],
    ['with other betas', { betas: [0.5, 0.99], step: 100 }],
    ['with a decay that is a part of the gradient', { weightDecay: 0.7 }],
    ['with a decay of the weights', { weightDecay: 0.05, isDecoupled: true }],
  ] as const)('%s', async (_, more) => {
    const own = moments(more);
    const [first, second] = own.betas;
    const found = async (learningRate: number) => {
      const scale = { divisors: new Float64Array(SIZE), decay: new Float64Array(SIZE) };
      precondition(scale, 0, own, learningRate);
      const largest = await largestEigenvalue(preconditioned(matrix, scale), gaussian(SIZE, 'a'), {
        steps: SIZE,
        precision: 'float64',
      });
      const adam = { kind: 'adam', nesterov: false, isUniform: true } as const;
      return adaptiveEdge({ ...adam, learningRate, momentum: first }, largest);
    };
    /** The rate at which the meter says that the checkpoint is so far from the bound. */
    const rateAt = async (ratio: number): Promise<number> => {
      let [low, high] = [1e-6, 30];
      for (let i = 0; i < 60; i += 1) {
        const middle = Math.sqrt(low * high);
        const { sharpness, bound } = await found(middle);
        if (sharpness / bound < ratio) low = middle;
        else high = middle;
      }
      return low;
    };
    /** |x| after PyTorch's steps, ν and t kept as they are. */
    const descend = async (learningRate: number): Promise<number> => {
      const { squares, step, epsilon, weightDecay, isDecoupled } = own;
      let x = gaussian(SIZE, 'start');
      let m = new Float64Array(SIZE);
      for (let t = 0; t < 6000 && norm(x) < 1e50; t += 1) {
        const g = Float64Array.from(await matrix(x)).map(
          (y, i) => y + (isDecoupled === true ? 0 : weightDecay * x[i]!),
        );
        m = m.map((y, i) => first * y + (1 - first) * g[i]!);
        x = x.map((y, i) => {
          const kept = isDecoupled === true ? y * (1 - learningRate * weightDecay) : y;
          const root = Math.sqrt(squares[i]! / (1 - second ** step)) + epsilon;
          return kept - ((learningRate / (1 - first ** step)) * m[i]!) / root;
        });
      }
      return norm(x);
    };
    expect(await descend(await rateAt(1.01))).toBeGreaterThan(1e4);
    expect(await descend(await rateAt(0.99))).toBeLessThan(1e-4);
  });

  test('parameters are joined with their moments where it is certain', () => {
    const entry = (name: string, shape: readonly number[], offset: number) => ({
      name,
      shape,
      offset,
      size: shape.reduce((a, b) => a * b, 1),
    });
    const entries = [
      entry('a.bias', [3], 0),
      entry('a.weight', [3, 2], 3),
      entry('b.bias', [3], 9),
      entry('b.weight', [3, 3], 12),
    ];
    const names = ['a.weight', 'a.bias', 'b.weight', 'b.bias'];
    const own = (shape: readonly number[], group: number, name: string | null = null) =>
      moments({ shape, group, name });
    const inOrder = [own([3, 2], 0), own([3], 0), own([3, 3], 0), own([3], 0)];
    const pairs = joined(entries, names, inOrder)!;
    expect(pairs.map(([{ name }, found]) => [name, inOrder.indexOf(found)])).toEqual([
      ['a.weight', 0],
      ['a.bias', 1],
      ['b.weight', 2],
      ['b.bias', 3],
    ]);
    // Two groups, as biases are often kept from decay.
    const parted = [own([3, 2], 0), own([3, 3], 0), own([3], 1), own([3], 1)];
    const found = joined(entries, names, parted)!;
    expect(found.map(([{ name }, each]) => [name, parted.indexOf(each)])).toEqual([
      ['a.weight', 0],
      ['a.bias', 2],
      ['b.weight', 1],
      ['b.bias', 3],
    ]);
    // Whose the second bias is cannot be told, unless the optimizer says it.
    const open = [own([3, 2], 0), own([3], 0), own([3, 3], 1), own([3], 1)];
    expect(joined(entries, names, open)).toBeNull();
    const named = open.map((each, i) => ({ ...each, name: names[i]! }));
    expect(joined(entries, names, named)).toHaveLength(4);
    expect(joined(entries, names, inOrder.slice(1))).toBeNull();
    expect(joined(entries, names, [inOrder[1]!, inOrder[0]!, ...inOrder.slice(2)])).toBeNull();
  });
});
