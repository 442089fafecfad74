import { evaluateExpression, type Expression } from './expression';
import { say, type Message } from '../../../shared/words/message';

/** Where an expression stops to be a number. */
export interface ExpressionFault {
  /** The smallest part of it that is none. */
  readonly expression: Expression;
  /** What it does there: `divides by 0`. */
  readonly what: Message;
}

/** A value at a point: null where it depends on the network. */
interface Valued {
  readonly value: number | null;
  readonly fault: ExpressionFault | null;
}

/**
 * The value of an expression where only the point is known, and the first operation that gives no
 * finite number whatever the unknowns are.
 */
export function firstFault(expression: Expression, variable: (variable: number) => number): Valued {
  const again = (inner: Expression): Valued => firstFault(inner, variable);
  switch (expression.kind) {
    case 'number':
      return sound(expression.value);
    case 'variable':
      return sound(variable(expression.variable));
    case 'unknown':
    case 'measurement':
      return sound(null);
    case 'negation': {
      const { value, fault } = again(expression.argument);
      return { value: value === null ? null : -value, fault };
    }
    case 'function': {
      const { value, fault } = again(expression.argument);
      if (fault !== null || value === null) return { value: null, fault };
      return valued(
        expression,
        ofNumbers(expression, value),
        functionFault(expression.name, value),
      );
    }
    case 'operation': {
      const left = again(expression.left);
      if (left.fault !== null) return left;
      const right = again(expression.right);
      if (right.fault !== null) return right;
      const [a, b] = [left.value, right.value];
      if (expression.operator === '/' && b === 0) return valued(expression, NaN, say`divides by 0`);
      if (a === null || b === null) return sound(null);
      const isRoot = expression.operator === '^' && a < 0 && !Number.isInteger(b);
      const isPole = expression.operator === '^' && a === 0 && b < 0;
      return valued(
        expression,
        ofNumbers(expression, a, b),
        isRoot
          ? say`takes the power ${b} of ${a}`
          : isPole
            ? say`divides by 0`
            : say`is larger than numbers are`,
      );
    }
  }
}

function sound(value: number | null): Valued {
  return { value, fault: null };
}

function valued(expression: Expression, value: number, what: Message): Valued {
  return Number.isFinite(value) ? sound(value) : { value: null, fault: { expression, what } };
}

function functionFault(name: string, value: number): Message {
  if (name === 'log') return say`takes the logarithm of ${value}`;
  if (name === 'sqrt') return say`takes the square root of ${value}`;
  return say`is larger than numbers are`;
}

/** An operation or function of numbers. */
function ofNumbers(
  expression: Extract<Expression, { kind: 'function' | 'operation' }>,
  a: number,
  b = 0,
): number {
  const number = (value: number): Expression => ({ kind: 'number', value });
  return evaluateExpression(
    expression.kind === 'function'
      ? { ...expression, argument: number(a) }
      : { ...expression, left: number(a), right: number(b) },
    { variable: () => NaN, unknown: () => NaN, measurement: () => NaN },
  );
}
