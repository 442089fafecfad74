import { sizeOf, sameShape } from '../../tensor';
import { broadcastShape, ShapeError } from '../shapes';
import { broadcastStrides, collect, dot, forEachIndex, stridesOf, type Index } from './indices';
import { linear, type Rule } from './rule';
import { say } from '../../../shared/words/message';

export const reshapeRule: Rule<'reshape'> = {
  shape: ([x], { shape }) => {
    if (sizeOf(shape) !== sizeOf(x!)) {
      throw new ShapeError(say`[${x!.join(', ')}] cannot be reshaped to [${shape.join(', ')}].`);
    }
    return shape;
  },
  evaluate: (_, [x]) => x!,
  rebuild: (g, { shape }, [x]) => g.reshape(x!, shape),
  ...linear<'reshape'>(
    (g, { inputs }, dy) => g.reshape(dy, inputs[0]!.shape),
    (g, { shape }, tangent) => g.reshape(tangent, shape),
  ),
};

export const expandRule: Rule<'expand'> = {
  shape: ([x], { shape }) => {
    if (!sameShape(broadcastShape(x!, shape), shape)) {
      throw new ShapeError(say`[${x!.join(', ')}] does not broadcast to [${shape.join(', ')}].`);
    }
    return shape;
  },
  evaluate: ({ inputs, shape }, [x]) => {
    const strides = broadcastStrides(inputs[0]!.shape, shape);
    return collect(shape, (index) => x![dot(index, strides)]!);
  },
  rebuild: (g, { shape }, [x]) => g.expand(x!, shape),
  reverse: { kind: 'array', pull: (g, { inputs }, dy) => [g.sumTo(dy, inputs[0]!.shape)] },
  // Broadcast where it is used.
  forward: { kind: 'form', push: (_g, _node, [tangent = null]) => tangent },
};

export const transposeRule: Rule<'transpose'> = {
  shape: ([x], { permutation }) => permutation.map((axis) => x![axis]!),
  evaluate: ({ inputs, shape, attributes }, [x]) => {
    const source = stridesOf(inputs[0]!.shape);
    const strides = attributes.permutation.map((axis) => source[axis]!);
    return collect(shape, (index) => x![dot(index, strides)]!);
  },
  rebuild: (g, { attributes }, [x]) => g.transpose(x!, attributes.permutation),
  ...linear<'transpose'>(
    (g, { attributes }, dy) => {
      const inverse: number[] = [];
      attributes.permutation.forEach((axis, position) => (inverse[axis] = position));
      return g.transpose(dy, inverse);
    },
    (g, { attributes }, tangent) => g.transpose(tangent, attributes.permutation),
  ),
};

export const sliceRule: Rule<'slice'> = {
  shape: ([x], { starts, steps, counts }) => {
    x!.forEach((extent, axis) => {
      const last = starts[axis]! + (counts[axis]! - 1) * steps[axis]!;
      if (
        counts[axis]! < 0 ||
        (counts[axis]! > 0 &&
          (Math.min(starts[axis]!, last) < 0 || Math.max(starts[axis]!, last) >= extent))
      ) {
        throw new ShapeError(say`A slice of [${x!.join(', ')}] reaches outside of axis ${axis}.`);
      }
    });
    return counts;
  },
  evaluate: ({ inputs, shape, attributes: { starts, steps } }, [x]) => {
    const strides = stridesOf(inputs[0]!.shape);
    return collect(shape, (index) => x![dot(walk(index, starts, steps), strides)]!);
  },
  rebuild: (g, { attributes }, [x]) => g.slice(x!, attributes),
  ...linear<'slice'>(
    (g, { inputs, attributes: { starts, steps } }, dy) =>
      g.place(dy, inputs[0]!.shape, starts, steps),
    (g, { attributes }, tangent) => g.slice(tangent, attributes),
  ),
};

export const placeRule: Rule<'place'> = {
  shape: (_, { shape }) => shape,
  evaluate: ({ inputs, shape, attributes: { starts, steps } }, [x]) => {
    const strides = stridesOf(shape);
    const out = new Float64Array(sizeOf(shape));
    let from = 0;
    forEachIndex(inputs[0]!.shape, (index) => {
      out[dot(walk(index, starts, steps), strides)] = x![from++]!;
    });
    return out;
  },
  rebuild: (g, { shape, attributes: { starts, steps } }, [x]) => g.place(x!, shape, starts, steps),
  ...linear<'place'>(
    (g, { inputs, attributes }, dy) => g.slice(dy, { ...attributes, counts: inputs[0]!.shape }),
    (g, { shape, attributes: { starts, steps } }, tangent) =>
      g.place(tangent, shape, starts, steps),
  ),
};

export const concatRule: Rule<'concat'> = {
  shape: (parts, { axis }) => {
    const [first] = parts as [Index];
    for (const part of parts) {
      if (part.some((extent, i) => i !== axis && extent !== first[i])) {
        throw new ShapeError(
          say`[${first.join(', ')}] and [${part.join(', ')}] do not concatenate along axis ${axis}.`,
        );
      }
    }
    const total = parts.reduce((sum, part) => sum + part[axis]!, 0);
    return first.map((extent, i) => (i === axis ? total : extent));
  },
  evaluate: ({ inputs, shape, attributes: { axis } }, args) => {
    const strides = stridesOf(shape);
    const out = new Float64Array(sizeOf(shape));
    let start = 0;
    args.forEach((part, position) => {
      const own = inputs[position]!.shape;
      let from = 0;
      forEachIndex(own, (index) => {
        out[dot(index, strides) + start * strides[axis]!] = part[from++]!;
      });
      start += own[axis]!;
    });
    return out;
  },
  rebuild: (g, { attributes }, args) => g.concat(args, attributes.axis),
  reverse: {
    kind: 'array',
    pull: (g, { inputs, attributes: { axis } }, dy) => {
      let start = 0;
      return inputs.map(({ shape }) => {
        const starts = shape.map((_, i) => (i === axis ? start : 0));
        start += shape[axis]!;
        return g.slice(dy, { starts, steps: shape.map(() => 1), counts: shape });
      });
    },
  },
  forward: {
    kind: 'array',
    push: (g, { inputs, attributes }, tangents) =>
      g.concat(
        inputs.map((part, position) => tangents[position] ?? g.zeros(part.shape)),
        attributes.axis,
      ),
  },
};

function walk(index: Index, starts: Index, steps: Index): readonly number[] {
  return index.map((i, axis) => starts[axis]! + i * steps[axis]!);
}
