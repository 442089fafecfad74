import type { Landscape } from '../../shared/result/landscape';
import type { Hessian } from '../../shared/result/hessian';
import { fromScalar } from '../../shared/result/scalar';
import { largerError } from '../../shared/words/numbers';
import { coordinateAt } from '../landscape/lossField';

/** The loss along one eigenvector through the centre, and what its curvature alone would make of it. */
export interface AlongEigenvector {
  readonly name: string;
  readonly eigenvalue: number;
  /** The larger of its residual and of what the data leave open; 0 where neither is known. */
  readonly error: number;
  /** Distances from the centre in parameter space, and the losses there. */
  readonly distances: readonly number[];
  readonly losses: readonly number[];
  /** L₀ + s·x + ½λx², s the slope between the two points next to the centre. */
  readonly quadratic: readonly number[];
  /** ‖Hv − λv‖ is small: it is an eigenvector. */
  readonly converged: boolean;
}

const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉';

/** The profiles of a Hessian, each beside L(θ) + slope·t + ½λt², which are exact to second order. */
export function profilesOf({ profiles = [], eigenvalues }: Hessian): readonly AlongEigenvector[] {
  return profiles.flatMap(({ eigenvalue, slope, distances, losses: scalars }, k) => {
    if (distances.length < 3 || distances.length !== scalars.length) return [];
    const losses = scalars.map(fromScalar);
    const centre = losses[distances.indexOf(0)] ?? NaN;
    const number = String(k + 1).replace(/\d/g, (digit) => SUBSCRIPTS[Number(digit)]!);
    return [
      {
        name: `v${number}`,
        eigenvalue,
        error:
          eigenvalues[k] === undefined
            ? 0
            : largerError(eigenvalues[k].residual, eigenvalues[k].samplingError),
        distances,
        losses,
        quadratic: distances.map((x) => centre + slope * x + (eigenvalue * x * x) / 2),
        converged: eigenvalues[k]?.converged ?? true,
      },
    ];
  });
}

/** Empty where the landscape's directions are no eigenvectors, or the centre is no point of the grid. */
export function alongEigenvectors({
  axes,
  directions,
  values,
}: Landscape): readonly AlongEigenvector[] {
  const { eigenvalues, kind, norms, converged } = directions;
  if (kind !== 'hessian' || eigenvalues === undefined) return [];
  const centre = axes.map((axis) => {
    const step = (-axis.min * (axis.steps - 1)) / (axis.max - axis.min);
    return Math.abs(step - Math.round(step)) < 1e-6 ? Math.round(step) : -1;
  });
  if (centre.some((step, k) => step < 0 || step >= axes[k]!.steps)) return [];
  const strides = axes.map((_, k) =>
    axes.slice(k + 1).reduce((product, { steps }) => product * steps, 1),
  );
  const origin = centre.reduce((vertex, step, k) => vertex + step * strides[k]!, 0);
  const lossAt = (vertex: number) => {
    const value = values[vertex] ?? null;
    return value === null ? NaN : Number(value);
  };
  return axes.flatMap((axis, k) => {
    const eigenvalue = eigenvalues[k];
    const norm = norms[k];
    if (eigenvalue === undefined || norm === undefined || axis.steps < 3) return [];
    const at = (step: number) => origin + (step - centre[k]!) * strides[k]!;
    const distances = Array.from(
      { length: axis.steps },
      (_, step) => coordinateAt(axis, step) * norm,
    );
    const here = centre[k]!;
    const inside = here > 0 && here < axis.steps - 1;
    const slope = inside
      ? (lossAt(at(here + 1)) - lossAt(at(here - 1))) /
        (distances[here + 1]! - distances[here - 1]!)
      : 0;
    return [
      {
        name: axis.name,
        eigenvalue,
        error: 0,
        distances,
        losses: distances.map((_, step) => lossAt(at(step))),
        quadratic: distances.map((x) => lossAt(origin) + slope * x + (eigenvalue * x * x) / 2),
        converged: converged?.[k] ?? true,
      },
    ];
  });
}
