import type { Graph } from './graph';
import { sameShape } from '../tensor';
import { knownScalar, topologicalOrder, type AnyNode, type Node } from './operations';
import { rebuild } from './rules/rules';

/**
 * The same values with sums of linear operations that share an argument written as one operation of
 * a sum: a·w + b·w as (a + b)·w, again and again towards the leaves.
 *
 * The terms of a differential operator are such sums: a network's u_t + c·u_x costs one tangent
 * instead of two, and a Laplacian one second derivative instead of one for each axis (Li et al.,
 * A computational framework for neural network-based variational Monte Carlo with Forward
 * Laplacian, 2024).
 */
export function shareFactors(g: Graph, ys: readonly Node[]): readonly Node[] {
  return new Sharing(g, ys).results(ys);
}

interface Term {
  readonly scale: number;
  readonly node: AnyNode;
}

/** What a term is linear in, what with, and how it is made of them. */
interface Linear {
  /** Equal for terms that can be joined. */
  readonly key: string;
  readonly argument: AnyNode;
  readonly of: (argument: Node) => Node;
  /** How much one operation less saves. */
  readonly cost: number;
}

/** Operations below a sum that are looked at for what its terms share. */
const MAX_OPERATIONS = 300;

class Sharing {
  private readonly g: Graph;
  /** Nodes that only a sum uses, with how far below it they are: they are rewritten with it. */
  private readonly inside = new Map<number, number>();
  private readonly done = new Map<number, Node>();
  private readonly order: readonly AnyNode[];

  constructor(g: Graph, ys: readonly Node[]) {
    this.g = g;
    this.order = topologicalOrder(ys);
    const uses = new Map<number, number>();
    for (const node of this.order) {
      for (const input of node.inputs) {
        uses.set(input.id, (uses.get(input.id) ?? 0) + 1);
      }
    }
    for (const y of ys) uses.set(y.id, Infinity);
    for (const node of [...this.order].reverse()) {
      const isSum = node.operation === 'add' || node.operation === 'sub';
      const depth = this.inside.get(node.id) ?? (isSum ? 0 : MAX_OPERATIONS);
      if (depth === MAX_OPERATIONS) continue;
      for (const input of node.inputs) {
        if (uses.get(input.id) === 1) this.inside.set(input.id, depth + 1);
      }
    }
  }

  results(ys: readonly Node[]): readonly Node[] {
    // Arguments first: what is not rewritten with a sum does not wait on the stack.
    for (const node of this.order) if (!this.inside.has(node.id)) this.rewrite(node);
    return ys.map((y) => this.rewrite(y as AnyNode));
  }

  private rewrite(node: AnyNode): Node {
    let done = this.done.get(node.id);
    if (done === undefined) {
      done =
        node.operation === 'add' || node.operation === 'sub'
          ? this.g.expand(this.sum(this.terms({ scale: 1, node }, true)), node.shape)
          : rebuild(
              this.g,
              node,
              node.inputs.map((input) => this.rewrite(input as AnyNode)),
            );
      this.done.set(node.id, done);
    }
    return done;
  }

  /** A term as the terms it is a sum of, where nothing else uses it. */
  private terms(term: Term, isRoot = false): readonly Term[] {
    const { scale, node } = term;
    if (!isRoot && !this.inside.has(node.id)) return [term];
    const [a, b] = node.inputs as [AnyNode, AnyNode];
    switch (node.operation) {
      case 'add':
        return [...this.terms({ scale, node: a }), ...this.terms({ scale, node: b })];
      case 'sub':
        return [...this.terms({ scale, node: a }), ...this.terms({ scale: -scale, node: b })];
      case 'neg':
        return this.terms({ scale: -scale, node: a });
      case 'mul': {
        const [u, v] = [knownScalar(a), knownScalar(b)];
        if (u !== null && Number.isFinite(u) && sameShape(b.shape, node.shape)) {
          return this.terms({ scale: scale * u, node: b });
        }
        if (v !== null && Number.isFinite(v) && sameShape(a.shape, node.shape)) {
          return this.terms({ scale: scale * v, node: a });
        }
        return [term];
      }
      default:
        return [term];
    }
  }

  private sum(terms: readonly Term[]): Node {
    const g = this.g;
    let open = terms.map((term) => ({ ...term, linear: this.linear(term.node) }));
    const closed: { readonly scale: number; readonly value: Node }[] = [];
    while (open.length > 0) {
      const groups = new Map<string, { count: number; cost: number }>();
      for (const { key, cost } of open.flatMap(({ linear }) => linear)) {
        const group = groups.get(key) ?? { count: 0, cost };
        group.count += 1;
        groups.set(key, group);
      }
      let best: string | null = null;
      let gain = 0;
      for (const [key, { count, cost }] of groups) {
        if (count > 1 && (count - 1) * cost > gain) [best, gain] = [key, (count - 1) * cost];
      }
      if (best === null) break;
      const members = open.flatMap(({ scale, linear }) => {
        const found = linear.find(({ key }) => key === best);
        return found === undefined ? [] : [{ scale, ...found }];
      });
      open = open.filter(({ linear }) => linear.every(({ key }) => key !== best));
      const argument = this.sum(
        members.flatMap(({ scale, argument: node }) => this.terms({ scale, node })),
      );
      closed.push({ scale: 1, value: members[0]!.of(argument) });
    }
    for (const { scale, node } of open) closed.push({ scale, value: this.rewrite(node) });
    // What is subtracted comes after something to subtract it from.
    closed.sort((a, b) => Number(a.scale < 0) - Number(b.scale < 0));
    return closed.reduce<Node | null>((sum, { scale, value }) => {
      const scaled = g.mul(g.scalar(Math.abs(scale)), value);
      if (sum === null) return scale < 0 ? g.neg(scaled) : scaled;
      return scale < 0 ? g.sub(sum, scaled) : g.add(sum, scaled);
    }, null)!;
  }

  /** In what a term that nothing else uses is linear. */
  private linear(node: AnyNode): readonly Linear[] {
    if (!this.inside.has(node.id)) return [];
    const g = this.g;
    const [a, b] = node.inputs as [AnyNode, AnyNode];
    const size = node.shape.reduce((product, extent) => product * extent, 1);
    switch (node.operation) {
      case 'matmul': {
        const cost = size * a.shape.at(-1)!;
        const shapes = `${a.shape.join(',')} ${b.shape.join(',')}`;
        return [
          {
            key: `left ${b.id} ${shapes}`,
            argument: a,
            of: (x) => g.matmul(x, this.rewrite(b)),
            cost,
          },
          {
            key: `right ${a.id} ${shapes}`,
            argument: b,
            of: (x) => g.matmul(this.rewrite(a), x),
            cost,
          },
        ];
      }
      case 'mul': {
        if (!sameShape(a.shape, b.shape)) return [];
        const by = (factor: AnyNode, argument: AnyNode): Linear => ({
          key: `times ${factor.id}`,
          argument,
          of: (x) => g.mul(x, this.rewrite(factor)),
          cost: size,
        });
        // A square shares nothing with itself.
        return a.id === b.id ? [by(a, a)] : [by(b, a), by(a, b)];
      }
      case 'reshape':
      case 'expand':
      case 'transpose':
      case 'slice':
      case 'sum': {
        const key = `${node.operation} ${a.shape.join(',')} ${JSON.stringify(node.attributes)}`;
        return [{ key, argument: a, of: (x) => rebuild(g, node, [x]), cost: size }];
      }
      default:
        return [];
    }
  }
}
