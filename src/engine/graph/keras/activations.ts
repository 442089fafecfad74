import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import { logSoftmax, softmax } from '../softmax';
import type { Node } from '../operations';
import { axisIn, elementwise } from './axes';
import type { LayerCall, LayerRule } from './layerCall';
import { objectOf } from '../../checkpoint/jsonObject';
import { Settings } from './settings';
import { wrappedLayer } from './topology';

type Function = (call: LayerCall, x: Node, settings: Settings) => Node;

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

function scalar(c: LayerCall, value: number): Node {
  return c.g.scalar(value);
}

/** min(max(x, low), high), with the derivatives 0 outside. */
function clipped({ g }: LayerCall, x: Node, low: number, high: number): Node {
  const above = g.add(g.relu(g.sub(x, g.scalar(low))), g.scalar(low));
  return g.sub(g.scalar(high), g.relu(g.sub(g.scalar(high), above)));
}

/** x where it is above 0, else α(eˣ − 1). */
function elu({ g }: LayerCall, x: Node, alpha: Node): Node {
  // Without the upper bound the part that is not taken would overflow.
  const below = g.mul(alpha, g.expm1(g.neg(g.relu(g.neg(x)))));
  return g.add(g.relu(x), below);
}

function leaky({ g }: LayerCall, x: Node, slope: Node): Node {
  return g.sub(g.relu(x), g.mul(slope, g.relu(g.neg(x))));
}

function hardSigmoid(c: LayerCall, x: Node): Node {
  const { g } = c;
  const [slope] = c.building.dialect === 'keras3' ? [1 / 6] : [0.2];
  return clipped(c, g.add(g.mul(scalar(c, slope), x), scalar(c, 0.5)), 0, 1);
}

function gelu({ g }: LayerCall, x: Node, isApproximate: boolean): Node {
  const half = g.mul(g.scalar(0.5), x);
  if (!isApproximate) {
    return g.mul(half, g.add(g.scalar(1), g.erf(g.mul(x, g.scalar(Math.SQRT1_2)))));
  }
  const inner = g.add(x, g.mul(g.scalar(0.044715), g.power(x, 3)));
  return g.mul(half, g.add(g.scalar(1), g.tanh(g.mul(g.scalar(Math.sqrt(2 / Math.PI)), inner))));
}

/** x where |x| is above a threshold, moved towards 0 by `by`. */
function shrunk(c: LayerCall, x: Node, threshold: number, by: number): Node {
  const { g } = c;
  const size = g.abs(x);
  const moved = g.sub(x, g.mul(g.sign(x), scalar(c, by)));
  return g.where(g.less(scalar(c, threshold), size), moved, scalar(c, 0));
}

const number = (settings: Settings, name: string, absent: number): number =>
  settings.number(name, absent);

/** Functions that work on each element for itself. */
const ELEMENTWISE: ReadonlyMap<string, Function> = new Map<string, Function>([
  ['linear', (_, x) => x],
  ['relu', (c, x) => c.g.relu(x)],
  ['relu6', (c, x) => clipped(c, x, 0, 6)],
  ['elu', (c, x, s) => elu(c, x, scalar(c, number(s, 'alpha', 1)))],
  ['celu', (c, x, s) => celu(c, x, number(s, 'alpha', 1))],
  ['selu', (c, x) => c.g.mul(scalar(c, SELU_SCALE), elu(c, x, scalar(c, SELU_ALPHA)))],
  ['gelu', (c, x, s) => gelu(c, x, s.flag('approximate', false))],
  ['gelu_new', (c, x) => gelu(c, x, true)],
  ['softplus', (c, x) => c.g.softplus(x)],
  ['softsign', (c, x) => c.g.div(x, c.g.add(scalar(c, 1), c.g.abs(x)))],
  ['tanh', (c, x) => c.g.tanh(x)],
  ['sigmoid', (c, x) => c.g.sigmoid(x)],
  ['log_sigmoid', (c, x) => c.g.neg(c.g.softplus(c.g.neg(x)))],
  ['hard_sigmoid', hardSigmoid],
  ['exponential', (c, x) => c.g.exp(x)],
  ['silu', (c, x) => c.g.mul(x, c.g.sigmoid(x))],
  ['swish', (c, x) => c.g.mul(x, c.g.sigmoid(x))],
  ['hard_silu', (c, x) => c.g.mul(x, hardSigmoid(c, x))],
  ['hard_swish', (c, x) => c.g.mul(x, hardSigmoid(c, x))],
  ['mish', (c, x) => c.g.mul(x, c.g.tanh(c.g.softplus(x)))],
  ['leaky_relu', (c, x, s) => leaky(c, x, scalar(c, number(s, 'negative_slope', 0.2)))],
  ['hard_tanh', (c, x) => clipped(c, x, -1, 1)],
  ['tanh_shrink', (c, x) => c.g.sub(x, c.g.tanh(x))],
  [
    'soft_shrink',
    (c, x, s) => shrunk(c, x, number(s, 'threshold', 0.5), number(s, 'threshold', 0.5)),
  ],
  ['hard_shrink', (c, x, s) => shrunk(c, x, number(s, 'threshold', 0.5), 0)],
  ['squareplus', (c, x, s) => squareplus(c, x, number(s, 'b', 4))],
]);

