import { expect, test } from 'vitest';
import { directionalDerivative } from '../../../src/engine/graph/forward';
import { Graph } from '../../../src/engine/graph/graph';
import { knownScalar, type Node, type Operation } from '../../../src/engine/graph/operations';
import { gradient } from '../../../src/engine/graph/reverse';
import type { Rule } from '../../../src/engine/graph/rules/rule';
import { ruleOf } from '../../../src/engine/graph/rules/rules';

/** A table of all operations: none of it may lack a rule, and no rule a part. */
type Table = { readonly [O in Operation]: Rule<O> };

test('an operation without one of its rules does not compile', () => {
  const { shape, evaluate, rebuild, reverse, forward } = ruleOf('sum');
  const whole: Rule<'sum'> = { shape, evaluate, rebuild, reverse, forward };
  // @ts-expect-error without its shape
  const noShape: Rule<'sum'> = { evaluate, rebuild, reverse, forward };
  // @ts-expect-error without its evaluation
  const noValue: Rule<'sum'> = { shape, rebuild, reverse, forward };
  // @ts-expect-error without its reverse rule
  const noReverse: Rule<'sum'> = { shape, evaluate, rebuild, forward };
  // @ts-expect-error without its forward rule
  const noForward: Rule<'sum'> = { shape, evaluate, rebuild, reverse };
  // @ts-expect-error only one operation
  const one: Table = { sum: whole };
  expect([noShape, noValue, noReverse, noForward, one]).toHaveLength(5);
});

test('what small changes do not change has zero derivatives in both modes', () => {
  const constants: readonly ((g: Graph, x: Node) => Node)[] = [
    (g, x) => g.less(x, g.scalar(0)),
    (g, x) => g.equal(x, g.scalar(0)),
    (g, x) => g.max(x, [1]),
    (g, x) => g.argmax(x, 1),
    (g, x) => g.step(x),
    (g, x) => g.sign(x),
    (g, x) => g.floor(x),
    (g, x) => g.round(x),
    (g, x) =>
      g.maxPoolIndex(g.reshape(x, [1, 1, 6]), {
        kernel: [2],
        strides: [2],
        dilations: [1],
        padsBefore: [0],
        padsAfter: [0],
      }),
  ];
  for (const constant of constants) {
    const g = new Graph();
    const x = g.input('x', [2, 3]);
    const v = g.input('v', [2, 3]);
    const y = constant(g, x);
    const [tangent] = directionalDerivative(g, [y], new Map([[x, v]]));
    expect(knownScalar(tangent!), y.operation).toBe(0);
    const all = y.shape.map((_, axis) => axis);
    const [slope] = gradient(g, g.sum(y, all), [x]);
    expect(knownScalar(slope!), y.operation).toBe(0);
  }
});

test('the slope of an argument that is broadcast is summed before it is scaled', () => {
  const g = new Graph();
  const [x, b] = [g.input('x', [64, 5]), g.input('b', [5])];
  const [db] = gradient(g, g.sum(g.sub(x, g.mul(b, g.scalar(3))), [0, 1]), [b]);
  // −3 · 64, known without the array of 64 · 5.
  expect(knownScalar(db!)).toBe(-192);
});
