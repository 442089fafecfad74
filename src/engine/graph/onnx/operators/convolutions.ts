import { InputError } from '../../../../shared/inputError';
import type { Graph } from '../../graph';
import type { ConvAttributes, Node, PoolAttributes } from '../../operations';
import { say, type Message } from '../../../../shared/words/message';
import { countable, type Operator, type OperatorCall } from './operatorCall';

/**
 * What an operator takes as one value for each channel.
 *
 * @param what names it in the operator's words. @param channels of what it is applied to.
 * @throws InputError where it has another number of values: broadcasting would hide that.
 */
export function requirePerChannel(vector: Node, what: Message, channels: number): void {
  const { shape } = vector;
  if (shape.length === 1 && shape[0] === channels) return;
  throw new InputError(
    say`${what} has the shape [${shape.join(', ')}] where there are ${channels} channels, and the operator takes one value for each of them; export the model again.`,
    'damaged',
  );
}

/** A vector of one value for each channel, shaped to broadcast over [N, C, …]. */
export function perChannel(g: Graph, vector: Node, like: Node): Node {
  return g.reshape(vector, [1, vector.shape[0]!, ...like.shape.slice(2).map(() => 1)]);
}

function biased(c: OperatorCall, result: Node): Node {
  const bias = c.optional(2);
  if (bias === null) return result;
  requirePerChannel(bias, say`the bias`, result.shape[1]!);
  return c.g.add(result, perChannel(c.g, bias, result));
}

function conv(c: OperatorCall): Node {
  const [x, w] = [c.node(0), c.node(1)];
  const window = windowOf(c, x.shape, w.shape.slice(2));
  return biased(c, c.g.conv(x, w, convOf(window, c.integer('group', 1))));
}

/** The adjoint of a convolution from the result's shape to the argument's. */
function convTranspose(c: OperatorCall): Node {
  const { g } = c;
  const [x, w] = [c.node(0), c.node(1)];
  const kernel = w.shape.slice(2);
  const groups = c.integer('group', 1);
  const strides = c.list('strides') ?? kernel.map(() => 1);
  const dilations = c.list('dilations') ?? kernel.map(() => 1);
  const more = c.list('output_padding') ?? kernel.map(() => 0);
  const pads = c.list('pads') ?? [...kernel, ...kernel].map(() => 0);
  const padsBefore = pads.slice(0, kernel.length);
  const padsAfter = pads.slice(kernel.length);
  const automatic = c.text('auto_pad', 'NOTSET');
  const wanted = c.list('output_shape')?.slice(-kernel.length) ?? null;

  const spatial = kernel.map((extent, axis) => {
    const full =
      strides[axis]! * (x.shape[axis + 2]! - 1) + more[axis]! + dilations[axis]! * (extent - 1) + 1;
    const same = automatic.startsWith('SAME') ? x.shape[axis + 2]! * strides[axis]! : null;
    const goal = wanted?.[axis] ?? same;
    if (goal === null) return full - padsBefore[axis]! - padsAfter[axis]!;
    const total = full - goal;
    const less = Math.floor(total / 2);
    padsBefore[axis] = automatic === 'SAME_UPPER' ? less : total - less;
    padsAfter[axis] = total - padsBefore[axis];
    return goal;
  });
  const attributes: ConvAttributes = { strides, dilations, padsBefore, padsAfter, groups };
  const shape = [x.shape[0]!, w.shape[1]! * groups, ...spatial];
  return biased(c, g.convInput(w, x, attributes, shape));
}

/** The window of a convolution or pooling, with padding as numbers. */
function windowOf(
  c: OperatorCall,
  x: readonly number[],
  kernel: readonly number[],
): PoolAttributes {
  const strides = c.list('strides') ?? kernel.map(() => 1);
  const dilations = c.list('dilations') ?? kernel.map(() => 1);
  const automatic = c.text('auto_pad', 'NOTSET');
  let padsBefore = kernel.map(() => 0);
  let padsAfter = kernel.map(() => 0);
  if (automatic === 'SAME_UPPER' || automatic === 'SAME_LOWER') {
    kernel.forEach((extent, axis) => {
      const places = Math.ceil(x[axis + 2]! / strides[axis]!);
      const reach = dilations[axis]! * (extent - 1) + 1;
      const total = Math.max(0, (places - 1) * strides[axis]! + reach - x[axis + 2]!);
      const less = Math.floor(total / 2);
      padsBefore[axis] = automatic === 'SAME_UPPER' ? less : total - less;
      padsAfter[axis] = total - padsBefore[axis];
    });
  } else {
    const pads = c.list('pads');
    if (pads !== null) {
      padsBefore = pads.slice(0, kernel.length);
      padsAfter = pads.slice(kernel.length);
    }
  }
  return { kernel, strides, dilations, padsBefore, padsAfter };
}

/**
 * The window of a pooling. Where the number of places is rounded up, the last window reaches
 * further; windows that would begin in the padding are left out, as PyTorch does.
 */
