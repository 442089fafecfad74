import { fromBinary } from '@bufbuild/protobuf';
import { InputError } from '../../../shared/inputError';
import { sizeOf } from '../../tensor';
import { MAXIMUM_SIZE, ShapeError, type Graph, type Node } from '../graph';
import { inlineFunctions } from './inlineFunctions';
import {
  ModelProtoSchema,
  TensorProto_DataType,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from './onnx_pb';
import {
  elementType,
  OperatorCall,
  type BatchStatistics,
  type Result,
  type Sequence,
  type Value,
} from './operatorCall';
import { operators } from './operators';
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
  /**
   * Whether the graph has the values where the checkpoint has none: buffers that are not saved
   * (`persistent=False`) and tensors the exporter found in the code. See `ownValue`.
   */
  readonly isOptional: boolean;
}

/** A model's computation graph without its weights, from an ONNX export. */
export class OnnxModel {
  readonly path: string;
  readonly inputName: string;
  /** null for an axis left open, as the batch is. */
  readonly inputShape: readonly (number | null)[];
  readonly outputName: string;
  readonly weights: readonly WeightSpecification[];
  readonly hasBatchNorm: boolean;
  /** What a reader of results must know about the graph: full sentences. */
  readonly notes: readonly string[];
  readonly #ownValues: ReadonlyMap<string, TensorProto>;
  readonly #inputType: number;
  /** What the output depends on, functions written out. */
  readonly #nodes: readonly NodeProto[];
  readonly #constants: ReadonlyMap<string, TensorValues & { readonly dataType: number }>;

  /** @throws InputError when the bytes are no ONNX model, or one that cannot be analysed. */
  constructor(bytes: Uint8Array, path: string) {
    this.path = path;
    const graph = decode(bytes, path);
    const kinds = tensorKinds(graph);

    const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    const open = graph.input.filter((input) => !initializers.has(input.name));
    const [input] = open;
    const [output] = graph.output;
    if (input === undefined || output === undefined || open.length > 1) {
      throw new InputError(
        `${path} has ${open.length} inputs (${open.map((i) => i.name).join(', ')}) where Basin expects one; export the model with a single input.`,
        'unsupported',
      );
    }
    this.inputName = input.name;
    this.outputName = output.name;
    const type = input.type?.value;
    this.inputShape =
      type?.case === 'tensorType'
        ? (type.value.shape?.dim ?? []).map(({ value }) =>
            // Some exporters write an open axis as 0 or -1.
            value.case === 'dimValue' && value.value > 0n ? Number(value.value) : null,
          )
        : [];

    this.#inputType =
      type?.case === 'tensorType' ? type.value.elemType : TensorProto_DataType.FLOAT;
    this.#nodes = neededNodes(graph.node, output.name);

    for (const { opType, name, domain } of this.#nodes) {
      if (!operators.has(opType) || !DOMAINS.has(domain)) {
        throw new InputError(
          `${path}: operator ${opType} (node ${name === '' ? '?' : name}) is not one Basin can differentiate; write that part of the model with other operations and export it again.`,
          'unsupported',
        );
      }
    }

    this.hasBatchNorm = this.#nodes.some((node) => node.opType === 'BatchNormalization');
    const aliases = new Map<string, string>();
    for (const node of this.#nodes) {
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
      this.#nodes
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
    for (const [name, source] of aliases) {
      const shape = initializers.get(source)!.dims.map(Number);
      specifications.push({
        name,
        shape,
        role: role(name),
        aliasOf: source,
        isOptional: false,
      });
    }
    this.weights = specifications;
    this.#ownValues = new Map(
      specifications
        .filter(({ isOptional }) => isOptional)
        .map(({ name }) => [name, initializers.get(name)!]),
    );
    this.notes = trainingNotes(this.#nodes);

    this.#constants = new Map(
      [...initializers.values()]
        .filter((tensor) => !isWeight(tensor))
        .map((tensor) => [
          tensor.name,
          { ...readTensorProto(tensor, path), dataType: tensor.dataType },
        ]),
    );
  }

