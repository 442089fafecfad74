import type { Expression } from './expression';
import type { Notation } from './notation';
import { say, type Message } from '../../../shared/words/message';

/** How tightly operators bind. */
const STRENGTH = { '+': 1, '-': 1, '*': 2, '/': 2, '^': 3 } as const;

/** An expression in the notation it was read from, as `u_x/(1 - x)`. */
export function textOf(expression: Expression, notation: Notation, within = 0): string {
  switch (expression.kind) {
    case 'number':
      return expression.value === Math.PI ? 'pi' : String(expression.value);
    case 'variable':
      return notation.variables[expression.variable]!;
    case 'measurement':
      return notation.unknowns[expression.unknown]!;
    case 'unknown': {
      const by = expression.derivative.map((variable) => notation.variables[variable]!);
      const apart = by.some((name) => name.length > 1) ? '_' : '';
      const unknown = notation.unknowns[expression.unknown]!;
      return by.length === 0 ? unknown : `${unknown}_${by.join(apart)}`;
    }
    case 'negation':
      return `-${textOf(expression.argument, notation, 2)}`;
    case 'function':
      return `${expression.name}(${textOf(expression.argument, notation)})`;
    case 'operation': {
      const { operator, left, right } = expression;
      const own = STRENGTH[operator];
      const space = own === 1 ? ' ' : '';
      const text = `${textOf(left, notation, own)}${space}${operator}${space}${textOf(right, notation, own + 1)}`;
      return own < within ? `(${text})` : text;
    }
  }
}

/** Where a point is: `at x = 0, t = 0.5`. */
export function atPoint({ variables }: Notation, point: ArrayLike<number>): Message {
  const coordinates = variables.map((name, i) => `${name} = ${Number(point[i]!.toPrecision(6))}`);
  return say`at ${coordinates.join(', ')}`;
}
