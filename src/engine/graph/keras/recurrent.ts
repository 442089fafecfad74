import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import type { Node } from '../operations';
import { activated } from './activations';
import type { LayerCall, LayerRule, Made, Signal } from './layerCall';
import { wrappedLayer, type Layer } from './topology';

/** Every step is some dozen nodes. */
const MAX_STEPS = 10_000;

/** From what the input drives [batch, gates · units] and the states to the next states. */
type Step = (driven: Node, states: readonly Node[]) => readonly Node[];

interface Cell {
  readonly gates: number;
  readonly states: number;
  /** Axes of a bias before its last one: two rows where the recurrent product has its own. */
  readonly biasRows: (c: LayerCall) => number;
  readonly step: (c: LayerCall, recurrent: Node, bias: Node | null, units: number) => Step;
}

/** Part of the last axis of a matrix. */
function columns(c: LayerCall, x: Node, start: number, count: number): Node {
  return c.g.slice(x, { starts: [0, start], steps: [1, 1], counts: [x.shape[0]!, count] });
}

function gate(c: LayerCall, x: Node): Node {
  // Keras 2 and TensorFlow.js write it; what is absent is the default of each.
  return activated(
    c,
    x,
    'recurrent_activation',
    c.building.dialect === 'tfjs' ? 'hard_sigmoid' : 'sigmoid',
  );
}

function squash(c: LayerCall, x: Node): Node {
  return activated(c, x, 'activation', 'tanh');
}

const lstm: Cell = {
  gates: 4,
  states: 2,
  biasRows: () => 1,
  step:
    (c, recurrent, _bias, units) =>
    (driven, [h, cell]) => {
      const { g } = c;
      const sum = g.add(driven, g.matmul(h!, recurrent));
      // Gates are in the order input, forget, cell, output.
      const part = (i: number): Node => columns(c, sum, i * units, units);
      const kept = g.mul(gate(c, part(1)), cell!);
      const next = g.add(kept, g.mul(gate(c, part(0)), squash(c, part(2))));
      return [g.mul(gate(c, part(3)), squash(c, next)), next];
    },
};

function resetsAfter({ settings, building }: LayerCall): boolean {
  return settings.flag('reset_after', building.dialect === 'keras3');
}

const gru: Cell = {
  gates: 3,
  states: 1,
  biasRows: (c) => (resetsAfter(c) ? 2 : 1),
  step: (c, recurrent, bias, units) => {
    const { g } = c;
    const after = resetsAfter(c);
    return (driven, [h]) => {
      // Gates are in the order update, reset, hidden.
      const part = (x: Node, i: number): Node => columns(c, x, i * units, units);
      const all = g.matmul(h!, recurrent);
      const product = bias === null ? all : g.add(all, bias);
      const update = gate(c, g.add(part(driven, 0), part(product, 0)));
      const reset = gate(c, g.add(part(driven, 1), part(product, 1)));
      const inner = after
        ? g.mul(reset, part(product, 2))
        : g.matmul(g.mul(reset, h!), part(recurrent, 2));
      const fresh = squash(c, g.add(part(driven, 2), inner));
      return [g.add(g.mul(update, h!), g.mul(g.sub(g.scalar(1), update), fresh))];
    };
  },
};

const simple: Cell = {
  gates: 1,
  states: 1,
  biasRows: () => 1,
  step:
    (c, recurrent) =>
    (driven, [h]) => {
      const { g } = c;
      return [squash(c, g.add(driven, g.matmul(h!, recurrent)))];
    },
};

function recurrent(cell: Cell, cellName: string): LayerRule {
  return (c) => {
    const { g, settings } = c;
    if (settings.flag('stateful', false)) {
      throw new InputError(
        say`it is stateful, so that what it gives depends on what it was given before; build the model with stateful=False`,
        'unsupported',
      );
    }
    if (c.inputs.length > 1 || c.argument(1, 'initial_state') !== null) {
      throw new InputError(
        say`a state to begin with is not supported; export the model to ONNX`,
        'unsupported',
      );
    }
    const { node: x, mask } = c.signal;
    if (x.shape.length !== 3) {
      throw new InputError(
        say`its input has the shape [${x.shape.join(', ')}], where it takes 3 axes`,
        'mismatch',
      );
    }
    const [batch, length, width] = x.shape as [number, number, number];
    if (length > MAX_STEPS) {
      throw new InputError(
        say`a sequence of ${length} steps is longer than Basin writes out; use sequences of ${MAX_STEPS} steps at most`,
        'unsupported',
      );
    }
    const units = settings.count('units');
    const all = cell.gates * units;
    const place = { within: [cellName], saved: 'cell' };
    const kernel = c.weight('kernel', [width, all], place);
    const matrix = c.weight('recurrent_kernel', [units, all], place);
    const rows = cell.biasRows(c);
    const biases = c.bias(rows === 1 ? [all] : [rows, all], place);
    const row = (i: number): Node | null =>
      biases === null || i >= rows
        ? null
        : rows === 1
          ? biases
          : g.slice(biases, { starts: [i, 0], steps: [1, 1], counts: [1, all] });
    const product = g.matmul(g.reshape(x, [batch * length, width]), kernel);
    const [own, recurrentBias] = [row(0), row(1)];
    const driven = g.reshape(own === null ? product : g.add(product, own), [batch, length, all]);
    const step = cell.step(c, matrix, recurrentBias, units);

    const at = (values: Node, i: number, extent: number): Node =>
      g.reshape(
        g.slice(values, {
          starts: values.shape.map((_, axis) => (axis === 1 ? i : 0)),
          steps: values.shape.map(() => 1),
          counts: values.shape.map((count, axis) => (axis === 1 ? 1 : count)),
        }),
        [batch, extent],
      );
    const isBackward = settings.flag('go_backwards', false);
    const showsZero = settings.flag('zero_output_for_mask', false);
    let states: readonly Node[] = Array.from({ length: cell.states }, () =>
      g.zeros([batch, units]),
    );
    let shown: Node = g.zeros([batch, units]);
    const outputs: Node[] = [];
    // Keras gives the outputs of a backward layer in the order in which it makes them.
    for (let i = 0; i < length; i += 1) {
      const place = isBackward ? length - 1 - i : i;
      const next = step(at(driven, place, all), states);
      if (mask === null) {
        states = next;
        shown = next[0]!;
      } else {
        const counts = at(mask, place, 1);
        const before: Node = showsZero ? g.zeros([batch, units]) : shown;
        shown = g.where(counts, next[0]!, before);
        states = next.map((state, k) => g.where(counts, state, states[k]!));
      }
      outputs.push(g.reshape(shown, [batch, 1, units]));
    }
    const isSequence = settings.flag('return_sequences', false);
    const result: Signal = isSequence
      ? { node: g.concat(outputs, 1), mask }
      : { node: shown, mask: null };
    if (!settings.flag('return_state', false)) return result;
    return [result, ...states.map((node) => ({ node, mask: null }))];
  };
}

