import { sizeOf, type Shape } from '../../tensor';
import { convShape, requireIndexable, ShapeError } from '../shapes';
import { collect, forEachIndex, stridesOf } from './indices';
import { constantRules, type Rule } from './rule';
import { say } from '../../../shared/words/message';

export const takeRule: Rule<'take'> = {
  shape: ([x, indices]) => {
    const [a, k, b] = x!;
    if (x!.length !== 3 || !areRows(indices!, a!)) {
      throw new ShapeError(
        say`Elements of [${x!.join(', ')}] cannot be taken by indices [${indices!.join(', ')}].`,
      );
    }
    requireIndexable(k!);
    return [a!, indices![1]!, b!];
  },
  evaluate: ({ inputs, shape }, [x, indices]) => {
    const [, count, width] = inputs[0]!.shape as [number, number, number];
    const at = rowOf(inputs[1]!.shape);
    return collect(shape, (index) => {
      const row = place(indices![at(index[0]!, index[1]!)]!, count);
      return x![(index[0]! * count + row) * width + index[2]!]!;
    });
  },
  rebuild: (g, _, [x, indices]) => g.take(x!, indices!),
  reverse: {
    kind: 'array',
    pull: (g, { inputs: [x, indices] }, dy) => [g.put(dy, indices!, x!.shape[1]!), null],
  },
  forward: {
    kind: 'array',
    push: (g, { inputs }, [dx = null]) => (dx === null ? null : g.take(dx, inputs[1]!)),
  },
};

export const putRule: Rule<'put'> = {
  shape: ([y, indices], { count }) => {
    const [a, m, b] = y!;
    if (y!.length !== 3 || !areRows(indices!, a!) || indices![1] !== m) {
      throw new ShapeError(
        say`[${y!.join(', ')}] cannot be put at indices [${indices!.join(', ')}].`,
      );
    }
    requireIndexable(count);
    return [a!, count, b!];
  },
  evaluate: ({ inputs, shape, attributes: { count } }, [y, indices]) => {
    const from = inputs[0]!.shape as readonly [number, number, number];
    const at = rowOf(inputs[1]!.shape);
    const out = new Float64Array(sizeOf(shape));
    let next = 0;
    forEachIndex(from, (index) => {
      const row = place(indices![at(index[0]!, index[1]!)]!, count);
      out[(index[0]! * count + row) * from[2] + index[2]!]! += y![next++]!;
    });
    return out;
  },
  rebuild: (g, { attributes }, [y, indices]) => g.put(y!, indices!, attributes.count),
  reverse: { kind: 'array', pull: (g, { inputs }, dy) => [g.take(dy, inputs[1]!), null] },
  forward: {
    kind: 'array',
    push: (g, { inputs, attributes }, [dy = null]) =>
      dy === null ? null : g.put(dy, inputs[1]!, attributes.count),
  },
};

export const maxPoolIndexRule: Rule<'maxPoolIndex'> = {
  shape: ([x], attributes) => {
    const [samples, channels, ...places] = x as readonly [number, number, ...number[]];
    const window = [1, 1, ...attributes.kernel];
    const [, , ...windows] = convShape(
      [samples, 1, ...places],
      window,
      { ...attributes, groups: 1 },
      say`pooling`,
    );
    requireIndexable(sizeOf(places));
    return [samples, channels, ...windows];
  },
  evaluate: ({ inputs, shape, attributes }, [x]) => {
    const { kernel, strides, dilations, padsBefore } = attributes;
    const spatial = inputs[0]!.shape.slice(2);
    const inner = stridesOf(spatial);
    const outer = stridesOf(inputs[0]!.shape);
    return collect(shape, (index) => {
      const start = index[0]! * outer[0]! + index[1]! * outer[1]!;
      let best = -1;
      forEachIndex(kernel, (tap) => {
        let at = 0;
        for (let axis = 0; axis < kernel.length; axis += 1) {
          const i =
            index[axis + 2]! * strides[axis]! + tap[axis]! * dilations[axis]! - padsBefore[axis]!;
          if (i < 0 || i >= spatial[axis]!) return;
          at += i * inner[axis]!;
        }
        if (best < 0 || x![start + at]! > x![start + best]!) best = at;
      });
      return best;
    });
  },
  rebuild: (g, { attributes }, [x]) => g.maxPoolIndex(x!, attributes),
  ...constantRules,
};

/** Whether there are indices [A or 1, M] for A arrays. */
function areRows(indices: Shape, a: number): boolean {
  return indices.length === 2 && (indices[0] === 1 || indices[0] === a);
}

/** Where the index for element m of array a is. */
function rowOf([rows, columns]: Shape): (a: number, m: number) => number {
  return (a, m) => (rows === 1 ? 0 : a * columns!) + m;
}

/** An index into an axis; negative ones count from its end. */
function place(index: number, count: number): number {
  const at = index < 0 ? index + count : index;
  if (!(at >= 0 && at < count)) throw new RangeError(`Index ${index} is outside of ${count} rows.`);
  return at;
}
