import type { PdeObjective } from '../../../shared/configuration';
import type { Metrics } from '../../../shared/result/metrics';
import { fromScalar } from '../../../shared/result/scalar';
import type { CollocationData } from './collocationData';
import { say, type Message } from '../../../shared/words/message';
import { formatNumber } from '../../../shared/words/numbers';
import { evaluateExpression, leaves, type Expression, type Values } from './expression';
import { atPoint } from './expressionText';
import type { PdeProblem } from './pdeProblem';
import { largestOfZero, zeroError, zeroLoss } from './zeroFunction';

/** What rounding may leave of a term that is 0, of coordinates and constants near 1. */
const NOTHING = 1e-12;

/** The share by which a network must be better than 0 everywhere to be called so. */
const BETTER = 1e-3;

/** The largest value of a network that is 0 but for rounding, as a share of the solution or of 1. */
const NEARLY_ZERO = 1e-5;

/** The share of a condition's terms that an exact solution may leave. */
const LEFT_BY_DIFFERENCES = 1e-2;

/** What rounding may leave of differences, as a share of the solution. */
const LEFT_BY_ROUNDING = 1e-6;

/** Points of each set at which the exact solution is tried. */
const TRIED_POINTS = 64;

/** What a reader must know of the equation and its points, whatever the network is. */
export function problemNotes(problem: PdeProblem, data: CollocationData): readonly Message[] {
  const notes = [describePoints(problem, data)];
  if (largestOfZero(problem, data) < NOTHING) {
    notes.push(
      problem.sets.every(({ kind }) => kind === 'residual')
        ? say`The function that is 0 everywhere has no loss: nothing tells it from a solution, so an initial or boundary condition is missing.`
        : say`The function that is 0 everywhere satisfies the equation and every condition: nothing tells it from a solution, so an initial or boundary condition that 0 does not satisfy, or a normalisation, is missing.`,
    );
  }
  return [...notes, ...contradictions(problem, data)];
}

/** What a reader must know to judge a network's error. */
export function errorNotes(
  problem: PdeProblem,
  data: CollocationData,
  { error, zeroError, loss, largest = Infinity, terms = [] }: Metrics,
): readonly Message[] {
  const { notation } = problem;
  const notes = terms.flatMap(({ kind, expression, notFiniteAt }) =>
    notFiniteAt === undefined
      ? []
      : [
          say`The ${kind} term "${expression}" of this network is no finite number ${atPoint(notation, notFiniteAt)}: there it divides by 0, takes a logarithm or root of what is not above 0, or grows beyond what numbers hold.`,
        ],
  );
  const size = zeroError === undefined ? 1 : fromScalar(zeroError);
  if (largest < NEARLY_ZERO * size) {
    notes.push(
      say`The network is 0 everywhere but for rounding (at most ${formatNumber(largest)} at the points): it is the trivial solution.`,
    );
  }
  if (error === undefined || zeroError === undefined) return notes;
  const trivial = fromScalar(zeroError);
  const said = say`The function that is 0 everywhere has an error of ${formatNumber(trivial)} and a loss of ${formatNumber(zeroLoss(problem, data))} here`;
  return [
    ...notes,
    fromScalar(error) < trivial * (1 - BETTER)
      ? say`${said}.`
      : say`${said}; this network, with ${formatNumber(fromScalar(error))} and ${formatNumber(fromScalar(loss))}, is no better a solution.`,
  ];
}

const NUMBERED = {
  residual: (count: number) => say`${count} interior`,
  initial: (count: number) => say`${count} initial`,
  boundary: (count: number) => say`${count} boundary`,
  data: (count: number) => say`${count} measured`,
} as const;

const SAMPLINGS = {
  grid: say`a grid`,
  uniform: say`uniform`,
  'latin-hypercube': say`a Latin hypercube`,
  sobol: say`a shifted Sobol sequence`,
} as const;