function celu({ g }: LayerCall, x: Node, alpha: number): Node {
  const below = g.expm1(g.mul(g.scalar(1 / alpha), g.neg(g.relu(g.neg(x)))));
  return g.add(g.relu(x), g.mul(g.scalar(alpha), below));
}

function squareplus({ g }: LayerCall, x: Node, b: number): Node {
  const root = g.sqrt(g.add(g.mul(x, x), g.scalar(b)));
  return g.mul(g.scalar(0.5), g.add(x, root));
}

/** Softmax over axes, of values that count where a mask is not 0. */
function probabilitiesOver({ g, building }: LayerCall, x: Node, axis: number): Node {
  const result = softmax(g, x, axis);
  building.probabilities.remember(result, { operator: 'Softmax', logits: x });
  return result;
}

/** A function by its name. @throws InputError where Basin does not know it. */
function named(call: LayerCall, name: string, x: Node, settings: Settings): Node {
  const { g, building } = call;
  if (name === 'softmax')
    return probabilitiesOver(call, x, axisIn(x, number(settings, 'axis', -1)));
  if (name === 'log_softmax') return logSoftmax(g, x, axisIn(x, number(settings, 'axis', -1)));
  const rule = ELEMENTWISE.get(name);
  if (rule === undefined) {
    throw new InputError(
      say`Basin does not know the activation ${name}; export the model to ONNX`,
      'unsupported',
    );
  }
  const result = elementwise(g, [x], ([inner]) => rule(call, inner!, settings));
  if (name === 'sigmoid')
    building.probabilities.remember(result, { operator: 'Sigmoid', logits: x });
  return result;
}

/** The function a setting of a layer names: a name, or a function or layer with its configuration. */
export function activated(
  call: LayerCall,
  x: Node,
  setting = 'activation',
  absent = 'linear',
): Node {
  const value = call.settings.raw(setting) ?? absent;
  if (typeof value === 'string') return named(call, value, x, NOTHING);
  const written = objectOf(value);
  const config = written?.config;
  if (typeof config === 'string') return named(call, config, x, NOTHING);
  if (written === null || objectOf(config) === null) {
    throw new InputError(say`"${setting}" names no function`, 'damaged');
  }
  const inner = wrappedLayer(written, call.layer, setting);
  return call.building.apply(inner, [{ node: x, mask: null }])[0]!.node;
}

const NOTHING = new Settings({});

/** Activations that are layers. */
export const activationLayers: readonly (readonly [string, LayerRule])[] = [
  ['Activation', (c) => activated(c, c.x)],
  ['ReLU', (c) => elementwise(c.g, [c.x], ([x]) => rectified(c, x!))],
  [
    'LeakyReLU',
    (c) => {
      const slope = c.settings.number('negative_slope', c.settings.number('alpha', 0.3));
      return elementwise(c.g, [c.x], ([x]) => leaky(c, x!, scalar(c, slope)));
    },
  ],
  [
    'ELU',
    (c) => elementwise(c.g, [c.x], ([x]) => elu(c, x!, scalar(c, c.settings.number('alpha', 1)))),
  ],
  [
    'ThresholdedReLU',
    (c) => {
      const theta = scalar(c, c.settings.number('theta', 1));
      return c.g.where(c.g.less(theta, c.x), c.x, scalar(c, 0));
    },
  ],
  ['PReLU', prelu],
  ['Softmax', softmaxLayer],
];

function softmaxLayer(c: LayerCall): Node {
  const axes = c.settings.numbers('axis') ?? [-1];
  if (axes.length > 1 || c.argument(1, 'mask') !== null) {
    throw new InputError(
      say`a softmax over several axes or with a mask is not supported`,
      'unsupported',
    );
  }
  return probabilitiesOver(c, c.x, axisIn(c.x, axes[0]!));
}

/** max(x, 0) with a slope below a threshold and a largest value. */
function rectified(c: LayerCall, x: Node): Node {
  const { g, settings } = c;
  const most = settings.raw('max_value') === null ? null : settings.number('max_value', null);
  const slope = settings.number('negative_slope', 0);
  const threshold = settings.number('threshold', 0);
  const moved = g.sub(x, scalar(c, threshold));
  const kept =
    threshold === 0 ? g.relu(x) : g.where(g.less(scalar(c, threshold), x), x, scalar(c, 0));
  const bounded =
    most === null ? kept : g.sub(scalar(c, most), g.relu(g.sub(scalar(c, most), kept)));
  return slope === 0 ? bounded : g.sub(bounded, g.mul(scalar(c, slope), g.relu(g.neg(moved))));
}

function prelu(c: LayerCall): Node {
  const { g, x } = c;
  const shared = new Set((c.settings.numbers('shared_axes') ?? []).map((axis) => axisIn(x, axis)));
  const shape = x.shape.map((extent, axis) => (shared.has(axis) ? 1 : extent)).slice(1);
  const alpha = c.weight('alpha', shape);
  return leaky(c, x, g.reshape(alpha, [1, ...shape]));
}
