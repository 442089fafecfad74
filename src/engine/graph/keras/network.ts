import { printableValue } from '../../checkpoint/fault';
import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import type { Graph } from '../graph';
import type { BuildOptions } from '../onnx/importOnnx';
import type { Node } from '../operations';
import { ShapeError } from '../shapes';
import type { Dialect } from '../../checkpoint/architecture';
import {
  LayerCall,
  signalsIn,
  type Building,
  type Given,
  type Made,
  type Signal,
  type WeightRequest,
} from './layerCall';
import { layers, masksEnd, masksPass } from './layers';
import { Probabilities } from './probabilities';
import { keyOf, type Argument, type Layer, type Reference, type Topology } from './topology';

/** Calls of layers, those of models that are called several times counted each time. */
const MAX_CALLS = 200_000;

export interface NetworkOptions {
  readonly g: Graph;
  readonly dialect: Dialect;
  readonly options?: BuildOptions;
  readonly weight: (request: WeightRequest) => Node;
  /** For messages. */
  readonly path: string;
}

/** All values of a network's own layers, once it is built. */
export interface Built {
  readonly probabilities: Probabilities;
  /** @returns null where the layer has no such output. */
  readonly value: (reference: Reference) => Signal | null;
}

/**
 * Builds a network in a graph.
 *
 * @param inputs in the order of the topology's.
 * @throws InputError that names the layer which cannot be built.
 */
export function buildNetwork(
  topology: Topology,
  inputs: readonly (Signal | null)[],
  { g, dialect, options = {}, weight, path }: NetworkOptions,
): Built {
  let calls = 0;
  const building: Building = {
    g,
    dialect,
    options,
    probabilities: new Probabilities(),
    weight,
    apply: (layer, given) => apply(layer, [given], new Map()),
  };

  function apply(
    layer: Layer,
    args: readonly Given[],
    named: ReadonlyMap<string, Given>,
  ): readonly Signal[] {
    calls += 1;
    if (calls > MAX_CALLS) {
      throw new InputError(
        say`${path}: its models call each other more than ${MAX_CALLS} times; export the model to ONNX.`,
        'unsupported',
      );
    }
    if (layer.model !== null) return applied(layer.model, signalsIn(args[0]));
    const origin = {
      operator: layer.kind,
      name: [...layer.place.models, ...layer.place.names].join('/'),
      scope: layer.place.models.join('/') || null,
      isDerivative: false,
    };
    const call = new LayerCall(building, layer, args, named);
    return naming(layer, path, () => {
      const rule = layers.get(layer.kind);
      if (rule === undefined) throw unknown(layer.kind);
      const given = [...args, ...named.values()].flatMap((each) => signalsIn(each));
      const mask = given.find((signal) => signal.mask !== null)?.mask ?? null;
      const made = g.within(origin, () => rule(call));
      if (
        mask !== null &&
        'operation' in made &&
        !masksPass.has(layer.kind) &&
        !masksEnd.has(layer.kind)
      ) {
        throw new InputError(
          say`it is given steps that are masked, and Basin does not know it of such; export the model to ONNX`,
          'unsupported',
        );
      }
      return signalsOf(made, masksPass.has(layer.kind) ? mask : null);
    });
  }

  function applied(model: Topology, given: readonly (Signal | null)[]): readonly Signal[] {
    const value = run(model, given);
    return model.outputs.map((reference) => {
      const found = value(reference);
      if (found !== null) return found;
      throw new InputError(
        say`${path}: nothing makes the output ${reference.layer} of ${model.name}; save the model again.`,
        'damaged',
      );
    });
  }

  function run(model: Topology, given: readonly (Signal | null)[]): Built['value'] {
    const values = new Map<string, readonly Signal[]>();
    if (given.length !== model.inputs.length) {
      throw new InputError(
        say`${path}: ${model.name} takes ${model.inputs.length} inputs and is given ${given.length}; save the model again.`,
        'damaged',
      );
    }
    for (const [i, { name }] of model.inputs.entries()) {
      const signal = given[i] ?? null;
      if (signal !== null) values.set(keyOf({ layer: name, node: 0, tensor: 0 }), [signal]);
    }
    const argument = (from: Argument): Given | null => {
      if ('reference' in from) {
        return values.get(keyOf(from.reference))?.[from.reference.tensor] ?? null;
      }
      if (!('list' in from)) return from;
      const list = from.list.map(argument);
      return list.some((each) => each === null) ? null : (list as readonly Given[]);
    };
    for (const { layer, node, args, named } of model.calls) {
      const own = args.map(argument);
      const others = [...named].map(([name, value]) => [name, argument(value)] as const);
      // What depends on an input that is not given is not asked for.
      if ([...own, ...others.map(([, value]) => value)].includes(null)) continue;
      const made = apply(
        layer,
        own as readonly Given[],
        new Map(others as readonly (readonly [string, Given])[]),
      );
      values.set(keyOf({ layer: layer.name, node, tensor: 0 }), made);
    }
    return (reference) => values.get(keyOf(reference))?.[reference.tensor] ?? null;
  }

  const value = run(topology, inputs);
  return { probabilities: building.probabilities, value };
}

function signalsOf(made: Made, mask: Node | null): readonly Signal[] {
  if ('operation' in made) return [{ node: made, mask }];
  return 'node' in made ? [made] : made;
}

/** What goes wrong in a layer, with its name; what goes wrong in one it wraps has that already. */
function naming<T>(layer: Layer, path: string, work: () => T): T {
  const where = say`${path}: layer ${[...layer.place.models, ...layer.place.names].join('/')} (${layer.kind})`;
  try {
    return work();
  } catch (error) {
    if (error instanceof ShapeError) {
      throw new InputError(
        printableValue(
          say`${where}: ${error.said} Does the data have the shape the model expects?`,
        ),
        'mismatch',
      );
    }
    if (error instanceof InputError && !error.message.startsWith(`${path}: `)) {
      throw new InputError(printableValue(say`${where}: ${error.said}.`), error.reason);
    }
    throw error;
  }
}

function unknown(kind: string): InputError {
  if (kind === 'Lambda') {
    return new InputError(
      say`it holds Python code, which Basin never runs; write it as layers, or export the model to ONNX`,
      'hostile',
    );
  }
  return new InputError(
    say`Basin does not know layers of this class; export the model to ONNX`,
    'unsupported',
  );
}
