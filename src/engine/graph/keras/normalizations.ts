import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import { sizeOf } from '../../tensor';
import type { Graph } from '../graph';
import type { Node } from '../operations';
import { along, axisIn, elementwise } from './axes';
import type { LayerCall, LayerRule } from './layerCall';
import { onnxOperator } from './operator';

/** One axis, or several, of a setting. */
function axesOf(c: LayerCall, x: Node, absent: readonly number[]): readonly number[] {
  const axes = (c.settings.numbers('axis') ?? absent).map((axis) => axisIn(x, axis));
  return [...new Set(axes)].sort((a, b) => a - b);
}

/** (x − mean) / √(variance + ε) over axes. */
function standardised(g: Graph, x: Node, axes: readonly number[], epsilon: number): Node {
  const centred = g.sub(x, g.mean(x, axes, true));
  const variance = g.mean(g.mul(centred, centred), axes, true);
  return g.mul(centred, g.reciprocal(g.sqrt(g.add(variance, g.scalar(epsilon)))));
}

/** With the statistics of the training, as the network predicts. */
function batchNormalization(c: LayerCall): Node {
  const { g, settings, x } = c;
  const [axis, ...others] = axesOf(c, x, [-1]);
  if (axis === undefined || others.length > 0 || axis === 0) {
    throw new InputError(
      say`a BatchNormalization over several axes is not supported`,
      'unsupported',
    );
  }
  const channels = [x.shape[axis]!];
  const ones = g.constant(new Float64Array(channels[0]!).fill(1), channels);
  const gamma = settings.flag('scale', true) ? c.weight('gamma', channels) : ones;
  const beta = settings.flag('center', true) ? c.weight('beta', channels) : null;
  const mean = c.weight('moving_mean', channels, { role: 'buffer' });
  const variance = c.weight('moving_variance', channels, { role: 'buffer' });
  const zeros = g.constant(new Float64Array(channels[0]!), channels);
  // [N, C, …], as Basin's own normalisation takes it.
  const order = [0, axis, ...x.shape.map((_, i) => i).filter((i) => i !== 0 && i !== axis)];
  const inputs = [g.transpose(x, order), gamma, beta ?? zeros, mean, variance];
  const epsilon = settings.number('epsilon', 1e-3);
  const { statistics = null } = c.building.options;
  const result = onnxOperator(g, 'BatchNormalization', inputs, { epsilon }, statistics);
  return g.transpose(
    result,
    order.map((_, i) => order.indexOf(i)),
  );
}

function layerNormalization(c: LayerCall): Node {
  const { g, settings, x } = c;
  const axes = axesOf(c, x, [-1]);
  const shape = axes.map((axis) => x.shape[axis]!);
  const wide = x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1));
  const epsilon = settings.number('epsilon', 1e-3);
  if (settings.flag('rms_scaling', false)) {
    const gamma = g.reshape(c.weight('gamma', shape), wide);
    const centred = g.sub(x, g.mean(x, axes, true));
    const variance = g.mean(g.mul(centred, centred), axes, true);
    return g.mul(x, g.mul(gamma, g.reciprocal(g.sqrt(g.add(variance, g.scalar(epsilon))))));
  }
  const gamma = settings.flag('scale', true) ? c.weight('gamma', shape) : null;
  const beta = settings.flag('center', true) ? c.weight('beta', shape) : null;
  const result = standardised(g, x, axes, epsilon);
  const scaled = gamma === null ? result : g.mul(result, g.reshape(gamma, wide));
  return beta === null ? scaled : g.add(scaled, g.reshape(beta, wide));
}

function rmsNormalization(c: LayerCall): Node {
  const { g, settings, x } = c;
  const axes = axesOf(c, x, [-1]);
  const shape = axes.map((axis) => x.shape[axis]!);
  const wide = x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1));
  const square = g.mean(g.mul(x, x), axes, true);
  const epsilon = g.scalar(settings.number('epsilon', 1e-6));
  const scale = g.reshape(c.weight(['scale', 'gamma'], shape), wide);
  return g.mul(g.mul(x, g.reciprocal(g.sqrt(g.add(square, epsilon)))), scale);
}

