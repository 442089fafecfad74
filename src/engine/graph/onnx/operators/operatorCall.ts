import { InputError } from '../../../../shared/inputError';
import { sizeOf, sameShape } from '../../../tensor';
import { evaluate } from '../../rules/rules';
import { say, type Message } from '../../../../shared/words/message';
import type { Graph } from '../../graph';
import type { Node } from '../../operations';
import { TensorProto_DataType, type AttributeProto } from '../onnx_pb';

/** What a value was declared as. All are floats in the graph; whole numbers divide differently. */
export type ElementType = 'float' | 'integer' | 'boolean';

const INTEGERS: ReadonlySet<number> = new Set([
  TensorProto_DataType.UINT8,
  TensorProto_DataType.INT8,
  TensorProto_DataType.UINT16,
  TensorProto_DataType.INT16,
  TensorProto_DataType.INT32,
  TensorProto_DataType.INT64,
  TensorProto_DataType.UINT32,
  TensorProto_DataType.UINT64,
]);

export function elementType(dataType: number): ElementType {
  if (dataType === (TensorProto_DataType.BOOL as number)) return 'boolean';
  return INTEGERS.has(dataType) ? 'integer' : 'float';
}

export interface Value {
  readonly node: Node;
  readonly type: ElementType;
}

/** ONNX's sequences of arrays: exports split and pick, nothing more. */
export interface Sequence {
  readonly items: readonly Value[];
}

/** A node alone is of the type of the first input. */
export type Result = Node | Value | Sequence;

/** Mean and biased variance of each channel of an array [N, C, …], each [C]. */
export interface ChannelMoments {
  readonly mean: Node;
  readonly variance: Node;
}

/**
 * What every BatchNormalization of a network normalises its input by, in place of running
 * statistics.
 */
export type BatchStatistics = (x: Node) => ChannelMoments;

/** An ONNX operator in terms of Basin's own operations. */
export type Operator = (call: OperatorCall) => Result | readonly Result[];

/** What whole numbers pick along an axis. */
export interface Places {
  readonly extent: number;
  /** A number that is no place, and allowed. */
  readonly except?: number | null;
  /** Below 0 where places may be counted from the end. */
  readonly least?: number;
  /** Of the input, where not all of it is such places. */
  readonly part?: Node;
}

/** What an operator tells whoever builds the graph. */
export interface Told {
  readonly places: (position: number, places: Places) => void;
}

/** Largest number of values that are worked out when a graph is built. */
const MAX_KNOWN = 2 ** 22;

/** One use of an operator: its inputs and attributes as rules ask for them. */
export class OperatorCall {
  readonly g: Graph;
  /** null where an optional input is left out. */
  readonly inputs: readonly (Value | Sequence | null)[];
  /** Number of results the graph has names for. */
  readonly results: number;
  /** null: the running statistics, or the batch's in training mode. */
  readonly batchStatistics: BatchStatistics | null;
  private readonly attributes: ReadonlyMap<string, AttributeProto>;
  private readonly told: Partial<Told>;
  /** The framework's own operation that this was made of, where the export says it. */
  readonly tracedFrom: string | null;

  constructor(
    g: Graph,
    inputs: readonly (Value | Sequence | null)[],
    attributes: readonly AttributeProto[],
    results: number,
    batchStatistics: BatchStatistics | null = null,
    told: Partial<Told> = {},
    tracedFrom: string | null = null,
  ) {
    this.tracedFrom = tracedFrom;
    this.g = g;
    this.batchStatistics = batchStatistics;
    this.inputs = inputs;
    this.told = told;
    this.results = results;
    this.attributes = new Map(attributes.map((attribute) => [attribute.name, attribute]));
  }

  value(position: number): Value {
    const value = this.inputs[position] ?? null;
    if (value === null) throw new InputError(say`input ${position} is missing`, 'damaged');
    if ('items' in value) throw new InputError(say`input ${position} is a sequence`, 'unsupported');
    return value;
  }

  sequence(position: number): Sequence {
    const value = this.inputs[position] ?? null;
    if (value === null || !('items' in value)) {
      throw new InputError(say`input ${position} is no sequence`, 'damaged');
    }
    return value;
  }

