import { InputError } from '../../../../shared/inputError';
import type { Graph } from '../../graph';
import type { Node } from '../../operations';
import { say } from '../../../../shared/words/message';
import type { Operator, OperatorCall } from './operatorCall';

/** Every step is some dozen nodes. */
const MAX_STEPS = 10_000;

/**
 * Recurrent layers, one step after the other. What does not depend on the state, the products of
 * all inputs with their weights, is one product for the whole sequence.
 *
 * Inputs are [length, batch, width], weights [directions, gates · hidden, …], as ONNX has them.
 */
function recurrent(c: OperatorCall, cell: Cell): readonly Node[] {
  const { g } = c;
  const batchFirst = c.integer('layout', 0) === 1;
  const x = batchFirst ? g.transpose(c.node(0), [1, 0, 2]) : c.node(0);
  const [length, batch] = x.shape as [number, number];
  if (length > MAX_STEPS) {
    throw new InputError(
      say`a sequence of ${length} steps is longer than Basin writes out; use sequences of ${MAX_STEPS} steps at most`,
      'unsupported',
    );
  }
  const hidden = c.integer('hidden_size', c.node(2).shape[2]!);
  const direction = c.text('direction', 'forward');
  const count = direction === 'bidirectional' ? 2 : 1;
  const running = stepsOf(c, length, batch);
  if (c.attribute('clip') !== undefined || c.integer('input_forget', 0) === 1) {
    throw new InputError(say`clipped or coupled gates are not supported`, 'unsupported');
  }
  const initial = (position: number, own: number): Node => {
    const given = c.optional(position);
    if (given === null) return g.zeros([batch, hidden]);
    const states = batchFirst ? g.transpose(given, [1, 0, 2]) : given;
    return pick(g, states, own);
  };

  const outputs: Node[] = [];
  const states: Node[][] = [];
  for (let own = 0; own < count; own += 1) {
    const backward = direction === 'reverse' || own === 1;
    const w = g.matrixTranspose(pick(g, c.node(1), own));
    const r = g.matrixTranspose(pick(g, c.node(2), own));
    const width = cell.gates * hidden;
    const biases = c.optional(3);
    const bias = (start: number): Node =>
      biases === null ? g.zeros([width]) : columns(g, pick(g, biases, own), start * width, width);
    const rows = g.reshape(x, [length * batch, x.shape[2]!]);
    const driven = g.reshape(g.add(g.matmul(rows, w), bias(0)), [length, batch, width]);
    const step = cell.prepare(c, { g, hidden, r, bias: bias(1), own });

    let state: readonly Node[] = cell.initial.map((position) => initial(position, own));
    const steps: Node[] = [];
    for (let i = 0; i < length; i += 1) {
      const at = backward ? length - 1 - i : i;
      const next = step(pick(g, driven, at), state);
      const runs = running(at);
      state = runs === null ? next : next.map((value, k) => g.where(runs, value, state[k]!));
      const shown = runs === null ? state[0]! : g.where(runs, state[0]!, g.scalar(0));
      steps[at] = g.reshape(shown, [1, batch, hidden]);
    }
    outputs.push(g.reshape(g.concat(steps, 0), [length, 1, batch, hidden]));
    states.push([...state]);
  }
  const y = g.concat(outputs, 1);
  const last = cell.initial.map((_, which) =>
    g.concat(
      states.map((own) => g.reshape(own[which]!, [1, batch, hidden])),
      0,
    ),
  );
  if (!batchFirst) return [y, ...last];
  return [g.transpose(y, [2, 0, 1, 3]), ...last.map((state) => g.transpose(state, [1, 0, 2]))];
}

/**
 * Which sequences of the batch are as long as a step, [batch, 1]: the states of the others stay, and
 * their outputs are 0, as those of packed sequences are. null where all of them are.
 */
function stepsOf(c: OperatorCall, length: number, batch: number): (at: number) => Node | null {
  const lengths = c.optional(4);
  if (lengths === null || c.known(4)?.every((own) => own === length) === true) return () => null;
  const column = c.g.reshape(lengths, [batch, 1]);
  return (at) => c.g.less(c.g.scalar(at), column);
}

interface Cell {
  readonly gates: number;
  /** Which inputs hold the initial states; the first state is also the output. */
  readonly initial: readonly number[];
  readonly prepare: (c: OperatorCall, layer: Layer) => Step;
}