function poolWindow(c: OperatorCall, x: Node): PoolAttributes {
  const kernel = c.list('kernel_shape');
  if (kernel === null) throw new InputError(say`kernel_shape is missing`, 'damaged');
  const window = windowOf(c, x.shape, kernel);
  if (c.integer('ceil_mode', 0) !== 1) return window;
  const { strides, dilations, padsBefore, padsAfter } = window;
  const reaching = kernel.map((extent, axis) => {
    const inside = x.shape[axis + 2]! + padsBefore[axis]!;
    const reach = dilations[axis]! * (extent - 1) + 1;
    let last = Math.ceil((inside + padsAfter[axis]! - reach) / strides[axis]!);
    if (last * strides[axis]! >= inside) last -= 1;
    return last * strides[axis]! + reach - inside;
  });
  return { ...window, padsAfter: reaching };
}

function maxPool(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  if (c.results > 1)
    throw new InputError(say`the places of maxima are not supported`, 'unsupported');
  const window = poolWindow(c, x);
  // What a cut-off window pads is negative: such rows are not looked at.
  const indices = g.maxPoolIndex(cutOff(g, x, window), clamped(window));
  return atIndices(g, cutOff(g, x, window), indices);
}

function atIndices(g: Graph, x: Node, indices: Node): Node {
  const planes = x.shape[0]! * x.shape[1]!;
  const count = x.shape.slice(2).reduce((product, extent) => product * extent, 1);
  const places = indices.shape.slice(2).reduce((product, extent) => product * extent, 1);
  const found = g.take(g.reshape(x, [planes, count, 1]), g.reshape(indices, [planes, places]));
  return g.reshape(found, indices.shape);
}

function cutOff(g: Graph, x: Node, { padsAfter }: PoolAttributes): Node {
  return g.slice(x, {
    starts: x.shape.map(() => 0),
    steps: x.shape.map(() => 1),
    counts: x.shape.map((extent, axis) => extent + Math.min(0, padsAfter[axis - 2] ?? 0)),
  });
}

function clamped(window: PoolAttributes): PoolAttributes {
  return { ...window, padsAfter: window.padsAfter.map((pad) => Math.max(0, pad)) };
}

function averagePool(c: OperatorCall): Node {
  const { g } = c;
  const given = c.node(0);
  const window = poolWindow(c, given);
  const { kernel, strides, dilations, padsBefore } = window;
  const x = cutOff(g, given, window);
  const [n, channels] = x.shape as [number, number];
  const planes = g.reshape(x, [n * channels, 1, ...x.shape.slice(2)]);
  const size = countable(
    kernel.reduce((product, extent) => product * extent, 1),
    say`places of a kernel`,
  );
  const ones = g.constant(new Float64Array(size).fill(1 / size), [1, 1, ...kernel]);
  const means = g.conv(planes, ones, convOf(clamped(window), 1));
  const result = g.reshape(means, [n, channels, ...means.shape.slice(2)]);

  // Windows over the edge have fewer elements: how many, is a product over the axes.
  const includesPads = c.integer('count_include_pad', 0) === 1;
  const padsAfter = (c.list('pads') ?? [...kernel, ...kernel].map(() => 0)).slice(kernel.length);
  let correction: Node = g.scalar(1);
  kernel.forEach((extent, axis) => {
    const low = includesPads ? -padsBefore[axis]! : 0;
    const high = given.shape[axis + 2]! + (includesPads ? padsAfter[axis]! : 0);
    const factors = Array.from({ length: result.shape[axis + 2]! }, (_, place) => {
      const start = place * strides[axis]! - padsBefore[axis]!;
      let count = 0;
      for (let tap = 0; tap < extent; tap += 1) {
        const at = start + tap * dilations[axis]!;
        if (at >= low && at < high) count += 1;
      }
      return extent / count;
    });
    if (factors.every((factor) => factor === 1)) return;
    const shape = result.shape.map((count, i) => (i === axis + 2 ? count : 1));
    correction = g.mul(correction, g.constant(Float64Array.from(factors), shape));
  });
  return g.mul(result, correction);
}

function convOf(
  { strides, dilations, padsBefore, padsAfter }: PoolAttributes,
  groups: number,
): ConvAttributes {
  return { strides, dilations, padsBefore, padsAfter, groups };
}

function spatialAxes(x: Node): readonly number[] {
  return x.shape.map((_, axis) => axis).slice(2);
}

/** Convolutions and what else moves a window. */
export const convolutionOperators: readonly (readonly [string, Operator])[] = [
  ['Conv', conv],
  ['ConvTranspose', convTranspose],
  ['MaxPool', maxPool],
  ['AveragePool', averagePool],
  ['GlobalAveragePool', (c) => c.g.mean(c.node(0), spatialAxes(c.node(0)), true)],
  [
    'GlobalMaxPool',
    (c) => {
      const { g } = c;
      const x = c.node(0);
      const kernel = x.shape.slice(2);
      const zeros = kernel.map(() => 0);
      const ones = kernel.map(() => 1);
      const window: PoolAttributes = {
        kernel,
        strides: ones,
        dilations: ones,
        padsBefore: zeros,
        padsAfter: zeros,
      };
      return atIndices(g, x, g.maxPoolIndex(x, window));
    },
  ],
];
