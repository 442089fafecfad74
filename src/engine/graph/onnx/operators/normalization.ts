import { InputError } from '../../../../shared/inputError';
import { sizeOf, sameShape } from '../../../tensor';
import { say, type Message } from '../../../../shared/words/message';
import type { Graph } from '../../graph';
import type { Node } from '../../operations';
import {
  axisOf,
  broadcastOnto,
  countable,
  type ChannelMoments,
  type Operator,
  type OperatorCall,
  type Result,
} from './operatorCall';
import { perChannel, requirePerChannel } from './convolutions';
import { euclideanNorm } from './reductions';

/** (x − mean) / √(variance + ε) over axes, with what it was divided by. */
function standardised(
  g: Graph,
  x: Node,
  axes: readonly number[],
  epsilon: number,
): { readonly result: Node; readonly mean: Node; readonly inverse: Node } {
  const mean = g.mean(x, axes, true);
  const centred = g.sub(x, mean);
  const variance = g.mean(g.mul(centred, centred), axes, true);
  const inverse = g.reciprocal(g.sqrt(g.add(variance, g.scalar(epsilon))));
  return { result: g.mul(centred, inverse), mean, inverse };
}

function fromAxis(x: Node, axis: number): readonly number[] {
  return x.shape.map((_, i) => i).slice(axisOf(axis, x.shape.length));
}

function layerNormalization(c: OperatorCall): readonly Result[] {
  const { g } = c;
  const x = c.node(0);
  const axes = fromAxis(x, c.integer('axis', -1));
  const { result, mean, inverse } = standardised(g, x, axes, c.float('epsilon', 1e-5));
  const bias = c.optional(2);
  const scaled = broadcastOnto(x, g.mul(result, c.node(1)), say`the scale`);
  const shifted = bias === null ? scaled : broadcastOnto(x, g.add(scaled, bias), say`the bias`);
  return [shifted, mean, inverse];
}

function rmsNormalization(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const square = g.mean(g.mul(x, x), fromAxis(x, c.integer('axis', -1)), true);
  const inverse = g.reciprocal(g.sqrt(g.add(square, g.scalar(c.float('epsilon', 1e-5)))));
  return broadcastOnto(x, g.mul(g.mul(x, inverse), c.node(1)), say`the scale`);
}

function instanceNormalization(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const axes = x.shape.map((_, axis) => axis).slice(2);
  requireEach(c, [say`the scale`, say`the bias`]);
  const { result } = standardised(g, x, axes, c.float('epsilon', 1e-5));
  return affine(g, result, c.node(1), c.node(2));
}

/** Scale and bias for each channel, or (operator set 18) for each group. */
function groupNormalization(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const groups = c.integer('num_groups', 1);
  const [n, channels] = x.shape as [number, number];
  const grouped = g.reshape(x, [n, groups, sizeOf(x.shape) / (n * groups)]);
  const { result } = standardised(g, grouped, [2], c.float('epsilon', 1e-5));
  const [scale, bias] = [c.node(1), c.node(2)];
  const isOfGroups = scale.shape[0] === groups && groups !== channels;
  const count = isOfGroups ? groups : channels;
  requirePerChannel(scale, say`the scale`, count);
  requirePerChannel(bias, say`the bias`, count);
  return isOfGroups
    ? g.reshape(affine(g, result, scale, bias), x.shape)
    : affine(g, g.reshape(result, x.shape), scale, bias);
}

/** @throws InputError where one of the inputs behind the first has not a value for each channel. */
function requireEach(c: OperatorCall, names: readonly Message[]): void {
  const channels = c.node(0).shape[1] ?? 1;
  names.forEach((name, i) => {
    requirePerChannel(c.node(i + 1), name, channels);
  });
}

function affine(g: Graph, x: Node, scale: Node, bias: Node): Node {
  return g.add(g.mul(x, perChannel(g, scale, x)), perChannel(g, bias, x));
}

/**
 * Of the values of each channel, as BatchNormalization in training mode takes them.
 *
 * @throws InputError where a channel has one value alone.
 */
export function channelMoments(g: Graph, x: Node): ChannelMoments {
  if (sizeOf(x.shape) === x.shape[1]) {
    throw new InputError(
      say`there is one value of each channel, which has no variance; evaluate on more samples, or set "landscape.batchNorm" to "stored"`,
      'mismatch',
    );
  }
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const mean = g.mean(x, axes, true);
  const centred = g.sub(x, mean);
  return {
    mean: g.reshape(mean, [x.shape[1]!]),
    variance: g.mean(g.mul(centred, centred), axes),
  };
}

