import { fromBinary } from '@bufbuild/protobuf';
import { InputError } from '../../../shared/inputError';
import { say, type Message } from '../../../shared/words/message';
import { sizeOf } from '../../tensor';
import type { Graph } from '../graph';
import { ShapeError } from '../shapes';
import type { Node } from '../operations';
import { isWeight, shapeOfTensor, tensorKinds, tiedNames } from './initializers';
import { inlineFunctions } from './inlineFunctions';
import { likelyBuffers } from './likelyBuffers';
import { neededNodes, originOf, tracedFrom, trainingNotes } from './modelNodes';
import {
  ModelProtoSchema,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx_pb';
import {
  elementType,
  knownValues,
  OperatorCall,
  type BatchStatistics,
  type ElementType,
  type Result,
  type Sequence,
  type Told,
  type Value,
} from './operators/operatorCall';
import { operators } from './operators/operators';
import { requireSingleValues } from './singleValues';
import { readTensorProto, type TensorValues } from './tensorProto';

/** Weights a graph wants from a checkpoint. */
export interface WeightSpecification {
  readonly name: string;
  readonly shape: readonly number[];
  /** Parameters are moved and differentiated; buffers (BatchNorm statistics) are not. */
  readonly role: 'parameter' | 'buffer';
  /**
   * The initializer this name stood for in the export: the exporter keeps one of several tensors
   * that were equal then. Such a name is a weight of its own where the checkpoint has it.
   */
  readonly aliasOf: string | null;
  /** Whether it is that one by the definition of the model, and not for being equal in the export. */
  readonly isTied?: boolean;
  /**
   * Whether the graph has the values where the checkpoint has none: buffers that are not saved
   * (`persistent=False`) and tensors the exporter found in the code. See `ownValue`.
   */
  readonly isOptional: boolean;
  /** The axes, from one up to another, that count the output units; the first axis if absent. */
  readonly unitAxes?: readonly [from: number, to: number];
}

/** What a graph is given: an array of samples. */
export interface ModelInput {
  readonly name: string;
  /** null for an axis left open, as the batch is. */
  readonly shape: readonly (number | null)[];
  readonly type: ElementType;
  /** Whether what is computed depends on it. */
  readonly isUsed: boolean;
}

/** What becomes of whole numbers that are given, and are to stay exact. */
export interface WholeNumbers {
  /**
   * Values that are made of whole numbers alone, as the rest of the network takes them: an input
   * of the same shape. What makes them is computed apart, in float64.
   */
  readonly outside: (node: Node) => Node;
  /** Told of every use as places along an axis. */
  readonly places: (node: Node, uses: PlaceUse) => void;
}

/** Whole numbers that pick from an axis. */
export interface PlaceUse {
  /** Of the axis: one less is there. */
  readonly extent: number;
  /** 0, or below it where places may be counted from the end. */
  readonly least: number;
  /** A number that picks nothing, as a class that is ignored. */
  readonly except: number | null;
  /** The node of the file, for messages. */
  readonly where: Message;
}

export interface BuildOptions {
  /** What every BatchNormalization normalises by; its own running statistics if absent. */
  readonly statistics?: BatchStatistics | null;
  /** Whole numbers are floats like all others if absent. */
  readonly wholeNumbers?: WholeNumbers;
}

export interface LastOperation {
  readonly operator: string;
  /** Names of its first input and output. */
  readonly input: string;
  readonly output: string;
}

/** Operators that change no value. */
const SHAPING: ReadonlySet<string> = new Set([
  'Identity',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Cast',
  'Dropout',
]);

/** A model's computation graph without its weights, from an ONNX export. */
export class OnnxModel {
  readonly path: string;
  readonly inputs: readonly ModelInput[];
  /** What is computed, in the order of the file. */
  readonly outputs: readonly string[];
  /** Shapes of all outputs of the file; an axis that is open is null. */
  readonly outputShapes: ReadonlyMap<string, readonly (number | null)[]>;
  /** All outputs of the file with their shapes, for messages. */
  readonly outputList: string;
  readonly weights: readonly WeightSpecification[];
  readonly hasBatchNorm: boolean;
  /** Parameters that may be buffers, where the export does not say which are. */
  readonly likelyBuffers: ReadonlySet<string>;
  /** What a reader of results must know about the graph: full sentences. */
  readonly notes: readonly Message[];
  private readonly ownValues: ReadonlyMap<string, TensorProto>;
  /** What the output depends on, functions written out. */
  private readonly nodes: readonly NodeProto[];
  private readonly constants: ReadonlyMap<string, TensorValues & { readonly dataType: number }>;

  /**
   * @param output which of the graph's outputs is computed, or which value inside of it; all
   * outputs if absent.
   * @throws InputError when the bytes are no ONNX model, or one that cannot be analysed.
   */
  constructor(bytes: Uint8Array, path: string, output?: string) {
    this.path = path;
    const graph = decode(bytes, path);
    requireSingleValues(graph, path);
    const kinds = tensorKinds(graph);

    const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    const open = graph.input.filter((input) => !initializers.has(input.name));
    this.outputs = output === undefined ? graph.output.map(({ name }) => name) : [output];
    this.outputShapes = new Map(
      graph.output.map((info) => [info.name, describedValue(info).shape]),
    );
    this.outputList = listed(graph.output);
    if (this.outputs.length === 0) {
      throw new InputError(say`${path} has no output; export the model again.`, 'damaged');
    }
    if (output !== undefined) requireValue(graph, output, path);
    this.nodes = neededNodes(graph.node, this.outputs);
    const used = new Set([...this.outputs, ...this.nodes.flatMap((node) => node.input)]);
    this.inputs = open.map((info) => ({ ...describedValue(info), isUsed: used.has(info.name) }));

    for (const { opType, name, domain } of this.nodes) {
      if (!operators.has(opType) || !DOMAINS.has(domain)) {
        throw new InputError(
          say`${path}: operator ${opType} (node ${name === '' ? '?' : name}) is not one Basin can differentiate; write that part of the model with other operations and export it again.`,
          'unsupported',
        );
      }
    }

    this.hasBatchNorm = this.nodes.some((node) => node.opType === 'BatchNormalization');
    const aliases = new Map<string, string>();
    for (const node of this.nodes) {
      const [source] = node.input;
      const [target] = node.output;
      if (node.opType !== 'Identity' || source === undefined || target === undefined) continue;
      const initializer = initializers.get(source);
      // Values inside the network are called '/module/Operation_output_0'.
      if (initializer !== undefined && isWeight(initializer) && !target.startsWith('/')) {
        aliases.set(target, source);
      }
    }
    const buffers = new Set(
      this.nodes
        .filter((node) => node.opType === 'BatchNormalization')
        .flatMap((node) => node.input.slice(3, 5)),
    );

    const role = (name: string) =>
      buffers.has(name) || (kinds.get(name) ?? 'parameter') !== 'parameter'
        ? 'buffer'
        : 'parameter';
    const specifications: WeightSpecification[] = [];
    for (const tensor of initializers.values()) {
      if (!isWeight(tensor)) continue;
      const { name } = tensor;
      const shape = shapeOfTensor(tensor, path);
      const isOptional = kinds.get(name) === 'unsaved';
      specifications.push({ name, shape, role: role(name), aliasOf: null, isOptional });
    }
    const tied = tiedNames(graph);
    for (const [name, source] of aliases) {
      const shape = initializers.get(source)!.dims.map(Number);
      specifications.push({
        name,
        shape,
        role: role(name),
        aliasOf: source,
        isTied: tied.has(name),
        isOptional: false,
      });
    }
    this.weights = specifications;
    this.likelyBuffers = likelyBuffers(
      this.nodes,
      open.map(({ name }) => name),
      new Set(
        specifications.flatMap(({ name, role: own }) =>
          own === 'parameter' && !kinds.has(name) ? [name] : [],
        ),
      ),
    );
    this.ownValues = new Map(
      specifications
        .filter(({ isOptional }) => isOptional)
        .map(({ name }) => [name, initializers.get(name)!]),
    );
    this.notes = trainingNotes(this.nodes);

    this.constants = new Map(
      [...initializers.values()]
        .filter((tensor) => !isWeight(tensor))
        .map((tensor) => [
          tensor.name,
          { ...readTensorProto(tensor, path), dataType: tensor.dataType },
        ]),
    );
  }

  /** What makes the first output, but for what only gives it another shape or type; null if nothing. */
  lastOperation(): LastOperation | null {
    const maker = new Map(this.nodes.flatMap((node) => node.output.map((name) => [name, node])));
    let node = maker.get(this.outputs[0]!);
    while (node !== undefined && SHAPING.has(node.opType)) node = maker.get(node.input[0] ?? '');
    const [input] = node?.input ?? [];
    if (node === undefined || input === undefined) return null;
    return { operator: node.opType, input, output: node.output[0]! };
  }

  /**
   * The graph's own values of a weight that is optional, in C order.
   *
   * @throws InputError where the file does not hold them.
   */
  ownValue(name: string): Float64Array {
    return readTensorProto(this.ownValues.get(name)!, this.path).data;
  }

  /**
   * Builds a network of one input and one output in a graph, for one batch size.
   *
   * @param input of the model's input shape, the batch size for the open first axis.
   * @param weight the node of a weight, or null where an alias is to be taken for its original.
   * @returns the model's output.
   * @throws InputError naming the node that cannot be built.
   */
  build(g: Graph, input: Node, weight: (name: string) => Node | null): Node {
    const inputs = new Map(this.inputs.map(({ name }) => [name, input]));
    return this.buildAll(g, inputs, weight)[0]!;
  }

  /**
   * Builds the network in a graph, for one batch size.
   *
   * @param given by the names of the inputs; those that are not used may be left out.
   * @param weight as that of `build`.
   * @returns the outputs, in their order.
   * @throws InputError naming the node that cannot be built.
   */
  buildAll(
    g: Graph,
    given: ReadonlyMap<string, Node>,
    weight: (name: string) => Node | null,
    options: BuildOptions = {},
  ): readonly Node[] {
    const values = new Map<string, Value | Sequence>();
    for (const [name, { data, shape, dataType }] of this.constants) {
      values.set(name, { node: g.constant(data, shape), type: elementType(dataType) });
    }
    const exact = new Set<Node>();
    for (const { name, type } of this.inputs) {
      const node = given.get(name);
      if (node === undefined) continue;
      values.set(name, { node, type });
      if (type === 'integer') exact.add(node);
    }
    for (const { name } of this.weights) {
      const node = weight(name);
      if (node !== null) values.set(name, { node, type: 'float' });
    }
    for (const node of this.nodes) {
      // An alias the checkpoint has weights for is those weights.
      if (node.output.every((name) => values.has(name))) continue;
      for (const [position, value] of this.apply(g, node, values, exact, options).entries()) {
        const name = node.output[position];
        if (name !== undefined && name !== '') values.set(name, value);
      }
    }
    return this.outputs.map((name) => {
      const output = values.get(name);
      if (output === undefined || !('node' in output)) {
        throw new InputError(
          say`${this.path}: nothing makes the output ${name}; export the model again.`,
          'damaged',
        );
      }
      return output.node;
    });
  }

  private apply(
    g: Graph,
    node: NodeProto,
    values: ReadonlyMap<string, Value | Sequence>,
    exact: Set<Node>,
    { statistics = null, wholeNumbers }: BuildOptions,
  ): readonly (Value | Sequence)[] {
    const where = say`${this.path}: node ${node.name === '' ? (node.output[0] ?? '') : node.name} (${node.opType})`;
    const given = node.input.map((name) => {
      if (name === '') return null;
      const value = values.get(name);
      if (value === undefined) {
        throw new InputError(
          say`${where} uses ${name} before it is made: the graph has a cycle or is out of order; export the model again.`,
          'damaged',
        );
      }
      return value;
    });
    const outside = (value: Value): Value =>
      wholeNumbers !== undefined && exact.has(value.node)
        ? { node: wholeNumbers.outside(value.node), type: value.type }
        : value;
    const applied = (inputs: typeof given): readonly (Value | Sequence)[] => {
      const places: Told['places'] = (position, { extent, except = null, least = 0, part }) => {
        const value = given[position];
        if (value === undefined || value === null || 'items' in value) return;
        if (!exact.has(value.node)) return;
        wholeNumbers?.places(part ?? value.node, { extent, least, except, where });
      };
      const told = { places };
      const { attribute, output } = node;
      const traced = tracedFrom(node);
      const call = new OperatorCall(g, inputs, attribute, output.length, statistics, told, traced);
      const made = g.within(originOf(node), () => operators.get(node.opType)!(call));
      const [first] = inputs;
      const type = first !== undefined && first !== null && 'type' in first ? first.type : 'float';
      const results = Array.isArray(made) ? (made as readonly Result[]) : [made as Result];
      return results.map((result) => ('operation' in result ? { node: result, type } : result));
    };
    try {
      if (wholeNumbers === undefined) return applied(given);
      if (given.every((value) => isWholeAlone(value, exact))) {
        const results = applied(given);
        // What becomes much larger, as one-hot rows, is left to the runtime.
        if (elementsOf(results) <= MAX_GROWTH * elementsOf(given)) {
          return results.map((result) => {
            if ('items' in result || knownValues(result.node) !== null) return result;
            exact.add(result.node);
            return result.type === 'integer' ? result : outside(result);
          });
        }
      }
      return applied(
        given.map((value) => (value !== null && 'node' in value ? outside(value) : value)),
      );
    } catch (error) {
      if (error instanceof ShapeError) {
        throw new InputError(
          say`${where}: ${error.said} Does the data have the shape the model expects?`,
          'mismatch',
        );
      }
      if (error instanceof InputError)
        throw new InputError(say`${where}: ${error.said}`, error.reason);
      // A rule met what its operator cannot have: an axis that is missing, a size below zero.
      if (error instanceof TypeError || error instanceof RangeError) {
        throw new InputError(
          say`${where}: its inputs or attributes are not those of the operator (${error.message}); check the file with onnx.checker and export the model again.`,
          'damaged',
          { cause: error },
        );
      }
      throw error;
    }
  }
}

/** Where operators of ONNX itself are, and those of ONNX Runtime that are called the same. */
const DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx', 'com.microsoft']);

/** How many times as large as its inputs what an operator makes of whole numbers may be. */
const MAX_GROWTH = 4;

function elementsOf(values: readonly (Value | Sequence | null)[]): number {
  const sizes = values.map((value) =>
    value === null || 'items' in value ? 0 : sizeOf(value.node.shape),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Whether a value is made of whole numbers that are given, or known when the graph is built. */
function isWholeAlone(value: Value | Sequence | null, exact: ReadonlySet<Node>): boolean {
  if (value === null) return true;
  if ('items' in value) return false;
  return exact.has(value.node) || (value.type !== 'float' && knownValues(value.node) !== null);
}

/** @throws InputError where no node makes a value of that name. */
function requireValue(graph: GraphProto, name: string, path: string): void {
  const isMade = graph.node.some((node) => node.output.includes(name));
  if (isMade || graph.output.some((output) => output.name === name)) return;
  throw new InputError(
    say`"output" names ${name}, which ${path} does not make; choose one of its outputs: ${listed(graph.output)}.`,
    'mismatch',
  );
}

/** Values of a graph with their shapes, as sentences list them: `logits [batch, 10]`. */
function listed(infos: readonly ValueInfoProto[]): string {
  return infos
    .map((info) => {
      const { name, shape } = describedValue(info);
      return `${name} [${shape.map((extent) => extent ?? '?').join(', ')}]`;
    })
    .join(', ');
}

function describedValue(info: ValueInfoProto): Pick<ModelInput, 'name' | 'shape' | 'type'> {
  const type = info.type?.value;
  if (type?.case !== 'tensorType') return { name: info.name, shape: [], type: 'float' };
  return {
    name: info.name,
    shape: (type.value.shape?.dim ?? []).map(({ value }) =>
      // Some exporters write an open axis as 0 or -1.
      value.case === 'dimValue' && value.value > 0n ? Number(value.value) : null,
    ),
    type: elementType(type.value.elemType),
  };
}

function decode(bytes: Uint8Array, path: string): GraphProto {
  let model;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new InputError(
      say`${path} is not an ONNX model, or it is damaged; export it again.`,
      'damaged',
      { cause },
    );
  }
  const opset = model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  if (model.graph === undefined || opset === undefined) {
    throw new InputError(say`${path} is not an ONNX model; export it again.`, 'damaged');
  }
  if (opset.version < 13n) {
    throw new InputError(
      say`${path} uses operator set ${opset.version.toString()}; export it with opset_version=17.`,
      'unsupported',
    );
  }
  return inlineFunctions(model, path);
}
