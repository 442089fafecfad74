import { sizeOf } from '../../../tensor';
import { knownScalar, type Node } from '../../operations';
import { BLOCKED_DOMAIN } from './blockedLayout';
import type { ModelWriter } from './modelWriter';
import type { Plan } from './plan';

/** Names of the values of nodes, in either layout; what brings one into the other is written once. */
export class NodeValues {
  readonly plan: Plan;
  readonly model: ModelWriter;
  private readonly made = new Map<string, string>();

  constructor(plan: Plan, model: ModelWriter) {
    this.plan = plan;
    this.model = model;
  }

  /** The name of a node's value in C order. */
  name(node: Node): string {
    const name = this.plainName(node);
    if (!this.plan.blocked.has(node.id)) return name;
    return this.once(`plain ${node.id}`, () =>
      this.model.add(
        'ReorderOutput',
        [this.blockedName(node)],
        { channels: node.shape[1]! },
        name,
        BLOCKED_DOMAIN,
      ),
    );
  }

  /** The name of a node's value in blocks. */
  inBlocks(node: Node): string {
    if (this.plan.blocked.has(node.id)) return this.blockedName(node);
    // What is the same everywhere is the same in every order.
    if (knownScalar(node) !== null) return this.name(node);
    return this.once(`blocked ${node.id}`, () => {
      const name = this.blockedName(node);
      const [source] = node.inputs;
      if (node.operation === 'expand' && source !== undefined) {
        const [samples, channels, ...places] = source.shape;
        if (source.shape.length === 4 && channels === node.shape[1] && sizeOf(places) === 1) {
          const apart = this.apart(node.shape);
          const short = this.model.ints([samples!, apart[1]!, 1, apart[3]!]);
          const row = this.model.add('Reshape', [this.name(source), short]);
          const wide = this.model.add('Expand', [row, this.model.ints(apart)]);
          return this.model.add('Reshape', [wide, this.model.ints(node.shape)], {}, name);
        }
      }
      return this.model.add('ReorderInput', [this.name(node)], {}, name, BLOCKED_DOMAIN);
    });
  }

  once(key: string, make: () => string): string {
    let name = this.made.get(key);
    if (name === undefined) {
      name = make();
      this.made.set(key, name);
    }
    return name;
  }

  /** Inputs and outputs have names of their own. */
  plainName(node: Node): string {
    const name =
      node.operation === 'input'
        ? (node as Node<'input'>).attributes.name
        : this.plan.outputs.get(node.id);
    return name === undefined || this.plan.isKept(name, node) ? valueName(node) : name;
  }

  blockedName(node: Node): string {
    const name =
      node.operation === 'input'
        ? (node as Node<'input'>).attributes.name
        : this.plan.outputs.get(node.id);
    return name !== undefined && this.plan.isKept(name, node) ? name : `b${node.id}`;
  }

  /** The axes of an array in blocks: [N, C / block, places, block]. */
  apart(shape: readonly number[]): readonly number[] {
    const [samples, channels, ...places] = shape as [number, number, ...number[]];
    return [samples, channels / this.plan.block, sizeOf(places), this.plan.block];
  }
}

function valueName(node: Node): string {
  return `n${node.id}`;
}

/** The values of max pooling. */
export function pooledName(node: Node<'maxPoolIndex'>): string {
  return `${valueName(node)}p`;
}
