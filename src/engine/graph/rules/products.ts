import { sizeOf } from '../../tensor';
import type { Builder } from '../builder';
import type { ConvAttributes, Node } from '../operations';
import { broadcastShape, convShape, requireConv, ShapeError } from '../shapes';
import { broadcastStrides, collect, dot, forEachIndex, stridesOf, type Index } from './indices';
import { bilinear, type Rule } from './rule';
import { say } from '../../../shared/words/message';

export const matmulRule: Rule<'matmul'> = {
  shape: ([a, b]) => {
    const [rankA, rankB] = [a!.length, b!.length];
    if (rankA < 2 || rankB < 2 || a![rankA - 1] !== b![rankB - 2]) {
      throw new ShapeError(say`No matrix product of [${a!.join(', ')}] with [${b!.join(', ')}].`);
    }
    const batch = broadcastShape(a!.slice(0, -2), b!.slice(0, -2));
    return [...batch, a![rankA - 2]!, b![rankB - 1]!];
  },
  evaluate: ({ inputs, shape }, [a, b]) => {
    const depth = inputs[0]!.shape.at(-1)!;
    const lead = shape.slice(0, -2);
    const [at, bt] = inputs.map((input) => [
      ...broadcastStrides(
        input.shape.slice(0, -2),
        lead,
        input.shape.at(-1)! * input.shape.at(-2)!,
      ),
    ]);
    const columns = shape.at(-1)!;
    return collect(shape, (index) => {
      const batch = index.slice(0, -2);
      const from = dot(batch, at!) + index.at(-2)! * depth;
      const to = dot(batch, bt!) + index.at(-1)!;
      let sum = 0;
      for (let k = 0; k < depth; k += 1) sum += a![from + k]! * b![to + k * columns]!;
      return sum;
    });
  },
  rebuild: (g, _, [a, b]) => g.matmul(a!, b!),
  reverse: {
    kind: 'array',
    pull: (g, { inputs }, dy) => {
      const [a, b] = inputs as [Node, Node];
      return [
        g.sumTo(g.matmul(dy, g.matrixTranspose(b)), a.shape),
        matrixWeightCotangent(g, a, b, dy),
      ];
    },
  },
  forward: bilinear((g, _, u, v) => g.matmul(u, v)),
};

/** The cotangent of b in a·b; one large product where b is a matrix and a a batch of them. */
function matrixWeightCotangent(g: Builder, a: Node, b: Node, dy: Node): Node {
  if (b.shape.length === 2 && a.shape.length > 2) {
    const flat = (x: Node): Node => g.reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);
    return g.matmul(g.matrixTranspose(flat(a)), flat(dy));
  }
  return g.sumTo(g.matmul(g.matrixTranspose(a), dy), b.shape);
}

export const convRule: Rule<'conv'> = {
  shape: ([x, w], attributes) => convShape(x!, w!, attributes),
  evaluate: ({ inputs, shape, attributes }, [x, w]) => {
    const out = new Float64Array(sizeOf(shape));
    forEachConvTerm(inputs[0]!.shape, inputs[1]!.shape, shape, attributes, (i, j, k) => {
      out[k]! += x![i]! * w![j]!;
    });
    return out;
  },
  rebuild: (g, { attributes }, [x, w]) => g.conv(x!, w!, attributes),
  reverse: {
    kind: 'array',
    pull: (g, { inputs, attributes }, dy) => {
      const [x, w] = inputs as [Node, Node];
      return [g.convInput(w, dy, attributes, x.shape), g.convWeight(x, dy, attributes, w.shape)];
    },
  },
  forward: bilinear((g, { attributes }, u, v) => g.conv(u, v, attributes)),
};

/** Of w and the cotangent y of a convolution; its own cotangent has the shape of that one's x. */
export const convInputRule: Rule<'convInput'> = {
  shape: ([w, y], attributes) => {
    requireConv(attributes.shape, w!, y!, attributes);
    return attributes.shape;
  },
  evaluate: ({ inputs, shape, attributes }, [w, y]) => {
    const out = new Float64Array(sizeOf(shape));
    forEachConvTerm(shape, inputs[0]!.shape, inputs[1]!.shape, attributes, (i, j, k) => {
      out[i]! += w![j]! * y![k]!;
    });
    return out;
  },
  rebuild: (g, { shape, attributes }, [w, y]) => g.convInput(w!, y!, attributes, shape),
  reverse: {
    kind: 'array',
    pull: (g, { inputs, attributes }, dx) => {
      const [w, y] = inputs as [Node, Node];
      return [g.convWeight(dx, y, attributes, w.shape), g.conv(dx, w, attributes)];
    },
  },
  forward: bilinear((g, { shape, attributes }, u, v) => g.convInput(u, v, attributes, shape)),
};

/** Of x and the cotangent y of a convolution; its own cotangent has the shape of that one's w. */
export const convWeightRule: Rule<'convWeight'> = {
  shape: ([x, y], attributes) => {
    requireConv(x!, attributes.shape, y!, attributes);
    return attributes.shape;
  },
  evaluate: ({ inputs, shape, attributes }, [x, y]) => {
    const out = new Float64Array(sizeOf(shape));
    forEachConvTerm(inputs[0]!.shape, shape, inputs[1]!.shape, attributes, (i, j, k) => {
      out[j]! += x![i]! * y![k]!;
    });
    return out;
  },
  rebuild: (g, { shape, attributes }, [x, y]) => g.convWeight(x!, y!, attributes, shape),
  reverse: {
    kind: 'array',
    pull: (g, { inputs, attributes }, dw) => {
      const [x, y] = inputs as [Node, Node];
      return [g.convInput(dw, y, attributes, x.shape), g.conv(x, dw, attributes)];
    },
  },
  forward: bilinear((g, { shape, attributes }, u, v) => g.convWeight(u, v, attributes, shape)),
};

/** Visits every product of the sum that defines a convolution: offsets in x, w and y. */
function forEachConvTerm(
  x: Index,
  w: Index,
  y: Index,
  { strides, dilations, padsBefore, groups }: ConvAttributes,
  visit: (x: number, w: number, y: number) => void,
): void {
  const [xs, ws, ys] = [stridesOf(x), stridesOf(w), stridesOf(y)] as [Index, Index, Index];
  const inputs = w[1]!;
  const outputs = w[0]! / groups;
  const spatialOut = y.slice(2);
  const kernel = w.slice(2);
  forEachIndex(spatialOut, (out) => {
    forEachIndex(kernel, (tap) => {
      let xOffset = 0;
      for (let axis = 0; axis < kernel.length; axis += 1) {
        const at = out[axis]! * strides[axis]! + tap[axis]! * dilations[axis]! - padsBefore[axis]!;
        if (at < 0 || at >= x[axis + 2]!) return;
        xOffset += at * xs[axis + 2]!;
      }
      const wOffset = dot(tap, ws.slice(2));
      const yOffset = dot(out, ys.slice(2));
      for (let n = 0; n < x[0]!; n += 1) {
        for (let o = 0; o < w[0]!; o += 1) {
          const firstInput = Math.floor(o / outputs) * inputs;
          for (let c = 0; c < inputs; c += 1) {
            visit(
              n * xs[0]! + (firstInput + c) * xs[1]! + xOffset,
              o * ws[0]! + c * ws[1]! + wOffset,
              n * ys[0]! + o * ys[1]! + yOffset,
            );
          }
        }
      }
    });
  });
}