/**
 * (x − mean) · scale / √(variance + ε) + bias: with the checkpoint's own statistics, or in
 * training mode with the batch's, or with those that the caller wants instead of either.
 */
function batchNormalization(c: OperatorCall): readonly Result[] {
  const { g } = c;
  const x = c.node(0);
  const epsilon = c.float('epsilon', 1e-5);
  requireEach(c, [say`the scale`, say`the bias`, say`the mean`, say`the variance`]);
  const [scale, bias] = [c.node(1), c.node(2)];
  if (c.batchStatistics !== null) {
    const { mean, variance } = c.batchStatistics(x);
    const factor = g.div(scale, g.sqrt(g.add(variance, g.scalar(epsilon))));
    // Statistics of a network's own values: no loss of digits where the mean is large.
    return [affine(g, g.sub(x, perChannel(g, mean, x)), factor, bias)];
  }
  // Before operator set 14, statistics that are given out were a sign of training.
  if (c.integer('training_mode', c.results > 1 ? 1 : 0) === 1) {
    const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
    return [affine(g, standardised(g, x, axes, epsilon).result, scale, bias)];
  }
  const [mean, variance] = [c.node(3), c.node(4)];
  const factor = g.div(scale, g.sqrt(g.add(variance, g.scalar(epsilon))));
  const offset = g.sub(bias, g.mul(mean, factor));
  return [intoConvolution(g, x, factor, offset) ?? affine(g, x, factor, offset)];
}

/** Behind a convolution the factor goes into the weights, where it costs nothing. */
function intoConvolution(g: Graph, x: Node, factor: Node, offset: Node): Node | null {
  if (x.operation === 'add') {
    const [conv, added] = x.inputs as [Node, Node];
    const channels = [1, factor.shape[0]!, ...x.shape.slice(2).map(() => 1)];
    if (!sameShape(added.shape, channels)) return null;
    const more = g.mul(g.reshape(added, factor.shape), factor);
    return intoConvolution(g, conv, factor, g.add(offset, more));
  }
  if (x.operation !== 'conv') return null;
  const [input, w] = x.inputs as [Node, Node];
  const scaled = g.mul(w, g.reshape(factor, [w.shape[0]!, ...w.shape.slice(1).map(() => 1)]));
  const result = g.conv(input, scaled, (x as Node<'conv'>).attributes);
  return g.add(result, perChannel(g, offset, result));
}

function lpNormalization(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const axis = axisOf(c.integer('axis', -1), x.shape.length);
  const size =
    c.integer('p', 2) === 1 ? g.sum(g.abs(x), [axis], true) : euclideanNorm(g, x, [axis]);
  return g.div(x, size);
}

/** Krizhevsky et al. 2012: divided by a power of the squares of neighbouring channels. */
function localResponseNormalization(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const size = c.integer('size', 1);
  const channels = x.shape[1]!;
  const band = new Float64Array(countable(channels * channels, say`pairs of channels`));
  for (let to = 0; to < channels; to += 1) {
    const low = Math.max(0, to - Math.floor((size - 1) / 2));
    const high = Math.min(channels - 1, to + Math.ceil((size - 1) / 2));
    for (let from = low; from <= high; from += 1) band[to * channels + from] = 1;
  }
  const rows = g.reshape(g.mul(x, x), [x.shape[0]!, channels, sizeOf(x.shape.slice(2))]);
  const sums = g.reshape(g.matmul(g.constant(band, [channels, channels]), rows), x.shape);
  const scaled = g.mul(g.scalar(c.float('alpha', 1e-4) / size), sums);
  const base = g.add(g.scalar(c.float('bias', 1)), scaled);
  return g.mul(x, g.power(base, -c.float('beta', 0.75)));
}

/** Normalisation. */
export const normalizationOperators: readonly (readonly [string, Operator])[] = [
  ['LayerNormalization', layerNormalization],
  ['RMSNormalization', rmsNormalization],
  ['SimplifiedLayerNormalization', rmsNormalization],
  ['InstanceNormalization', instanceNormalization],
  ['GroupNormalization', groupNormalization],
  ['BatchNormalization', batchNormalization],
  ['LpNormalization', lpNormalization],
  ['LRN', localResponseNormalization],
  [
    'MeanVarianceNormalization',
    (c) => {
      const x = c.node(0);
      const axes = (c.list('axes') ?? [0, 2, 3]).map((axis) => axisOf(axis, x.shape.length));
      return standardised(c.g, x, axes, 1e-9).result;
    },
  ],
];
