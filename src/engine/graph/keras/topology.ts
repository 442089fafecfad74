import { InputError } from '../../../shared/inputError';
import { say, type Message } from '../../../shared/words/message';
import { objectOf, type Json } from '../../checkpoint/jsonObject';
import { Settings } from './settings';

/** Where a layer is in its model, and its weights in the file. */
export interface Place {
  /** Names of the models it is in, from the outside in. */
  readonly models: readonly string[];
  /** Its own name, and those of the layers around it that wrap it before that. */
  readonly names: readonly string[];
  /** The group Keras 3 saves it in: `layers/dense_1`. */
  readonly saved: string;
}

export interface Layer {
  /** Its class; `ops.Add` and `tf.math.multiply` are operations that are no layers. */
  readonly kind: string;
  readonly name: string;
  readonly settings: Settings;
  readonly place: Place;
  /** Whether its weights are trained: its own word and that of all models around it. */
  readonly isTrainable: boolean;
  /** Of a model that is a layer. */
  readonly model: Topology | null;
}

/** A tensor of a layer's call. */
export interface Reference {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
}

/** What a call is given: tensors, alone or in lists, and plain values. */
export type Argument =
  | { readonly reference: Reference }
  | { readonly list: readonly Argument[] }
  | { readonly value: unknown };

export interface Call {
  readonly layer: Layer;
  readonly node: number;
  readonly args: readonly Argument[];
  readonly named: ReadonlyMap<string, Argument>;
}

export interface TopologyInput {
  readonly name: string;
  /** With the batch; null for axes left open. null where a nested model leaves all to its caller. */
  readonly shape: readonly (number | null)[] | null;
  readonly dtype: string;
}

/** A model: its calls in an order in which each has what it needs. */
export interface Topology {
  readonly name: string;
  readonly inputs: readonly TopologyInput[];
  readonly calls: readonly Call[];
  readonly outputs: readonly Reference[];
}

/** Layers of all models in a file together. */
const MAX_LAYERS = 20_000;

const MODELS: ReadonlySet<string> = new Set(['Sequential', 'Functional', 'Model']);

/** @throws InputError where a configuration is of no model Keras would make. */
export function readTopology(configuration: Json): Topology {
  return new Reader().model(configuration, { models: [], names: [], saved: '' }, true);
}

class Reader {
  private layers = 0;

  model(configuration: Json, place: Place, isTrainable: boolean): Topology {
    const kind = String(configuration.class_name);
    if (!MODELS.has(kind)) {
      throw new InputError(
        say`the model is of the class ${kind}, whose computation is in Python code alone; build it with keras.Sequential or keras.Model(inputs, outputs), or export it to ONNX`,
        'unsupported',
      );
    }
    const config = Array.isArray(configuration.config)
      ? { layers: configuration.config as unknown[] }
      : objectOf(configuration.config);
    const list = config?.layers;
    if (config === null || !Array.isArray(list)) throw broken(say`it has no list of layers`);
    const trains = isTrainable && config.trainable !== false;
    const used = new Map<string, number>();
    const layers = list.map((each) => this.layer(each, place, trains, used));
    const named = new Map(layers.map((layer) => [layer.layer.name, layer]));
    if (named.size !== layers.length) throw broken(say`two of its layers have one name`);
    const name = textOf(config.name, 'model');
    return kind === 'Sequential'
      ? sequential(name, layers, config)
      : functional(name, named, config);
  }

