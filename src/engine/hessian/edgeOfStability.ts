import type { EdgeOfStability, Eigenvalue } from '../../shared/result/hessian';
import type { OptimizerState } from '../checkpoint/optimizer';

/**
 * The curvature at which gradient descent with this learning rate stops to converge on a quadratic:
 * 2/η; with momentum β 2(1+β)/η, with Nesterov's 2(1+β)/(η(1+2β)) (Cohen et al. 2021, appendix B).
 *
 * @returns null for optimizers whose steps are not along the gradient, and where groups of parameters
 * have their own rates.
 */
export function edgeOfStability(
  optimizer: OptimizerState,
  largest: Eigenvalue,
): EdgeOfStability | null {
  const { kind, learningRate, momentum, nesterov, isUniform } = optimizer;
  if (kind !== 'sgd' || !isUniform) return null;
  const plain = (2 * (1 + momentum)) / learningRate;
  const bound = nesterov ? plain / (1 + 2 * momentum) : plain;
  const sharpness = largest.value;
  const ratio = sharpness / bound;
  const state = ratio > 1 + EDGE ? 'unstable' : ratio >= 1 - EDGE ? 'edge' : 'stable';
  return { learningRate, momentum, bound, sharpness, state };
}

/** Relative distance from the bound within which a checkpoint is called at it. */
const EDGE = 0.1;

/** What there is to say of it, or why there is no such figure though the checkpoint has an optimizer. */
export function edgeNote(optimizer: OptimizerState, edge: EdgeOfStability | null): string {
  if (edge !== null) {
    const share = `${(100 * (edge.sharpness / edge.bound)).toPrecision(3)} %`;
    const bound = Number(edge.bound.toPrecision(4));
    switch (edge.state) {
      case 'stable':
        return `λmax is ${share} of ${bound}, above which descent with the checkpoint's learning rate diverges on a quadratic: stable.`;
      case 'edge':
        return `λmax is ${share} of ${bound}, above which descent with the checkpoint's learning rate diverges on a quadratic: at the edge of stability.`;
      case 'unstable':
        return `λmax is ${share} of ${bound}, above which descent with the checkpoint's learning rate diverges on a quadratic: unstable.`;
    }
  }
  return optimizer.isUniform
    ? 'The checkpoint was trained by Adam, whose steps are scaled by its second moments: its curvature is not compared with the learning rate.'
    : 'The optimizer has groups of parameters with settings of their own: their curvature is compared with no learning rate.';
}
