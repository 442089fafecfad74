import type { PdeObjective } from '../../../shared/configuration';
import type { Metrics, TermCurvature } from '../../../shared/result/metrics';
import { fromScalar } from '../../../shared/result/scalar';
import { say, type Message } from '../../../shared/words/message';
import { formatShare } from '../../../shared/words/numbers';
import { derivativeBatches } from '../../objective/batches';
import type { CollocationData } from '../../objective/pde/collocationData';
import { list } from '../../objective/pde/notation';
import { readPdeProblem } from '../../objective/pde/pdeProblem';
import { contentKey } from '../results/cache';
import { addedInOrder, productsOn } from '../pool/products';
import type { WorkerPool } from '../pool/workerPool';
import type { ProblemMessage } from '../pool/workerProtocol';

/**
 * What each term of a differential equation's loss is of its gradient and of its curvature along a
 * direction: ‖∇(wₖLₖ)‖, and vᵀ(wₖHₖ)v, which add up to vᵀHv.
 *
 * The workers' problem is another one afterwards.
 *
 * @param direction v, of unit length: the eigenvector of the largest eigenvalue.
 */
export async function termCurvatures(
  pool: WorkerPool,
  problem: ProblemMessage & { readonly data: CollocationData },
  direction: Float64Array,
  signal?: AbortSignal,
): Promise<readonly TermCurvature[]> {
  const { data } = problem;
  const { length } = problem.theta;
  const { sets } = readPdeProblem(data.objective, data.measurements !== null);
  const found: TermCurvature[] = [];
  for (const [kind, index, expression] of termsOf(data)) {
    const objective = alone(data.objective, kind, index);
    const holds = (set: number): boolean =>
      sets[set]?.kind === kind && sets[set].parts.some(({ text }) => text === expression);
    const batches = derivativeBatches(data.sets).filter(({ set }) => holds(set));
    pool.setProblem({
      ...problem,
      programs: contentKey(problem.programs, { term: kind, index }),
      data: { ...data, objective },
    });
    const gradient = new Float64Array(length);
    await addedInOrder(batches, [gradient], async (batch) => [
      await pool.run<'gradient'>({ kind: 'gradient', batch }, signal),
    ]);
    const [product] = await productsOn(pool, { batches, length, signal })([direction]);
    found.push({
      kind,
      expression,
      gradient: Math.sqrt(dot(gradient, gradient)),
      curvature: dot(product!, direction),
    });
  }
  return found;
}

/** Sentences that say what share each term has; none where there is one term. */
export function shareNotes(
  metrics: Metrics | undefined,
  curvatures: readonly TermCurvature[],
): readonly Message[] {
  if (curvatures.length < 2) return [];
  const total = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0);
  const lengths = total(curvatures.map(({ gradient }) => gradient));
  const curvature = total(curvatures.map((term) => term.curvature));
  return curvatures.map(({ kind, expression, ...term }) => {
    const slope = percent(term.gradient / lengths);
    const bend = percent(term.curvature / curvature);
    // Where the loss itself was not asked for, nothing is said of it.
    if (metrics === undefined) {
      return say`The ${kind} term "${expression}" is ${slope} of the lengths of the terms' gradients and ${bend} of the largest curvature.`;
    }
    const found = metrics.terms?.find(
      (other) => other.kind === kind && other.expression === expression,
    );
    const own = found === undefined ? NaN : found.weight * fromScalar(found.value);
    const loss = own / fromScalar(metrics.loss);
    return say`The ${kind} term "${expression}" is ${percent(loss)} of the loss, ${slope} of the lengths of the terms' gradients and ${bend} of the largest curvature.`;
  });
}

function percent(share: number): string {
  return Number.isFinite(share) ? formatShare(share) : '–';
}

/** Every term with its number among those of its kind. */
function termsOf({ objective, measurements }: CollocationData) {
  const kinds = ['residual', 'initial', 'boundary'] as const;
  const texts = kinds.flatMap((kind) =>
    list(objective[kind] ?? []).map((text, index) => [kind, index, text] as const),
  );
  return measurements === null ? texts : [...texts, ['data', 0, 'data'] as const];
}

/** The objective whose only term with a weight is this one. */
function alone(objective: PdeObjective, kind: TermCurvature['kind'], index: number): PdeObjective {
  const { weights } = objective;
  const given = weights[kind];
  const one = (count: number): readonly number[] =>
    Array.from({ length: count }, (_, i) =>
      i === index ? (typeof given === 'number' ? given : given[i]!) : 0,
    );
  const nothing = { residual: 0, initial: 0, boundary: 0, data: 0 };
  if (kind === 'data') return { ...objective, weights: { ...nothing, data: weights.data } };
  return {
    ...objective,
    weights: { ...nothing, [kind]: [...one(list(objective[kind] ?? []).length)] },
  };
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}