/** One layer forwards and one backwards. */
function bidirectional(c: LayerCall): Made {
  const { g, settings, layer } = c;
  if (c.inputs.length > 1 || c.argument(1, 'initial_state') !== null) {
    throw new InputError(
      say`a state to begin with is not supported; export the model to ONNX`,
      'unsupported',
    );
  }
  const forward = wrappedLayer(settings.raw('layer'), layer, 'forward_layer');
  const written = settings.raw('backward_layer');
  const backward = wrappedLayer(written ?? settings.raw('layer'), layer, 'backward_layer');
  const base = forward.name.replace(/^forward_/, '');
  const turned = written === null ? !forward.settings.flag('go_backwards', false) : null;
  const [one] = c.building.apply(renamed(forward, `forward_${base}`), [c.signal]) as [Signal];
  const own = renamed(backward, written === null ? `backward_${base}` : backward.name);
  const other = turned === null ? own : withSetting(own, 'go_backwards', turned);
  const [two] = c.building.apply(other, [c.signal]) as [Signal];
  if (forward.settings.flag('return_state', false)) {
    throw new InputError(
      say`states that are given out are not supported; export the model to ONNX`,
      'unsupported',
    );
  }
  const isSequence = forward.settings.flag('return_sequences', false);
  const back = isSequence ? reversed(c, two.node) : two.node;
  const mode = settings.raw('merge_mode') === null ? null : settings.text('merge_mode', 'concat');
  const mask = isSequence ? c.signal.mask : null;
  switch (mode) {
    case null:
      return [
        { node: one.node, mask },
        { node: back, mask },
      ];
    case 'concat':
      return { node: g.concat([one.node, back], one.node.shape.length - 1), mask };
    case 'sum':
      return { node: g.add(one.node, back), mask };
    case 'ave':
      return { node: g.mul(g.scalar(0.5), g.add(one.node, back)), mask };
    case 'mul':
      return { node: g.mul(one.node, back), mask };
    default:
      throw new InputError(
        say`"merge_mode" is ${mode}, which Keras does not take there`,
        'damaged',
      );
  }
}

function renamed(layer: Layer, name: string): Layer {
  const names = [...layer.place.names.slice(0, -1), name];
  return { ...layer, name, place: { ...layer.place, names } };
}

function withSetting(layer: Layer, name: string, value: unknown): Layer {
  return { ...layer, settings: layer.settings.with(name, value) };
}

/** The steps from the last to the first. */
function reversed({ g }: LayerCall, x: Node): Node {
  const [, length] = x.shape as [number, number];
  return g.slice(x, {
    starts: x.shape.map((_, axis) => (axis === 1 ? length - 1 : 0)),
    steps: x.shape.map((_, axis) => (axis === 1 ? -1 : 1)),
    counts: x.shape,
  });
}

/** A layer on each step: steps are as good as samples. */
function timeDistributed(c: LayerCall): Made {
  const { g, settings, layer } = c;
  const inner = wrappedLayer(settings.raw('layer'), layer, 'layer');
  const { node: x, mask } = c.signal;
  if (x.shape.length < 3) {
    throw new InputError(
      say`its input has the shape [${x.shape.join(', ')}], where it takes 3 axes`,
      'mismatch',
    );
  }
  const [batch, length] = x.shape as [number, number];
  const steps = g.reshape(x, [batch * length, ...x.shape.slice(2)]);
  const [made] = c.building.apply(inner, [{ node: steps, mask: null }]) as [Signal];
  return { node: g.reshape(made.node, [batch, length, ...made.node.shape.slice(1)]), mask };
}

export const recurrentLayers: readonly (readonly [string, LayerRule])[] = [
  ['LSTM', recurrent(lstm, 'lstm_cell')],
  ['GRU', recurrent(gru, 'gru_cell')],
  ['SimpleRNN', recurrent(simple, 'simple_rnn_cell')],
  ['Bidirectional', bidirectional],
  ['TimeDistributed', timeDistributed],
];
