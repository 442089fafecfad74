import { directionalDerivative } from './forward';
import type { Graph } from './graph';
import type { Node } from './operations';
import { gradient, pulledBack } from './reverse';

/**
 * Curvature matrices of a sum of losses ℓᵢ: its Hessian, the generalised Gauss–Newton matrix, and the
 * sum of the outer products of the losses' gradients, which over their number is the empirical Fisher.
 */
export type CurvatureMatrix = 'hessian' | 'gaussNewton' | 'fisher';

/**
 * G·v with G = Jᵀ·H_z·J, J the derivative of the outputs z in the parameters and H_z the Hessian of
 * Σ losses in the outputs (Schraudolph 2002): v is carried forward to the outputs, through the
 * Hessian there, and back. With what the curvature of the network itself adds, Σ ∂ℓ/∂zₖ ∇²zₖ, it is H.
 *
 * @param losses [batch].
 * @param outputs what the losses depend on the parameters through, and nothing else.
 * @param tangents v, for each parameter.
 * @returns G·v for each parameter, in the order of the map.
 */
export function gaussNewtonProduct(
  g: Graph,
  losses: Node,
  outputs: readonly Node[],
  tangents: ReadonlyMap<Node, Node>,
): readonly Node[] {
  const moved = directionalDerivative(g, outputs, tangents);
  const slopes = gradient(g, g.sum(losses, [0]), outputs);
  const bent = directionalDerivative(
    g,
    slopes,
    new Map(outputs.map((output, i) => [output, moved[i]!])),
  );
  return pulledBack(g, new Map(outputs.map((output, i) => [output, bent[i]!])), [
    ...tangents.keys(),
  ]);
}

/**
 * Σᵢ gᵢ (gᵢᵀv), gᵢ the gradient of loss i: forward mode gives gᵢᵀv for all i at once, and the sum
 * of the losses, weighted with them, is taken back. No gradient of a single loss is formed.
 *
 * @param losses [batch].
 * @param tangents v, for each parameter.
 * @returns the product for each parameter, in the order of the map.
 */
export function fisherProduct(
  g: Graph,
  losses: Node,
  tangents: ReadonlyMap<Node, Node>,
): readonly Node[] {
  const [along] = directionalDerivative(g, [losses], tangents);
  return pulledBack(g, new Map([[losses, along!]]), [...tangents.keys()]);
}
