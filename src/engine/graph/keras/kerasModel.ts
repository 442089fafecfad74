import { InputError } from '../../../shared/inputError';
import { say, type Message } from '../../../shared/words/message';
import { printable, printableValue } from '../../checkpoint/fault';
import type { TensorEntry } from '../../checkpoint/checkpoint';
import { Graph } from '../graph';
import type { Model } from '../model';
import type {
  BuildOptions,
  LastOperation,
  ModelInput,
  WeightSpecification,
} from '../onnx/importOnnx';
import { elementType, type ElementType } from '../onnx/operators/operatorCall';
import type { Node } from '../operations';
import { MAX_SIZE, ShapeError } from '../shapes';
import type { Architecture, Dialect } from '../../checkpoint/architecture';
import type { WeightRequest } from './layerCall';
import { buildNetwork, type Built } from './network';
import { regularized } from './regularizers';
import { objectOf, type Json } from '../../checkpoint/jsonObject';
import { printed } from './printed';
import { TensorNames } from './tensorNames';
import { readTopology, referencesOf, type Reference, type Topology } from './topology';

/** What stands behind the name of an output for the value its softmax or sigmoid is taken of. */
const LOGITS = '/logits';

/** Axes left open are tried with this many elements, so that no window is larger. */
const OPEN_EXTENT = { sequence: 16, image: 256 };

/** What a model is written down as for those who build it: the layers, and each weight's tensor. */
interface Written {
  readonly keras: Dialect;
  readonly topology: Json;
  /** Tensors of the weights, in the order in which the network asks for them. */
  readonly tensors: readonly string[];
}

/** Whether bytes are what `kerasModelBytes` makes. */
export function isKerasModel(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, MARK.length)).toString('latin1') === MARK;
}

const MARK = '{"keras":';

/**
 * Joins a configuration with the names of its weights in the file it is from.
 *
 * @returns what `KerasModel` is made of; equal for files of one architecture.
 * @throws InputError where it cannot be built, or the file has not its weights.
 */
export function kerasModelBytes(
  { dialect, topology }: Architecture,
  tensors: Iterable<TensorEntry>,
  path: string,
): Uint8Array {
  const names = new TensorNames(tensors, path);
  const { requests } = trial(read(topology, path), dialect, path);
  const written: Written = {
    keras: dialect,
    topology: objectOf(withoutTraining(topology))!,
    tensors: printed(() => requests.map((request) => names.find(request))),
  };
  return new TextEncoder().encode(JSON.stringify(written));
}

/** What `kerasModelBytes` was given, but for what does not change the network. */
export function architectureIn(bytes: Uint8Array): Pick<Architecture, 'dialect' | 'topology'> {
  const { keras, topology } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Written;
  return { dialect: keras, topology };
}

/**
 * What a file of the same network calls the weights that a model has under other names: Keras counts layers over
 * a session, so that a network that is built again has a `dense_2` for a `dense`.
 *
 * @param bytes of `kerasModelBytes`, as `own` is of that file.
 */
export function renamedWeights(bytes: Uint8Array, own: Uint8Array): Record<string, string> {
  const [model, file] = [bytes, own].map(
    (each) => (JSON.parse(Buffer.from(each).toString('utf8')) as Written).tensors,
  );
  const pairs = model!.map((name, place) => [name, file![place]] as const);
  return Object.fromEntries(
    pairs.filter((pair): pair is [string, string] => pair[1] !== undefined && pair[0] !== pair[1]),
  );
}

/** A network of Keras or TensorFlow.js from its configuration. */
export class KerasModel implements Model {
  readonly path: string;
  readonly inputs: readonly ModelInput[];
  readonly outputs: readonly string[];
  readonly outputShapes: ReadonlyMap<string, readonly (number | null)[]>;
  readonly outputList: string;
  readonly weights: readonly WeightSpecification[];
  readonly hasBatchNorm: boolean;
  readonly likelyBuffers: ReadonlySet<string> = new Set();
  readonly notes: readonly Message[];
  private readonly dialect: Dialect;
  private readonly topology: Topology;
  private readonly results: readonly Result[];
  /** Names in the checkpoint, by the place of the weight. */
  private readonly tensors: ReadonlyMap<string, string>;
  private readonly last: LastOperation | null;

