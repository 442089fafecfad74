import { InputError } from '../../../shared/inputError';
import type { CollocationData } from './collocationData';
import { say } from '../../../shared/words/message';
import { leaves, type Expression } from './expression';
import { firstFault } from './faults';
import type { PdeProblem } from './pdeProblem';
import { atPoint, textOf } from './expressionText';

/** What rounding may leave of a coordinate at a side of the domain, as a share of its length. */
const ROUNDING = 1e-6;

/**
 * Looks at every point before a network is evaluated there: whether it lies in the domain, whether
 * conditions take the unknowns inside of it, and whether what is known there is a number.
 *
 * @param given where the points come from, if they were not laid out by Basin.
 * @throws InputError naming the expression, the point and the term.
 */
export function checkPoints(problem: PdeProblem, data: CollocationData, given?: string): void {
  for (const [set, points] of data.points.entries()) {
    const own = problem.sets[set];
    if (own === undefined) continue;
    const isGiven = own.kind === 'data' || given !== undefined;
    if (isGiven)
      requireInside(problem, points, own.free, own.kind === 'data' ? '"data.inputs"' : given!);
    for (const part of own.parts) {
      const where = part.kind === 'data' ? '"data"' : `"objective.${part.kind}": "${part.text}"`;
      requirePlaces(problem, points, part.places, where);
      requireNumbers(problem, points, part.residual, where);
    }
  }
  const test = data.points[problem.sets.length];
  if (test === undefined) return;
  for (const solution of problem.exact ?? []) {
    if (solution !== null) requireNumbers(problem, test, solution, '"objective.exact"');
  }
}

function requireInside(
  { notation }: PdeProblem,
  points: Float64Array,
  free: readonly number[],
  name: string,
): void {
  const width = notation.variables.length;
  for (let start = 0; start < points.length; start += width) {
    for (const variable of free) {
      const value = points[start + variable]!;
      if (isInside(value, notation.domain[variable]!)) continue;
      const own = notation.variables[variable]!;
      throw new InputError(
        say`${name} has a point outside of the domain: ${own} = ${value} at point ${start / width}, and "objective.domain.${own}" is [${notation.domain[variable]!.join(', ')}]; widen the domain, or leave the point out.`,
        'mismatch',
      );
    }
  }
}

function requirePlaces(
  problem: PdeProblem,
  points: Float64Array,
  places: readonly (readonly Expression[])[],
  where: string,
): void {
  const { notation } = problem;
  const width = notation.variables.length;
  for (const [variable, name] of notation.variables.entries()) {
    const domain = notation.domain[variable]!;
    for (const place of places) {
      const coordinate = place[variable]!;
      if (coordinate.kind === 'variable' && coordinate.variable === variable) continue;
      const varies = [...leaves(coordinate)].some(({ kind }) => kind !== 'number');
      const end = varies ? points.length : Math.min(points.length, width);
      for (let start = 0; start < end; start += width) {
        const { value } = firstFault(coordinate, (own) => points[start + own]!);
        if (value === null || isInside(value, domain)) continue;
        throw new InputError(
          say`${where} takes the unknown at ${name} = ${value}, outside of the domain: "objective.domain.${name}" is [${domain.join(', ')}]; correct the condition, or widen the domain.`,
          'mismatch',
        );
      }
    }
  }
}

function isInside(value: number, [low, high]: readonly [number, number]): boolean {
  const tolerance = (high - low) * ROUNDING;
  return value >= low - tolerance && value <= high + tolerance;
}

function requireNumbers(
  { notation }: PdeProblem,
  points: Float64Array,
  expression: Expression,
  where: string,
): void {
  if (!mayFail(expression)) return;
  const width = notation.variables.length;
  for (let start = 0; start < points.length; start += width) {
    const { fault } = firstFault(expression, (variable) => points[start + variable]!);
    if (fault === null) continue;
    const at = atPoint(notation, points.subarray(start, start + width));
    throw new InputError(
      say`${where} ${fault.what} in "${textOf(fault.expression, notation)}" ${at}; keep the points away from there, or write the term without it.`,
    );
  }
}

/** Whether an expression is no number somewhere. */
function mayFail(expression: Expression): boolean {
  switch (expression.kind) {
    case 'negation':
      return mayFail(expression.argument);
    case 'function':
      return (
        ['log', 'sqrt', 'tan', 'exp', 'sinh', 'cosh'].includes(expression.name) ||
        mayFail(expression.argument)
      );
    case 'operation':
      return (
        expression.operator === '/' ||
        expression.operator === '^' ||
        mayFail(expression.left) ||
        mayFail(expression.right)
      );
    default:
      return false;
  }
}
