import { sizeOf, type Shape } from '../../tensor';
import type { Node } from '../operations';
import { broadcastStrides, collect, dot, forEachIndex, stridesOf } from './indices';
import { constantRules, linear, type Rule } from './rule';

export const sumRule: Rule<'sum'> = {
  shape: ([x], { axes }) => reduced(x!, axes),
  evaluate: (node, [x]) => reduce(node, x!, 0, (sum, value) => sum + value),
  rebuild: (g, { attributes }, [x]) => g.sum(x!, attributes.axes, true),
  ...linear<'sum'>(
    (g, { inputs }, dy) => g.expand(dy, inputs[0]!.shape),
    (g, { attributes }, tangent) => g.sum(tangent, attributes.axes, true),
  ),
};

/** The maximum is only subtracted for range, where its derivative cancels: see softmax.ts. */
export const maxRule: Rule<'max'> = {
  shape: ([x], { axes }) => reduced(x!, axes),
  evaluate: (node, [x]) =>
    reduce(node, x!, -Infinity, (most, value) =>
      value > most || Number.isNaN(value) ? value : most,
    ),
  rebuild: (g, { attributes }, [x]) => g.max(x!, attributes.axes),
  ...constantRules,
};

export const argmaxRule: Rule<'argmax'> = {
  shape: ([x], { axis }) => reduced(x!, [axis]),
  evaluate: ({ inputs, shape, attributes: { axis } }, [x]) => {
    const from = inputs[0]!.shape;
    const strides = stridesOf(from);
    return collect(shape, (index) => {
      const start = dot(index, strides);
      let best = 0;
      for (let i = 1; i < from[axis]!; i += 1) {
        if (x![start + i * strides[axis]!]! > x![start + best * strides[axis]!]!) best = i;
      }
      return best;
    });
  },
  rebuild: (g, { attributes }, [x]) => g.argmax(x!, attributes.axis),
  ...constantRules,
};

function reduced(x: Shape, axes: readonly number[]): Shape {
  return x.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}

function reduce(
  { inputs, shape }: Node,
  x: Float64Array,
  start: number,
  join: (accumulated: number, x: number) => number,
): Float64Array {
  const from = inputs[0]!.shape;
  const strides = broadcastStrides(shape, from);
  const out = new Float64Array(sizeOf(shape)).fill(start);
  let at = 0;
  forEachIndex(from, (index) => {
    const to = dot(index, strides);
    out[to] = join(out[to]!, x[at++]!);
  });
  return out;
}