  node(position: number): Node {
    return this.value(position).node;
  }

  /** An input that may be left out. */
  optional(position: number): Node | null {
    return (this.inputs[position] ?? null) === null ? null : this.node(position);
  }

  /** The values of an input, where they do not depend on data or weights; null where they do. */
  known(position: number): Float64Array | null {
    return knownValues(this.node(position));
  }

  /** An input that must be known when the graph is built: a shape, a list of axes. */
  numbers(position: number): readonly number[] | null {
    if (this.optional(position) === null) return null;
    const values = this.known(position);
    if (values === null) {
      throw new InputError(
        say`input ${position} depends on the data, so that shapes are not known; export the model with fixed shapes but for the batch`,
        'unsupported',
      );
    }
    return [...values];
  }

  /** Says that an input is places along an axis. */
  places(position: number, places: Places): void {
    this.told.places?.(position, places);
  }

  attribute(name: string): AttributeProto | undefined {
    return this.attributes.get(name);
  }

  integer(name: string, absent: number): number {
    const found = this.attributes.get(name);
    return found === undefined ? absent : Number(found.i);
  }

  float(name: string, absent: number): number {
    const found = this.attributes.get(name);
    // Written as float32: the decimal number that was meant is the shortest that rounds to it.
    return found === undefined ? absent : Number(found.f.toPrecision(7));
  }

  list(name: string): readonly number[] | null {
    const found = this.attributes.get(name);
    return found === undefined ? null : found.ints.map(Number);
  }

  text(name: string, absent: string): string {
    const found = this.attributes.get(name);
    return found === undefined ? absent : new TextDecoder().decode(found.s);
  }

  texts(name: string): readonly string[] | null {
    const found = this.attributes.get(name);
    return found === undefined ? null : found.strings.map((s) => new TextDecoder().decode(s));
  }

  /** A list of whole numbers as a value. */
  integers(values: readonly number[]): Value {
    return {
      node: this.g.constant(Float64Array.from(values), [values.length]),
      type: 'integer',
    };
  }
}

/**
 * A number of places that are written down one by one when a graph is built.
 *
 * @throws InputError where it is none, or so large that it can only be a mistake.
 */
export function countable(count: number, what: Message): number {
  if (!Number.isInteger(count) || count < 0) {
    throw new InputError(say`${count} is no number of ${what}`, 'damaged');
  }
  if (count > MAX_KNOWN) {
    throw new InputError(say`${count} ${what} are more than Basin computes with`, 'unsupported');
  }
  return count;
}

/** An axis counted from the front. @throws InputError where there is none. */
export function axisOf(axis: number, rank: number): number {
  const own = axis < 0 ? axis + rank : axis;
  if (own < 0 || own >= Math.max(rank, 1)) {
    throw new InputError(say`axis ${axis} is not one of ${rank}`, 'damaged');
  }
  return own;
}

const values = new WeakMap<Node, Float64Array | 'unknown'>();

/** The values of a node that is made of constants only; null for others, and for large ones. */
export function knownValues(node: Node): Float64Array | null {
  const before = values.get(node);
  if (before !== undefined) return before === 'unknown' ? null : before;
  const found = workOut(node);
  values.set(node, found ?? 'unknown');
  return found;
}

function workOut(node: Node): Float64Array | null {
  if (node.operation === 'constant') return (node as Node<'constant'>).attributes.data;
  if (node.operation === 'input' || sizeOf(node.shape) > MAX_KNOWN) return null;
  const args: Float64Array[] = [];
  for (const input of node.inputs) {
    const data = knownValues(input);
    if (data === null) return null;
    args.push(data);
  }
  return evaluate(node, args);
}

/**
 * A result that has the shape of what it was made of: operators whose scale or bias is broadcast
 * to another input do not broadcast the other way.
 *
 * @param what was broadcast, in the operator's words.
 * @throws InputError where the result has another shape.
 */
export function broadcastOnto(of: Node, result: Node, what: Message): Node {
  if (sameShape(of.shape, result.shape)) return result;
  throw new InputError(
    say`${what} does not broadcast to [${of.shape.join(', ')}]: the result would have the shape [${result.shape.join(', ')}]; export the model again.`,
    'damaged',
  );
}