  /**
   * @param bytes of `kerasModelBytes`.
   * @param output the layer whose output is computed, all outputs of the model if absent; with
   * `/logits` behind it what its softmax or sigmoid is taken of.
   * @throws InputError where a layer cannot be built.
   */
  constructor(bytes: Uint8Array, path: string, output?: string) {
    const written = JSON.parse(Buffer.from(bytes).toString('utf8')) as Written;
    this.path = path;
    this.dialect = written.keras;
    this.topology = read(written.topology, path);
    const { requests, given, built } = trial(this.topology, this.dialect, path);
    this.tensors = new Map(requests.map((request, i) => [placeOf(request), written.tensors[i]!]));
    this.weights = requests.map(({ shape, role, unitAxes }, i): WeightSpecification => {
      const name = written.tensors[i]!;
      return { name, shape, role, aliasOf: null, isOptional: false, unitAxes };
    });
    const own = this.topology.outputs.map((reference) => ({
      reference,
      isLogits: false,
      name: nameOf(reference, this.topology.outputs),
    }));
    this.results = output === undefined ? own : [printed(() => this.resultOf(output, own, built))];
    this.outputs = this.results.map(({ name }) => name);
    this.outputShapes = new Map(
      own.map(({ name, reference }) => [name, openShape(built, reference)]),
    );
    this.outputList = own
      .map(
        ({ name, reference }) =>
          `${name} [${openShape(built, reference)
            .map((extent) => extent ?? '?')
            .join(', ')}]`,
      )
      .join(', ');
    const used = usedInputs(this.topology, this.results);
    this.inputs = this.topology.inputs.map(({ name, shape, dtype }, i) => ({
      name,
      shape: shape ?? given[i]!.map(() => null),
      type: typeOf(dtype),
      isUsed: used.has(name),
    }));
    this.hasBatchNorm = hasBatchNorm(this.topology);
    this.notes = notesOf(this.topology, requests);
    this.last = lastOperation(this.results, built);
    for (const result of this.results) requireWhole(result, built, path);
  }

  lastOperation(): LastOperation | null {
    return this.last;
  }

  ownValue(name: string): never {
    throw new Error(`${name} is not in a configuration`);
  }

  buildAll(
    g: Graph,
    given: ReadonlyMap<string, Node>,
    weight: (name: string) => Node | null,
    options: BuildOptions = {},
  ): readonly Node[] {
    const built = buildNetwork(
      this.topology,
      this.topology.inputs.map(({ name }) => {
        const node = given.get(name);
        return node === undefined ? null : { node, mask: null };
      }),
      {
        g,
        dialect: this.dialect,
        options,
        path: this.path,
        weight: (request) => weight(this.tensors.get(placeOf(request)) ?? '')!,
      },
    );
    return this.results.map(({ reference, isLogits }) => {
      const { node } = built.value(reference)!;
      return isLogits ? built.probabilities.of(node)!.logits : node;
    });
  }

  private resultOf(output: string, own: readonly Result[], built: Built): Result {
    const isLogits = output.endsWith(LOGITS);
    const name = isLogits ? output.slice(0, -LOGITS.length) : output;
    const reference =
      own.find((result) => result.name === name)?.reference ??
      this.topology.calls
        .filter(({ layer }) => layer.name === name)
        .map(({ node }): Reference => ({ layer: name, node, tensor: 0 }))
        .at(-1);
    const signal = reference === undefined ? null : built.value(reference);
    if (reference === undefined || signal === null) {
      throw new InputError(
        say`"output" names ${output}, which is no layer of ${this.path}; choose one of its outputs: ${own.map((result) => result.name).join(', ')}.`,
        'mismatch',
      );
    }
    if (isLogits && built.probabilities.of(signal.node) === null) {
      throw new InputError(
        say`"output" names ${output}, and ${name} of ${this.path} does not end in a softmax or sigmoid; name ${name} alone.`,
        'mismatch',
      );
    }
    return { reference, isLogits, name: output };
  }
}

interface Result {
  readonly reference: Reference;
  /** Whether it is what a softmax or sigmoid is taken of. */
  readonly isLogits: boolean;
  readonly name: string;
}

/** What a network asks for, when it is built on inputs of the shapes it takes. */
interface Trial {
  readonly requests: readonly WeightRequest[];
  readonly given: readonly (readonly number[])[];
  readonly built: Built;
}

function trial(topology: Topology, dialect: Dialect, path: string): Trial {
  try {
    return printed(() => triedOn(topology, dialect, path));
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new InputError(
      say`${path}: ${error.said} Save the model with inputs of a size that can be computed with.`,
      'unsupported',
    );
  }
}

function triedOn(topology: Topology, dialect: Dialect, path: string): Trial {
  const g = new Graph();
  const given = topology.inputs.map(({ name, shape }) => {
    if (shape === null) {
      throw new InputError(
        say`${path}: its configuration does not say the shape of its input ${name}; build the model on data, or with keras.Input, before it is saved.`,
        'unsupported',
      );
    }
    const open = shape.length >= 4 ? OPEN_EXTENT.image : OPEN_EXTENT.sequence;
    return shape.map((extent, axis) => extent ?? (axis === 0 ? 1 : open));
  });
  const requests = new Map<string, { request: WeightRequest; node: Node }>();
  const weight = (request: WeightRequest): Node => {
    const key = placeOf(request);
    const before = requests.get(key);
    const { shape } = request;
    if (before !== undefined) {
      if (before.request.shape.join() === shape.join()) return before.node;
      throw new InputError(
        say`its weight ${request.names[0]} would have two shapes, [${before.request.shape.join(', ')}] and [${shape.join(', ')}]`,
        'damaged',
      );
    }
    requireArray(request);
    const node = g.input(key, shape);
    requests.set(key, { request, node });
    return node;
  };
  const built = buildNetwork(
    topology,
    given.map((shape, i) => ({ node: g.input(`input:${i}`, shape), mask: null })),
    { g, dialect, weight, path },
  );
  requireMade(topology, built, path);
  return { requests: [...requests.values()].map(({ request }) => request), given, built };
}