  layer(
    value: unknown,
    parent: Place,
    isTrainable: boolean,
    used: Map<string, number>,
  ): ListedLayer {
    this.layers += 1;
    if (this.layers > MAX_LAYERS) {
      throw new InputError(say`the model has more than ${MAX_LAYERS} layers`, 'unsupported');
    }
    const written = objectOf(value);
    const config = objectOf(written?.config);
    if (written === null || config === null || typeof written.class_name !== 'string') {
      throw broken(say`one of its layers has no class and configuration`);
    }
    const own = written.class_name;
    const name = textOf(written.name ?? config.name, own);
    const base = snakeCase(own === 'Model' ? 'Functional' : own);
    const before = used.get(base) ?? 0;
    used.set(base, before + 1);
    const group = before === 0 ? base : `${base}_${before}`;
    const prefix = parent.saved === '' ? '' : `${parent.saved}/`;
    const models = [...parent.models, ...parent.names];
    const place = { models, names: [name], saved: `${prefix}layers/${group}` };
    return {
      written,
      layer: {
        kind: kindOf(written, config),
        name,
        settings: new Settings(config),
        place,
        isTrainable: isTrainable && config.trainable !== false,
        model: MODELS.has(own) ? this.model(written, place, isTrainable) : null,
      },
    };
  }
}

interface ListedLayer {
  readonly written: Json;
  readonly layer: Layer;
}

/** The layer that another one wraps, as TimeDistributed does. */
export function wrappedLayer(value: unknown, outer: Layer, attribute: string): Layer {
  const written = objectOf(value);
  const config = objectOf(written?.config);
  if (written === null || config === null || typeof written.class_name !== 'string') {
    throw broken(say`one of its layers has no class and configuration`);
  }
  const name = textOf(config.name, written.class_name);
  if (MODELS.has(written.class_name)) {
    throw new InputError(
      say`it wraps a model (${name}), and Basin knows wrapped layers alone; export the model to ONNX`,
      'unsupported',
    );
  }
  return {
    kind: kindOf(written, config),
    name,
    settings: new Settings(config),
    place: {
      models: outer.place.models,
      names: [...outer.place.names, name],
      saved: `${outer.place.saved}/${attribute}`,
    },
    isTrainable: outer.isTrainable && config.trainable !== false,
    model: null,
  };
}

function kindOf(written: Json, config: Json): string {
  const own = String(written.class_name);
  if (own === 'TFOpLambda') return `tf.${String(config.function)}`;
  return textOf(written.module, '').includes('.ops.') ? `ops.${own}` : own;
}

function textOf(value: unknown, absent: string): string {
  return typeof value === 'string' ? value : absent;
}

