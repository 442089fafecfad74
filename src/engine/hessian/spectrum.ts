import type { Configuration } from '../../shared/configuration';
import type { Hessian } from '../../shared/result';
import { fillSigns, type TensorSpan } from '../tensorRandom';
import { spectralDensity } from './density';
import { KrylovUnion } from './krylov';
import { lanczosTogether, type SymmetricOperators } from './lanczos';

export interface Spectrum {
  readonly hessian: Hessian;
  /**
   * Ritz pairs of the largest values, or of the largest absolute ones, whose ends of the spectrum
   * are mixed; as many as the runs found where that is fewer.
   */
  readonly leading: (
    count: number,
    order: 'value' | 'magnitude',
  ) => { readonly values: readonly number[]; readonly vectors: readonly Float64Array[] };
}

/** A Ritz value is converged when its residual is below this share of it. */
const CONVERGED = 1e-3;

/**
 * Eigenvalues, trace and density of a symmetric operator from one set of Lanczos runs.
 *
 * The runs advance side by side, so that their products can be computed at the same time. The
 * result does not depend on how they are.
 *
 * @param dimension of the operator.
 * @param spans the tensors the starting vectors belong to; one of all numbers if absent.
 * @param together of so many runs the operator is given the vectors of a step at once; 1 if absent.
 * @param onProduct called after each product with the number done and the number expected.
 */
export async function spectrum(
  apply: SymmetricOperators,
  dimension: number,
  {
    eigenvalues,
    lanczosSteps,
    probes,
    seed,
    spans = [{ tensor: '', offset: 0, size: dimension }],
    together = 1,
  }: Configuration['hessian'] & {
    readonly spans?: readonly TensorSpan[];
    readonly together?: number;
  },
  onProduct?: (done: number, expected: number) => void,
): Promise<Spectrum> {
  const steps = Math.min(lanczosSteps, dimension);
  let products = 0;
  const counted: SymmetricOperators = async (vs) => {
    const images = await apply(vs);
    products += vs.length;
    onProduct?.(products, steps * probes);
    return images;
  };
  const starts = Array.from({ length: probes }, (_, probe) => {
    const start = new Float64Array(dimension);
    fillSigns(start, spans, seed, `probe ${probe}`);
    return start;
  });
  const groups = Array.from({ length: Math.ceil(probes / together) }, (_, group) =>
    lanczosTogether(counted, starts.slice(group * together, (group + 1) * together), steps),
  );
  const runs = (await Promise.all(groups)).flat();

  const union = new KrylovUnion(runs);
  const pairs = union.ritzPairs();
  const reported = ({ value, residual }: (typeof pairs)[number]) => ({
    value,
    residual,
    converged: residual <= CONVERGED * Math.abs(value),
  });
  const largest = pairs.slice(0, eigenvalues);
  const estimates = union.traceEstimates();
  const mean = estimates.reduce((sum, x) => sum + x, 0) / estimates.length;
  const variance =
    estimates.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, estimates.length - 1);
  return {
    hessian: {
      eigenvalues: largest.map(reported),
      smallest: reported(pairs.at(-1)!),
      trace: {
        value: mean,
        standardError: Math.sqrt(variance / estimates.length),
        samples: estimates.length,
      },
      density: spectralDensity(runs),
      products,
      lanczosSteps: steps,
      probes,
    },
    leading: (count, order) => {
      const ordered =
        order === 'value'
          ? pairs
          : [...pairs].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
      const chosen = ordered.slice(0, count);
      return {
        values: chosen.map(({ value }) => value),
        vectors: chosen.map((pair) => union.vector(pair)),
      };
    },
  };
}
