import { directionalDerivative } from '../../graph/forward';
import type { Graph } from '../../graph/graph';
import type { Node } from '../../graph/operations';

/**
 * The derivatives of a network's output with respect to its inputs, by nested forward mode.
 *
 * Because equal nodes are one node, each further derivative costs one more pass through the
 * network and not twice as many: what the passes before it made is found, not made again. Of the
 * first order these are the very programs of Taylor mode; of the second no slower (docs/pde.md).
 */
export class InputDerivatives {
  private readonly g: Graph;
  private readonly points: Node;
  private readonly output: Node;
  private readonly known = new Map<string, Node>();
  private readonly tangents = new Map<number, Node>();

  /**
   * @param points [batch, variables].
   * @param output made of them, [batch, unknowns].
   */
  constructor(g: Graph, points: Node, output: Node) {
    this.g = g;
    this.points = points;
    this.output = output;
  }

  /** @param variables it is differentiated by, ascending. @returns [batch, unknowns]. */
  of(variables: readonly number[]): Node {
    const last = variables.at(-1);
    if (last === undefined) return this.output;
    const key = variables.join();
    let node = this.known.get(key);
    if (node === undefined) {
      const lower = this.of(variables.slice(0, -1));
      const tangents = new Map([[this.points, this.tangent(last)]]);
      node = directionalDerivative(this.g, [lower], tangents)[0]!;
      this.known.set(key, node);
    }
    return node;
  }

  /** The direction along a variable, at every point. */
  private tangent(variable: number): Node {
    let node = this.tangents.get(variable);
    if (node === undefined) {
      const { shape } = this.points;
      const direction = new Float64Array(shape[1]!);
      direction[variable] = 1;
      node = this.g.expand(this.g.constant(direction, [1, shape[1]!]), shape);
      this.tangents.set(variable, node);
    }
    return node;
  }
}