/** @throws InputError where an output has no such tensor. */
function requireMade({ name, outputs }: Topology, built: Built, path: string): void {
  for (const reference of outputs) {
    if (built.value(reference) !== null) continue;
    throw new InputError(
      say`${path}: nothing makes the output ${reference.layer} of ${name}; save the model again.`,
      'damaged',
    );
  }
}

/** @throws InputError where no array can have the shape. */
function requireArray({ names, shape }: WeightRequest): void {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const isShape = shape.every((extent) => Number.isInteger(extent) && extent > 0);
  if (isShape && size <= MAX_SIZE) return;
  throw new InputError(
    say`its weight ${names[0]} would have the shape [${shape.join(', ')}], which no array has`,
    'damaged',
  );
}

function placeOf({ place, names }: WeightRequest): string {
  return `${[...place.models, ...place.names].join('/')}/${names[0]}`;
}

function read(topology: Json, path: string): Topology {
  try {
    return readTopology(topology);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(printableValue(say`${path}: ${error.said}.`), error.reason);
  }
}

/** An output's layer, and which of its tensors where it has several. */
function nameOf({ layer, node, tensor }: Reference, outputs: readonly Reference[]): string {
  const others = outputs.filter((output) => output.layer === layer);
  return others.length > 1 ? `${layer}:${node}:${tensor}` : layer;
}

function openShape(built: Built, reference: Reference): readonly (number | null)[] {
  const [, ...rest] = built.value(reference)?.node.shape ?? [];
  return [null, ...rest];
}

function typeOf(dtype: string): ElementType {
  if (dtype === 'bool') return 'boolean';
  return /^u?int/.test(dtype) ? 'integer' : elementType(0);
}

/** Names of the inputs that results depend on. */
function usedInputs(topology: Topology, results: readonly Result[]): ReadonlySet<string> {
  const makers = new Map(topology.calls.map((call) => [`${call.node} ${call.layer.name}`, call]));
  const reached = new Set<string>();
  const open = results.map(({ reference }) => reference);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const key = `${next.node} ${next.layer}`;
    const call = makers.get(key);
    if (call === undefined) reached.add(next.layer);
    else if (!reached.has(key)) {
      reached.add(key);
      for (const each of referencesOf(call)) open.push(each);
    }
  }
  return new Set(topology.inputs.map(({ name }) => name).filter((name) => reached.has(name)));
}

function hasBatchNorm({ calls }: Topology): boolean {
  return calls.some(({ layer: { kind, model } }) =>
    model === null ? kind === 'BatchNormalization' : hasBatchNorm(model),
  );
}

/** What makes probabilities of the first result, if that is what they are. */
function lastOperation([result]: readonly Result[], built: Built): LastOperation | null {
  if (result === undefined || result.isLogits) return null;
  const found = built.probabilities.of(built.value(result.reference)!.node);
  return found === null
    ? null
    : { operator: found.operator, input: result.name + LOGITS, output: result.name };
}

/** Keras takes no loss of steps that are masked, and Basin's losses know of none. */
function requireWhole({ reference, name }: Result, built: Built, path: string): void {
  if ((built.value(reference)?.mask ?? null) === null) return;
  throw new InputError(
    say`${path}: steps of its output ${printable(name)} are masked, and Basin would take the loss of all of them; end in a layer that gives one vector for each sequence, or export the model to ONNX.`,
    'unsupported',
  );
}

const LISTED = 5;
const MAX_LISTED_LENGTH = 100;

function listOf(names: readonly string[]): string {
  const more = names.length > LISTED ? ', …' : '';
  return (
    names
      .slice(0, LISTED)
      .map((name) => printable(name, MAX_LISTED_LENGTH))
      .join(', ') + more
  );
}

function notesOf(topology: Topology, requests: readonly WeightRequest[]): readonly Message[] {
  const notes: Message[] = [];
  const frozen = requests.filter(({ isFrozen }) => isFrozen);
  if (frozen.length > 0) {
    const names = frozen.map((request) => placeOf(request));
    notes.push(
      say`${frozen.length} tensors are of layers that are not trainable (${listOf(names)}): they are neither moved, differentiated nor counted.`,
    );
  }
  const penalised = regularized(topology);
  if (penalised.length > 0) {
    notes.push(
      say`The penalties of regularizers (${listOf(penalised)}) are no part of the loss and the curvature that Basin computes; Keras adds them to the loss it prints.`,
    );
  }
  return notes;
}

/** Values that differ between runs of one network: seeds, identities of objects. */
const VOLATILE: ReadonlySet<string> = new Set(['shared_object_id', 'compile_config', 'seed']);

function withoutTraining(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTraining);
  const object = objectOf(value);
  if (object === null) return value;
  return Object.fromEntries(
    Object.entries(object).flatMap(([key, inner]) =>
      VOLATILE.has(key) || key.endsWith('_initializer') ? [] : [[key, withoutTraining(inner)]],
    ),
  );
}