  /**
   * The graph's own values of a weight that is optional, in C order.
   *
   * @throws InputError where the file does not hold them.
   */
  ownValue(name: string): Float64Array {
    return readTensorProto(this.#ownValues.get(name)!, this.path).data;
  }

  /**
   * Builds the network in a graph, for one batch size.
   *
   * @param input of the model's input shape, the batch size for the open first axis.
   * @param weight the node of a weight, or null where an alias is to be taken for its original.
   * @param statistics what every BatchNormalization normalises by, called for one after the other
   *   in the order of the graph; their own if absent.
   * @returns the model's output.
   * @throws InputError naming the node that cannot be built.
   */
  build(
    g: Graph,
    input: Node,
    weight: (name: string) => Node | null,
    statistics: BatchStatistics | null = null,
  ): Node {
    const values = new Map<string, Value | Sequence>();
    for (const [name, { data, shape, dataType }] of this.#constants) {
      values.set(name, { node: g.constant(data, shape), type: elementType(dataType) });
    }
    values.set(this.inputName, { node: input, type: elementType(this.#inputType) });
    for (const { name } of this.weights) {
      const node = weight(name);
      if (node !== null) values.set(name, { node, type: 'float' });
    }
    for (const node of this.#nodes) {
      // An alias the checkpoint has weights for is those weights.
      if (node.output.every((name) => values.has(name))) continue;
      for (const [position, value] of this.#apply(g, node, values, statistics).entries()) {
        const name = node.output[position];
        if (name !== undefined && name !== '') values.set(name, value);
      }
    }
    const output = values.get(this.outputName);
    if (output === undefined || !('node' in output)) {
      throw new InputError(
        `${this.path}: nothing makes the output ${this.outputName}; export the model again.`,
        'damaged',
      );
    }
    return output.node;
  }

  #apply(
    g: Graph,
    node: NodeProto,
    values: ReadonlyMap<string, Value | Sequence>,
    statistics: BatchStatistics | null,
  ): readonly (Value | Sequence)[] {
    const where = `${this.path}: node ${node.name === '' ? node.output[0] : node.name} (${node.opType})`;
    const inputs = node.input.map((name) => {
      if (name === '') return null;
      const value = values.get(name);
      if (value === undefined) {
        throw new InputError(
          `${where} uses ${name} before it is made: the graph has a cycle or is out of order; export the model again.`,
          'damaged',
        );
      }
      return value;
    });
    try {
      const call = new OperatorCall(g, inputs, node.attribute, node.output.length, statistics);
      const made = operators.get(node.opType)!(call);
      const [first] = inputs;
      const type = first !== undefined && first !== null && 'type' in first ? first.type : 'float';
      const results = Array.isArray(made) ? (made as readonly Result[]) : [made as Result];
      return results.map((result) => ('operation' in result ? { node: result, type } : result));
    } catch (error) {
      if (error instanceof ShapeError) {
        throw new InputError(
          `${where}: ${error.message} Does the data have the shape the model expects?`,
          'mismatch',
        );
      }
      if (error instanceof InputError)
        throw new InputError(`${where}: ${error.message}`, error.reason);
      // A rule met what its operator cannot have: an axis that is missing, a size below zero.
      if (error instanceof TypeError || error instanceof RangeError) {
        throw new InputError(
          `${where}: its inputs or attributes are not those of the operator (${error.message}); check the file with onnx.checker and export the model again.`,
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

/** The nodes an output depends on, in their order. */
function neededNodes(nodes: readonly NodeProto[], output: string): readonly NodeProto[] {
  const maker = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const needed = new Set<NodeProto>();
  const open = [output];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = maker.get(name);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    for (const input of node.input) open.push(input);
  }
  return nodes.filter((node) => needed.has(node));
}

/** Initializers the exporter took from the state dict: floating point, under their own names. */
function isWeight(tensor: TensorProto): boolean {
  return (
    !tensor.name.startsWith('onnx::') &&
    (tensor.dataType === (TensorProto_DataType.FLOAT as number) ||
      tensor.dataType === (TensorProto_DataType.DOUBLE as number))
  );
}

/** What an initializer was in the module: `unsaved` is in no state dict. */
type TensorKind = 'parameter' | 'buffer' | 'unsaved';

const SIGNATURE = 'pkg.torch.export.graph_signature.InputSpec.';

/** What PyTorch's exporter since 2.5 writes beside the values; others write nothing. */
function tensorKinds(graph: GraphProto): ReadonlyMap<string, TensorKind> {
  const kinds = new Map<string, TensorKind>();
  for (const { name, metadataProps } of [...graph.input, ...graph.valueInfo]) {
    const given = new Map(metadataProps.map(({ key, value }) => [key, value]));
    const kind = given.get(`${SIGNATURE}kind`);
    const isSaved = given.get(`${SIGNATURE}persistent`) !== 'False';
    if (kind === 'PARAMETER') kinds.set(name, 'parameter');
    if (kind === 'BUFFER') kinds.set(name, isSaved ? 'buffer' : 'unsaved');
    if (kind === 'CONSTANT_TENSOR') kinds.set(name, 'unsaved');
  }
  return kinds;
}

/**
 * Initializers whose values come from a checkpoint, so that those in the file are of no use.
 */
export function replacedInitializers(graph: GraphProto): readonly TensorProto[] {
  const kinds = tensorKinds(graph);
  return graph.initializer.filter(
    (tensor) => isWeight(tensor) && kinds.get(tensor.name) !== 'unsaved',
  );
}

/** @throws InputError where no array can have the shape. */
function shapeOfTensor({ name, dims }: TensorProto, path: string): readonly number[] {
  const shape = dims.map(Number);
  const isShape = shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!isShape || sizeOf(shape) > MAXIMUM_SIZE) {
    throw new InputError(
      `${path}: tensor ${name} has the shape [${dims.join(', ')}], which no array of fewer than 2³¹ elements has; export the model again.`,
      isShape ? 'unsupported' : 'damaged',
    );
  }
  return shape;
}

function trainingNotes(nodes: readonly NodeProto[]): readonly string[] {
  const training = nodes.filter(
    ({ opType, attribute, output }) =>
      opType === 'BatchNormalization' &&
      (attribute.find(({ name }) => name === 'training_mode')?.i ??
        (output.length > 1 ? 1n : 0n)) === 1n,
  );
  if (training.length === 0) return [];
  const names = training.slice(0, 3).map(({ name, output }) => (name === '' ? output[0]! : name));
  return [
    `The graph has BatchNormalization in training mode (${names.join(', ')}${training.length > 3 ? ', …' : ''}): it normalises by the mean and variance of each batch that Basin evaluates instead of the running statistics of the checkpoint, so that the loss of a sample depends on the other samples of its batch; export after model.eval() to analyse the network as it predicts.`,
  ];
}

function decode(bytes: Uint8Array, path: string): GraphProto {
  let model;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new InputError(
      `${path} is not an ONNX model, or it is damaged; export it again.`,
      'damaged',
      { cause },
    );
  }
  const opset = model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  if (model.graph === undefined || opset === undefined) {
    throw new InputError(`${path} is not an ONNX model; export it again.`, 'damaged');
  }
  if (opset.version < 13n) {
    throw new InputError(
      `${path} uses operator set ${opset.version.toString()}; export it with opset_version=17.`,
      'unsupported',
    );
  }
  return inlineFunctions(model, path);
}