function describePoints(
  { sets }: PdeProblem,
  { sets: points, objective }: CollocationData,
): Message {
  const { collocation } = objective;
  const counts = new Map<PdeProblem['sets'][number]['kind'], number>();
  sets.forEach(({ kind }, set) => {
    counts.set(kind, (counts.get(kind) ?? 0) + points[set]!.points);
  });
  const listed = [...counts]
    .map(([kind, count]) => NUMBERED[kind](count))
    .reduce((one, other) => say`${one}, ${other}`);
  return say`The loss is taken at collocation points: ${listed} (${origin(collocation)}).`;
}

function origin({ points, sampling, seed }: PdeObjective['collocation']): string | Message {
  if (points !== undefined) return points;
  return sampling === 'grid' ? SAMPLINGS.grid : say`${SAMPLINGS[sampling]}, seed ${seed}`;
}

/** The conditions that the exact solution does not satisfy. */
function contradictions(problem: PdeProblem, data: CollocationData): readonly Message[] {
  const { notation, sets, exact } = problem;
  if (exact === null) return [];
  const width = notation.variables.length;
  const notes: Message[] = [];
  for (const [set, { kind, parts }] of sets.entries()) {
    if (kind === 'data') continue;
    const points = data.points[set]!;
    const count = points.length / width;
    const step = Math.max(1, Math.floor(count / TRIED_POINTS));
    for (const { residual, places, text } of parts) {
      const unsolved = [...leaves(residual)].some(
        (leaf) => leaf.kind === 'unknown' && exact[leaf.unknown] === null,
      );
      if (unsolved) continue;
      let left = 0;
      let size = 0;
      for (let point = 0; point < count; point += step) {
        const at = points.subarray(point * width, (point + 1) * width);
        const values: Values = {
          variable: (variable) => at[variable]!,
          measurement: () => Number.NaN,
          unknown: ({ unknown, derivative, place }) => {
            const there = places[place]!.map((coordinate) =>
              evaluateExpression(coordinate, values),
            );
            return difference(exact[unknown]!, there, derivative, notation.domain);
          },
        };
        left += evaluateExpression(residual, values) ** 2;
        size += magnitude(residual, values) ** 2;
      }
      const rounding = LEFT_BY_ROUNDING * Math.max(1, zeroError(problem, data));
      if (Math.sqrt(left) > LEFT_BY_DIFFERENCES * Math.sqrt(size) + rounding) {
        notes.push(
          say`The exact solution does not satisfy "${text}": what it leaves is ${formatNumber(Math.sqrt(left / size))} of the terms' size, so one of the two is mistaken.`,
        );
      }
    }
  }
  return notes;
}

/** A derivative of a known function by nested central differences. */
function difference(
  expression: Expression,
  point: readonly number[],
  derivative: readonly number[],
  domain: readonly (readonly [number, number])[],
  // The higher the order, the more rounding a small step would make of it.
  share = derivative.length > 2 ? 3e-3 : 1e-4,
): number {
  const [variable, ...rest] = derivative;
  if (variable === undefined) {
    return evaluateExpression(expression, {
      variable: (own) => point[own]!,
      measurement: () => Number.NaN,
      unknown: () => Number.NaN,
    });
  }
  const [low, high] = domain[variable]!;
  const step = (high - low) * share;
  const moved = (by: number): number =>
    difference(
      expression,
      point.map((coordinate, own) => (own === variable ? coordinate + by : coordinate)),
      rest,
      domain,
      share,
    );
  return (moved(step) - moved(-step)) / (2 * step);
}

/** The size of the terms an expression adds up, whether or not they cancel. */
function magnitude(expression: Expression, values: Values): number {
  switch (expression.kind) {
    case 'negation':
      return magnitude(expression.argument, values);
    case 'operation': {
      const { operator, left, right } = expression;
      if (operator === '+' || operator === '-') {
        return magnitude(left, values) + magnitude(right, values);
      }
      if (operator === '*') return magnitude(left, values) * magnitude(right, values);
      return Math.abs(evaluateExpression(expression, values));
    }
    default:
      return Math.abs(evaluateExpression(expression, values));
  }
}