function groupNormalization(c: LayerCall): Node {
  const { g, settings, x } = c;
  const axis = axisIn(x, settings.number('axis', -1));
  const channels = x.shape[axis]!;
  const asked = settings.number('groups', 32);
  const groups = asked === -1 ? channels : asked;
  if (axis === 0 || !Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new InputError(say`${channels} channels are not in ${asked} groups`, 'damaged');
  }
  const order = [0, axis, ...x.shape.map((_, i) => i).filter((i) => i !== 0 && i !== axis)];
  const first = g.transpose(x, order);
  const [n] = first.shape as [number];
  const grouped = g.reshape(first, [n, groups, sizeOf(first.shape) / (n * groups)]);
  const result = standardised(g, grouped, [2], settings.number('epsilon', 1e-3));
  const back = g.transpose(
    g.reshape(result, first.shape),
    order.map((_, i) => order.indexOf(i)),
  );
  const gamma = settings.flag('scale', true) ? c.weight('gamma', [channels]) : null;
  const beta = settings.flag('center', true) ? c.weight('beta', [channels]) : null;
  const scaled = gamma === null ? back : g.mul(back, along(g, gamma, back, axis));
  return beta === null ? scaled : g.add(scaled, along(g, beta, scaled, axis));
}

/** x / |x|, as Keras bounds it. */
function unitNormalization(c: LayerCall): Node {
  const { g, x } = c;
  const square = g.sum(g.mul(x, x), axesOf(c, x, [-1]), true);
  const least = g.scalar(1e-12);
  const bounded = g.add(g.relu(g.sub(square, least)), least);
  return g.mul(x, g.reciprocal(g.sqrt(bounded)));
}

/** (x − mean) / √variance with numbers that were taken from data before the training. */
function normalization(c: LayerCall): Node {
  const { g, settings, x } = c;
  const axes = settings.raw('axis') === null ? [] : axesOf(c, x, [-1]);
  const shape = axes.map((axis) => x.shape[axis]!);
  const wide = x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1));
  const given = [settings.numbers('mean'), settings.numbers('variance')] as const;
  const [mean, variance] = given.map((numbers, i): Node => {
    if (numbers === null) {
      const node = c.weight(['mean', 'variance'][i]!, shape, { role: 'buffer' });
      return g.reshape(node, wide);
    }
    const data = Float64Array.from(numbers);
    if (data.length === 1) return g.scalar(data[0]!);
    if (data.length !== sizeOf(wide)) {
      throw new InputError(
        say`it has ${data.length} means for an input of shape [${x.shape.join(', ')}]`,
        'damaged',
      );
    }
    return g.constant(data, wide);
  }) as [Node, Node];
  const root = g.sqrt(variance);
  const deviation = g.add(g.relu(g.sub(root, g.scalar(1e-7))), g.scalar(1e-7));
  return settings.flag('invert', false)
    ? g.add(mean, g.mul(x, deviation))
    : g.div(g.sub(x, mean), deviation);
}

function rescaling(c: LayerCall): Node {
  const { g, settings, x } = c;
  const row = (name: string, absent: number): Node => {
    const numbers = settings.numbers(name) ?? [absent];
    return numbers.length === 1
      ? g.scalar(numbers[0]!)
      : g.constant(Float64Array.from(numbers), [numbers.length]);
  };
  const [scale, offset] = [row('scale', 1), row('offset', 0)];
  if (scale.shape.length > 0 || offset.shape.length > 0) return g.add(g.mul(x, scale), offset);
  return elementwise(g, [x], ([inner]) => g.add(g.mul(inner!, scale), offset));
}

export const normalizationLayers: readonly (readonly [string, LayerRule])[] = [
  ['BatchNormalization', batchNormalization],
  ['LayerNormalization', layerNormalization],
  ['RMSNormalization', rmsNormalization],
  ['GroupNormalization', groupNormalization],
  ['UnitNormalization', unitNormalization],
  ['Normalization', normalization],
  ['Rescaling', rescaling],
];
