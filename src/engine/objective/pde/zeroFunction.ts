import type { CollocationData } from './collocationData';
import { evaluateExpression, type Values } from './expression';
import type { PdeProblem } from './pdeProblem';

/*
 * The function that is 0 everywhere satisfies many equations, and training often ends there: its
 * loss and its error are what a solution is to be judged by.
 */

/** The mean absolute error of the zero function on the test points: the mean of |exact|. */
export function zeroError({ exact, notation }: PdeProblem, { points }: CollocationData): number {
  const known = (exact ?? []).filter((solution) => solution !== null);
  const test = points.at(-1)!;
  const width = notation.variables.length;
  let sum = 0;
  for (let start = 0; start < test.length; start += width) {
    const values = valuesAt((variable) => test[start + variable]!);
    for (const solution of known) sum += Math.abs(evaluateExpression(solution, values));
  }
  return sum / known.length / (test.length / width);
}

/** The loss of the zero function. */
export function zeroLoss(problem: PdeProblem, data: CollocationData): number {
  let loss = 0;
  leftByZero(problem, data, (value, weight, count) => {
    loss += (weight * value ** 2) / count;
  });
  return loss;
}

/** The largest that the zero function leaves of a condition that counts at one of its points. */
export function largestOfZero(problem: PdeProblem, data: CollocationData): number {
  let largest = 0;
  leftByZero(problem, data, (value, weight) => {
    // What is no number is no 0.
    if (weight > 0 && !(Math.abs(value) <= largest)) largest = Math.abs(value);
  });
  return Number.isNaN(largest) ? Infinity : largest;
}

function leftByZero(
  problem: PdeProblem,
  { points, measurements }: CollocationData,
  each: (value: number, weight: number, count: number) => void,
): void {
  const width = problem.notation.variables.length;
  const { length } = problem.notation.unknowns;
  for (const [set, { parts }] of problem.sets.entries()) {
    const own = points[set]!;
    const count = own.length / width;
    for (let point = 0; point < count; point += 1) {
      const values = valuesAt(
        (variable) => own[point * width + variable]!,
        (unknown) => measurements![point * length + unknown]!,
      );
      for (const { residual, weight } of parts) {
        each(evaluateExpression(residual, values), weight, count);
      }
    }
  }
}

function valuesAt(
  variable: Values['variable'],
  measurement: Values['measurement'] = () => Number.NaN,
): Values {
  return { variable, measurement, unknown: () => 0 };
}
