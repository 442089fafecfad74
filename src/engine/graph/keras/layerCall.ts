import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import type { Graph } from '../graph';
import type { BuildOptions } from '../onnx/importOnnx';
import type { Node } from '../operations';
import type { Probabilities } from './probabilities';
import type { Dialect } from '../../checkpoint/architecture';
import type { Settings } from './settings';
import type { Layer, Place } from './topology';

/** A tensor between layers. */
export interface Signal {
  readonly node: Node;
  /** Which steps of a sequence count, [batch, steps] of 0 and 1; null where all do. */
  readonly mask: Node | null;
}

/** One argument of a call: tensors, or a plain value. */
export type Given = Signal | readonly Given[] | { readonly value: unknown };

export interface WeightRequest {
  readonly place: Place;
  /** Names its variable has, in one version of Keras or another. */
  readonly names: readonly [string, ...string[]];
  readonly shape: readonly number[];
  /** Parameters are moved and differentiated. */
  readonly role: 'parameter' | 'buffer';
  /** Whether it is a parameter that is not trained. */
  readonly isFrozen: boolean;
  /** The axes that count the output units: the last, where the rule says no other. */
  readonly unitAxes: readonly [from: number, to: number];
}

/** What all calls of a network share. */
export interface Building {
  readonly g: Graph;
  readonly dialect: Dialect;
  readonly options: BuildOptions;
  readonly probabilities: Probabilities;
  readonly weight: (request: WeightRequest) => Node;
  /** The value of a layer that another one wraps, or is the activation of. */
  readonly apply: (layer: Layer, inputs: readonly Signal[]) => readonly Signal[];
}

/** What a layer makes: a node keeps the mask of the first input where the layer passes masks on. */
export type Made = Node | Signal | readonly Signal[];

export type LayerRule = (call: LayerCall) => Made;

/** One use of a layer, as rules ask for what they need. */
export class LayerCall {
  readonly g: Graph;
  readonly layer: Layer;
  readonly settings: Settings;
  readonly building: Building;
  private readonly args: readonly Given[];
  private readonly named: ReadonlyMap<string, Given>;

  constructor(
    building: Building,
    layer: Layer,
    args: readonly Given[],
    named: ReadonlyMap<string, Given> = new Map(),
  ) {
    this.g = building.g;
    this.building = building;
    this.layer = layer;
    this.settings = layer.settings;
    this.args = args;
    this.named = named;
  }

  /** All tensors of the first argument. */
  get inputs(): readonly Signal[] {
    return signalsIn(this.args[0]);
  }

  /** The first tensor. */
  get x(): Node {
    return this.signal.node;
  }

  get signal(): Signal {
    const [first] = this.inputs;
    if (first === undefined) throw new InputError(say`it is given nothing`, 'damaged');
    return first;
  }

  /** An argument by its place, or its name in the layer's `call`; null where it is not given. */
  argument(position: number, name: string): Given | null {
    const given = this.args[position] ?? this.named.get(name) ?? null;
    return given !== null && 'value' in given && given.value === null ? null : given;
  }

  /** As `argument`, where it is one tensor. */
  tensor(position: number, name: string): Signal | null {
    const given = this.argument(position, name);
    return given !== null && 'node' in given ? given : null;
  }

  /** Arguments that are not tensors. */
  plain(position: number, name: string): unknown {
    const given = this.argument(position, name);
    return given !== null && 'value' in given ? given.value : null;
  }

  /**
   * The node of a weight. Weights are asked for in the order in which Keras makes them.
   *
   * @param name of its variable, or several that it has had.
   */
  weight(
    name: string | readonly [string, ...string[]],
    shape: readonly number[],
    { role = 'parameter', within = [], saved, unitAxes }: WeightOptions = {},
  ): Node {
    const { place, isTrainable } = this.layer;
    return this.building.weight({
      place: {
        ...place,
        names: [...place.names, ...within],
        saved: saved === undefined ? place.saved : `${place.saved}/${saved}`,
      },
      names: typeof name === 'string' ? [name] : name,
      shape,
      role: isTrainable ? role : 'buffer',
      isFrozen: !isTrainable && role === 'parameter',
      unitAxes: unitAxes ?? [Math.max(shape.length - 1, 0), Math.max(shape.length, 1)],
    });
  }

  /** A bias along an axis of `rank`, or null where the layer has none. */
  bias(shape: readonly number[], options?: WeightOptions): Node | null {
    return this.settings.flag('use_bias', true) ? this.weight('bias', shape, options) : null;
  }
}

interface WeightOptions {
  readonly role?: 'parameter' | 'buffer';
  /** Names of the layers inside of this one that it belongs to. */
  readonly within?: readonly string[];
  /** The attribute Keras 3 saves those in. */
  readonly saved?: string;
  readonly unitAxes?: readonly [from: number, to: number];
}

export function signalsIn(given: Given | undefined): readonly Signal[] {
  if (given === undefined) return [];
  if ('node' in given) return [given];
  return 'value' in given ? [] : given.flatMap((each) => signalsIn(each));
}