/** As Keras 3 names groups by classes: `Conv2DTranspose` is `conv2d_transpose`. */
function snakeCase(name: string): string {
  return name
    .replaceAll(/\W+/g, '')
    .replaceAll(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function sequential(name: string, layers: readonly ListedLayer[], config: Json): Topology {
  const [first, ...others] = layers;
  const isInput = first?.layer.kind === 'InputLayer';
  const rest = (isInput ? others : layers).map(({ layer }) => layer);
  const source = first?.layer ?? null;
  const shape = source === null ? null : batchShape(source.settings);
  const input: TopologyInput = {
    name: source === null ? 'input' : isInput ? source.name : `${source.name}_input`,
    shape: shape ?? shapeOf(config.build_input_shape),
    dtype: source === null ? 'float32' : dtypeOf(source.settings, isInput),
  };
  let last: Reference = { layer: input.name, node: 0, tensor: 0 };
  const calls = rest.map((layer): Call => {
    const call = { layer, node: 0, args: [{ reference: last }], named: new Map() };
    last = { layer: layer.name, node: 0, tensor: 0 };
    return call;
  });
  return { name, inputs: [input], calls, outputs: [last] };
}

function functional(
  name: string,
  layers: ReadonlyMap<string, ListedLayer>,
  config: Json,
): Topology {
  const inputs = referencesIn(config.input_layers).map(({ layer }) => {
    const found = layers.get(layer);
    if (found?.layer.kind !== 'InputLayer') throw broken(say`its input ${layer} is no InputLayer`);
    const { settings } = found.layer;
    return { name: layer, shape: batchShape(settings), dtype: dtypeOf(settings, true) };
  });
  const open = new Map<string, Call>();
  for (const { layer, written } of layers.values()) {
    if (layer.kind === 'InputLayer') continue;
    const nodes: unknown = written.inbound_nodes ?? [];
    if (!Array.isArray(nodes)) throw broken(say`the calls of ${layer.name} are no list`);
    nodes.forEach((node, i) => {
      open.set(keyOf({ layer: layer.name, node: i, tensor: 0 }), callOf(layer, i, node));
    });
  }
  const outputs = referencesIn(config.output_layers);
  const all = [...[...open.values()].flatMap(referencesOf), ...outputs];
  const shifts = shiftsOf(all, layers);
  const calls = inOrder(
    [...open.values()].map((call) => shifted(call, shifts)),
    new Set(inputs.map((input) => input.name)),
  );
  const made = new Set([
    ...inputs.map((input) => keyOf({ layer: input.name, node: 0, tensor: 0 })),
    ...open.keys(),
  ]);
  const results = outputs.map((reference) => shiftedReference(reference, shifts));
  for (const result of results) {
    if (!made.has(keyOf(result))) throw broken(say`nothing makes its output ${result.layer}`);
  }
  if (inputs.length === 0 || results.length === 0)
    throw broken(say`it has no inputs or no outputs`);
  return { name, inputs, calls, outputs: results };
}

/**
 * Keras 2 and TensorFlow.js count the call that built a model before it became a layer, and do not
 * write it: references to it are one higher than its calls.
 */
function shiftsOf(
  references: readonly Reference[],
  layers: ReadonlyMap<string, ListedLayer>,
): ReadonlySet<string> {
  const highest = new Map<string, number>();
  for (const { layer, node } of references) {
    highest.set(layer, Math.max(highest.get(layer) ?? 0, node));
  }
  return new Set(
    [...highest].flatMap(([name, node]) => {
      const found = layers.get(name);
      const nodes: unknown = found?.written.inbound_nodes;
      const isModel = (found?.layer.model ?? null) !== null;
      return isModel && Array.isArray(nodes) && node === nodes.length ? [name] : [];
    }),
  );
}

function shiftedReference(reference: Reference, shifts: ReadonlySet<string>): Reference {
  return shifts.has(reference.layer) ? { ...reference, node: reference.node - 1 } : reference;
}

function shifted(call: Call, shifts: ReadonlySet<string>): Call {
  const argument = (given: Argument): Argument => {
    if ('reference' in given) return { reference: shiftedReference(given.reference, shifts) };
    return 'list' in given ? { list: given.list.map(argument) } : given;
  };
  return {
    ...call,
    args: call.args.map(argument),
    named: new Map([...call.named].map(([name, given]) => [name, argument(given)])),
  };
}

/** Calls behind those they need. @throws InputError where they go round in a circle. */
function inOrder(calls: readonly Call[], inputs: ReadonlySet<string>): readonly Call[] {
  const byKey = new Map(
    calls.map((call) => [keyOf({ layer: call.layer.name, node: call.node, tensor: 0 }), call]),
  );
  const waiting = new Map<string, string[]>();
  const missing = new Map<string, number>();
  for (const [key, call] of byKey) {
    const needs = new Set(
      referencesOf(call)
        .filter(({ layer }) => !inputs.has(layer))
        .map(keyOf),
    );
    for (const need of needs) {
      if (!byKey.has(need)) throw broken(say`${call.layer.name} takes what no layer makes`);
      const others = waiting.get(need);
      if (others === undefined) waiting.set(need, [key]);
      else others.push(key);
    }
    missing.set(key, needs.size);
  }
  const ready = [...byKey.keys()].filter((key) => missing.get(key) === 0).reverse();
  const order: Call[] = [];
  for (let key = ready.pop(); key !== undefined; key = ready.pop()) {
    order.push(byKey.get(key)!);
    for (const next of waiting.get(key) ?? []) {
      const left = missing.get(next)! - 1;
      missing.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  if (order.length < byKey.size) throw broken(say`its layers are connected in a circle`);
  return order;
}

function callOf(layer: Layer, node: number, written: unknown): Call {
  // Keras 3 writes arguments as they were given.
  const call = objectOf(written);
  if (call !== null) {
    const args = Array.isArray(call.args) ? (call.args as unknown[]) : [];
    const named = Object.entries(objectOf(call.kwargs) ?? {});
    return {
      layer,
      node,
      args: args.map(keras3Argument),
      named: new Map(named.map(([name, value]) => [name, keras3Argument(value)])),
    };
  }
  // Keras 2 lists the tensors of the first argument, the others beside the first of them.
  if (!Array.isArray(written)) throw broken(say`a call of ${layer.name} is no list`);
  const list = (isKeras2Reference(written) ? [written] : written) as unknown[];
  const tensors: Argument[] = [];
  const named = new Map<string, Argument>();
  for (const item of list) {
    if (!isKeras2Reference(item)) throw broken(say`a call of ${layer.name} names no layer`);
    tensors.push({ reference: keras2Reference(item) });
    for (const [name, value] of Object.entries(objectOf(item[3]) ?? {})) {
      named.set(name, keras2Argument(value));
    }
  }
  const [first] = tensors;
  return { layer, node, args: tensors.length === 1 ? [first!] : [{ list: tensors }], named };
}

function keras3Argument(value: unknown): Argument {
  if (Array.isArray(value)) return { list: value.map(keras3Argument) };
  const object = objectOf(value);
  if (object?.class_name !== '__keras_tensor__') return { value };
  const history = objectOf(object.config)?.keras_history;
  if (!isKeras2Reference(history)) throw broken(say`a tensor of it has no history`);
  return { reference: keras2Reference(history) };
}

function keras2Argument(value: unknown): Argument {
  if (isKeras2Reference(value)) return { reference: keras2Reference(value) };
  return Array.isArray(value) && value.some(isKeras2Reference)
    ? { list: value.map(keras2Argument) }
    : { value };
}

type WrittenReference = readonly [string, number, number, unknown?];

function isKeras2Reference(value: unknown): value is WrittenReference {
  return (
    Array.isArray(value) &&
    value.length >= 3 &&
    typeof value[0] === 'string' &&
    Number.isInteger(value[1]) &&
    Number.isInteger(value[2])
  );
}

function keras2Reference([layer, node, tensor]: WrittenReference): Reference {
  return { layer, node, tensor };
}

/** Tensors in lists and objects of any form, in their order. */
function referencesIn(value: unknown): readonly Reference[] {
  if (isKeras2Reference(value)) return [keras2Reference(value)];
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  const object = objectOf(value);
  return object === null ? [] : Object.values(object).flatMap(referencesIn);
}

export function referencesOf({ args, named }: Call): readonly Reference[] {
  const within = (given: Argument): readonly Reference[] => {
    if ('reference' in given) return [given.reference];
    return 'list' in given ? given.list.flatMap(within) : [];
  };
  return [...args, ...named.values()].flatMap(within);
}

/** Of a call: all its tensors. */
export function keyOf({ layer, node }: Reference): string {
  return `${node} ${layer}`;
}

function batchShape(settings: Settings): readonly (number | null)[] | null {
  return shapeOf(settings.raw('batch_shape') ?? settings.raw('batch_input_shape'));
}

/** An InputLayer says of which type its values are; others, in which they compute. */
function dtypeOf(settings: Settings, isInput: boolean): string {
  const dtype = settings.raw(isInput ? 'dtype' : 'input_dtype');
  return typeof dtype === 'string' ? dtype : 'float32';
}

function shapeOf(value: unknown): readonly (number | null)[] | null {
  if (!Array.isArray(value)) return null;
  const extents = value as readonly unknown[];
  const isShape = extents.every(
    (extent) => extent === null || (Number.isSafeInteger(extent) && Number(extent) > 0),
  );
  if (!isShape || extents.length === 0) throw broken(say`the shape of its input is no shape`);
  return extents as readonly (number | null)[];
}

function broken(what: Message): InputError {
  return new InputError(say`${what}; save the model again`, 'damaged');
}
