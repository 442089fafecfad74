import type { EdgeOfStability, Eigenvalue } from '../../shared/result/hessian';
import { say, type Message } from '../../shared/words/message';
import { formatNumber, formatShare } from '../../shared/words/numbers';
import type { OptimizerState } from '../checkpoint/pytorch/optimizer';
import type { ParameterMoments } from '../checkpoint/pytorch/secondMoments';
import type { FloatArray } from '../tensor';

/**
 * The curvature at which gradient descent with this learning rate stops to converge on a quadratic:
 * 2/η; with momentum β 2(1+β)/η, with Nesterov's 2(1+β)/(η(1+2β)) (Cohen et al. 2021, appendix B).
 * Dampening d divides it by 1 − d; weight decay adds to the curvature, and is taken off.
 *
 * @returns null for optimizers whose steps are not along the gradient, and where groups of parameters
 * have their own rates.
 */
export function edgeOfStability(
  optimizer: OptimizerState,
  largest: Eigenvalue,
): EdgeOfStability | null {
  const { kind, learningRate, momentum, nesterov, isUniform } = optimizer;
  const { weightDecay = 0, dampening = 0 } = optimizer;
  if (kind !== 'sgd' || !isUniform) return null;
  const plain = (2 * (1 + momentum)) / learningRate;
  const damped = momentum === 0 ? plain : plain / (1 - dampening);
  const bound = (nesterov ? plain / (1 + 2 * momentum) : damped) - weightDecay;
  const sharpness = largest.value;
  const decay = weightDecay === 0 ? {} : { weightDecay };
  return {
    learningRate,
    momentum,
    ...decay,
    bound,
    sharpness,
    state: stateAt(sharpness / bound),
  };
}

/**
 * Of Adam, whose preconditioner P hardly changes from step to step: 2(1+β₁)/((1−β₁)η), for the
 * largest eigenvalue of P⁻¹H (Cohen et al. 2022, section 3).
 *
 * @param largest of P^(−½)HP^(−½); see `preconditioner`.
 */
export function adaptiveEdge(
  { learningRate, momentum }: OptimizerState,
  largest: Eigenvalue,
): EdgeOfStability {
  const bound = (2 * (1 + momentum)) / ((1 - momentum) * learningRate);
  return {
    optimizer: 'adam',
    learningRate,
    momentum,
    bound,
    sharpness: largest.value,
    residual: largest.residual,
    state: stateAt(largest.value / bound),
  };
}

/** What Adam divides a parameter's steps by, and what its weight decay adds to the curvature. */
export interface Preconditioner {
  readonly divisors: Float64Array;
  readonly decay: Float64Array;
}

/**
 * P of one parameter: (1 − β₁ᵗ)(√(ν/(1 − β₂ᵗ)) + ε), as PyTorch's Adam steps by η·m/P with
 * m = β₁m + (1 − β₁)g (Cohen et al. 2022, equation 3).
 *
 * Weight decay w that is a part of the gradient is w more of curvature. Where it is of the weights, a
 * step is −ηwθ − ηm/P, of which z = −1 is a root where (2 − ηw)(1 + β₁) = η(1 − β₁)λ/P: the same bound
 * with P(1 − ηw/2) for P.
 *
 * Decay of which the file does not say which it is is taken for the second, the commoner one.
 *
 * @param to where its numbers are filled in.
 */
export function precondition(
  to: Preconditioner,
  offset: number,
  { step, squares, betas: [first, second], epsilon, weightDecay, isDecoupled }: ParameterMoments,
  learningRate: number,
): void {
  const start = 1 - first ** step;
  const correction = 1 - second ** step;
  const shrunk = isDecoupled !== false ? 1 - (learningRate * weightDecay) / 2 : 1;
  for (let i = 0; i < squares.length; i += 1) {
    to.divisors[offset + i] = start * (Math.sqrt(squares[i]! / correction) + epsilon) * shrunk;
  }
  if (isDecoupled === false) to.decay.fill(weightDecay, offset, offset + squares.length);
}

/** u ↦ P^(−½)(H + W)P^(−½)u */
export function preconditioned(
  apply: (v: FloatArray) => Promise<FloatArray>,
  { divisors, decay }: Preconditioner,
): (v: FloatArray) => Promise<FloatArray> {
  return async (v) => {
    const scaled = Float64Array.from(v, (x, i) => x / Math.sqrt(divisors[i]!));
    const image = await apply(scaled);
    return scaled.map((x, i) => (image[i]! + decay[i]! * x) / Math.sqrt(divisors[i]!));
  };
}

function stateAt(ratio: number): EdgeOfStability['state'] {
  return ratio > 1 + EDGE ? 'unstable' : ratio >= 1 - EDGE ? 'edge' : 'stable';
}

/** Relative distance from the bound within which a checkpoint is called at it. */
const EDGE = 0.1;

/** What there is to say of it, or why there is no such figure though the checkpoint has an optimizer. */
export function edgeNote(optimizer: OptimizerState, edge: EdgeOfStability | null): Message {
  if (edge !== null) {
    const share = formatShare(edge.sharpness / edge.bound);
    const bound = formatNumber(edge.bound);
    if (edge.optimizer === 'adam') {
      switch (edge.state) {
        case 'stable':
          return say`The largest eigenvalue of the Hessian scaled by Adam's second moments is ${share} of ${bound}, above which Adam with the checkpoint's learning rate diverges on a quadratic: stable.`;
        case 'edge':
          return say`The largest eigenvalue of the Hessian scaled by Adam's second moments is ${share} of ${bound}, above which Adam with the checkpoint's learning rate diverges on a quadratic: at the edge of stability.`;
        case 'unstable':
          return say`The largest eigenvalue of the Hessian scaled by Adam's second moments is ${share} of ${bound}, above which Adam with the checkpoint's learning rate diverges on a quadratic: unstable.`;
      }
    }
    switch (edge.state) {
      case 'stable':
        return say`λmax is ${share} of ${bound}, above which descent with the checkpoint's learning rate diverges on a quadratic: stable.`;
      case 'edge':
        return say`λmax is ${share} of ${bound}, above which descent with the checkpoint's learning rate diverges on a quadratic: at the edge of stability.`;
      case 'unstable':
        return say`λmax is ${share} of ${bound}, above which descent with the checkpoint's learning rate diverges on a quadratic: unstable.`;
    }
  }
  return optimizer.kind === 'other'
    ? say`The checkpoint was trained by another optimizer than SGD, Adam and AdamW: its curvature is not compared with the learning rate.`
    : say`The optimizer has groups of parameters with settings of their own: their curvature is compared with no learning rate.`;
}