interface Layer {
  readonly g: Graph;
  readonly hidden: number;
  /** [hidden, gates · hidden] */
  readonly r: Node;
  /** Of the recurrent products. */
  readonly bias: Node;
  /** Which direction. */
  readonly own: number;
}

/** From the driving values [batch, gates · hidden] and the states to the next states. */
type Step = (driven: Node, states: readonly Node[]) => readonly Node[];

/** One element of the first axis, which is dropped. */
function pick(g: Graph, x: Node, at: number): Node {
  const part = g.slice(x, {
    starts: x.shape.map((_, axis) => (axis === 0 ? at : 0)),
    steps: x.shape.map(() => 1),
    counts: x.shape.map((extent, axis) => (axis === 0 ? 1 : extent)),
  });
  return g.reshape(part, x.shape.slice(1));
}

/** Part of the last axis. */
function columns(g: Graph, x: Node, start: number, count: number): Node {
  const last = x.shape.length - 1;
  return g.slice(x, {
    starts: x.shape.map((_, axis) => (axis === last ? start : 0)),
    steps: x.shape.map(() => 1),
    counts: x.shape.map((extent, axis) => (axis === last ? count : extent)),
  });
}

function activations(c: OperatorCall, usual: readonly string[], own: number) {
  const names = c.texts('activations') ?? [...usual, ...usual];
  return usual.map((_, i) => {
    const name = (names[own * usual.length + i] ?? usual[i]!).toLowerCase();
    switch (name) {
      case 'sigmoid':
        return (x: Node): Node => c.g.sigmoid(x);
      case 'tanh':
        return (x: Node): Node => c.g.tanh(x);
      case 'relu':
        return (x: Node): Node => c.g.relu(x);
      default:
        throw new InputError(say`the activation ${name} is not supported`, 'unsupported');
    }
  });
}

const lstm: Cell = {
  gates: 4,
  initial: [5, 6],
  prepare: (c, { g, hidden, r, bias, own }) => {
    if (c.optional(7) !== null) {
      throw new InputError(say`peephole connections are not supported`, 'unsupported');
    }
    const [gate, candidate, squash] = activations(c, ['Sigmoid', 'Tanh', 'Tanh'], own);
    return (driven, [h, cellState]) => {
      const sum = g.add(driven, g.add(g.matmul(h!, r), bias));
      // Gates are in the order input, output, forget, cell.
      const part = (i: number): Node => columns(g, sum, i * hidden, hidden);
      const kept = g.mul(gate!(part(2)), cellState!);
      const next = g.add(kept, g.mul(gate!(part(0)), candidate!(part(3))));
      return [g.mul(gate!(part(1)), squash!(next)), next];
    };
  },
};

const gru: Cell = {
  gates: 3,
  initial: [5],
  prepare: (c, { g, hidden, r, bias, own }) => {
    const [gate, candidate] = activations(c, ['Sigmoid', 'Tanh'], own);
    const afterwards = c.integer('linear_before_reset', 0) === 1;
    return (driven, [h]) => {
      // Gates are in the order update, reset, hidden.
      const part = (x: Node, i: number): Node => columns(g, x, i * hidden, hidden);
      const product = g.add(g.matmul(h!, r), bias);
      const update = gate!(g.add(part(driven, 0), part(product, 0)));
      const reset = gate!(g.add(part(driven, 1), part(product, 1)));
      const inner = afterwards
        ? g.mul(reset, part(product, 2))
        : g.add(g.matmul(g.mul(reset, h!), part(r, 2)), part(bias, 2));
      const fresh = candidate!(g.add(part(driven, 2), inner));
      const rest = g.sub(g.scalar(1), update);
      return [g.add(g.mul(rest, fresh), g.mul(update, h!))];
    };
  },
};

const simple: Cell = {
  gates: 1,
  initial: [5],
  prepare: (c, { g, r, bias, own }) => {
    const [activation] = activations(c, ['Tanh'], own);
    return (driven, [h]) => [activation!(g.add(driven, g.add(g.matmul(h!, r), bias)))];
  },
};

/** Recurrent layers. */
export const recurrenceOperators: readonly (readonly [string, Operator])[] = [
  ['LSTM', (c) => recurrent(c, lstm)],
  ['GRU', (c) => recurrent(c, gru)],
  ['RNN', (c) => recurrent(c, simple)],
];
