import { Matrix } from 'ml-matrix';
import type { Density } from '../../shared/result';
import { symmetricEigen } from './krylov';
import type { LanczosRun } from './lanczos';

/** Points on which a smoothed density is given. */
const GRID = 801;

/** Standard deviation of the smoothing Gaussian, as a share of the spectrum's width. */
const SIGMA = 0.005;

/**
 * Eigenvalue density by stochastic Lanczos quadrature (Ubaru, Chen and Saad 2017): the nodes are
 * the Ritz values of each run, their weights the squared first components of the eigenvectors of
 * T, which sum to 1; averaged over runs and smoothed by a Gaussian.
 */
export function spectralDensity(runs: readonly LanczosRun[]): Density {
  const nodes = runs
    .flatMap(({ alphas, betas }) => {
      const { values, vectors } = symmetricEigen(tridiagonal(alphas, betas));
      return values.map((value, i) => ({ value, weight: vectors.get(0, i) ** 2 / runs.length }));
    })
    .sort((a, b) => a.value - b.value);
  const least = nodes[0]!.value;
  const most = nodes.at(-1)!.value;
  const sigma = SIGMA * (most - least) || Math.max(1e-12, SIGMA * Math.abs(most));
  const start = least - 5 * sigma;
  const step = (most - least + 10 * sigma) / (GRID - 1);
  const grid = Array.from({ length: GRID }, (_, i) => start + i * step);
  const values = grid.map((at) =>
    nodes.reduce((sum, { value, weight }) => {
      const z = (at - value) / sigma;
      return sum + (weight * Math.exp(-0.5 * z * z)) / (sigma * Math.sqrt(2 * Math.PI));
    }, 0),
  );
  return { grid, values, sigma, nodes };
}

function tridiagonal(alphas: readonly number[], betas: readonly number[]): Matrix {
  const t = Matrix.diag([...alphas]);
  for (let j = 0; j + 1 < alphas.length; j += 1) {
    t.set(j, j + 1, betas[j]!);
    t.set(j + 1, j, betas[j]!);
  }
  return t;
}
