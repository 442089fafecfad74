import { describe, expect, test } from 'vitest';
import { evaluateExpression, leaves } from '../../../src/engine/objective/pde/expression';
import { Notation } from '../../../src/engine/objective/pde/notation';
import { ExpressionError } from '../../../src/engine/objective/pde/parseExpression';
import { readPdeProblem } from '../../../src/engine/objective/pde/pdeProblem';
import { configurationSchema, type PdeObjective } from '../../../src/shared/configuration';

function objective(change: Record<string, unknown> = {}): PdeObjective {
  const given = {
    kind: 'pde',
    unknown: 'u',
    variables: ['x', 't'],
    domain: { x: [0, '2*pi'], t: [0, 1] },
    residual: 'u_t + 30*u_x',
    ...change,
  };
  const parsed = configurationSchema.parse({
    checkpoints: ['*.pt'],
    model: 'model.onnx',
    objective: given,
  });
  return parsed.objective as PdeObjective;
}

const source = (text: string) => ({ text, where: 'objective.residual' });

function valueOf(text: string, x = 0.3, t = 0.7): number {
  const expression = new Notation(objective({ constants: { nu: 0.01 } })).known(source(text));
  const none = (): number => Number.NaN;
  return evaluateExpression(expression, {
    variable: (variable) => (variable === 0 ? x : t),
    unknown: none,
    measurement: none,
  });
}

describe('expressions have the value they have on paper', () => {
  const [x, t] = [0.3, 0.7];
  test.each([
    ['-x^2', -(x ** 2)],
    ['(-x)^2', x ** 2],
    ['2^3^2', 512],
    ['2**-x', 2 ** -x],
    ['x - t - 1', x - t - 1],
    ['x/t/2', x / t / 2],
    ['2*-x', -2 * x],
    ['-x*t', -x * t],
    ['1e-3*x + .5', 1e-3 * x + 0.5],
    ['sin(pi*x)*exp(-nu*t)', Math.sin(Math.PI * x) * Math.exp(-0.01 * t)],
    ['sqrt(x^2 + t^2)', Math.hypot(x, t)],
    ['log(e^x)', x],
    ['tan(x) - sin(x)/cos(x)', 0],
    ['cosh(x)^2 - sinh(x)^2', 1],
    ['tanh(x) + abs(-t) + atan(x)', Math.tanh(x) + t + Math.atan(x)],
    ['+x', x],
  ])('%s', (text, value) => {
    expect(valueOf(text)).toBeCloseTo(value, 14);
  });
});

describe('derivatives are read from names', () => {
  const names = (change: Record<string, unknown>, text: string) =>
    [...leaves(new Notation(objective(change)).residual(source(text)).residual)].filter(
      (leaf) => leaf.kind === 'unknown',
    );
  test.each([
    [{}, 'u_t', 0, [1]],
    [{}, 'u_xx', 0, [0, 0]],
    [{}, 'u_tx', 0, [0, 1]],
    [{}, 'u_x_t', 0, [0, 1]],
    [{ unknown: ['u', 'u_b'] }, 'u_b_x', 1, [0]],
    [
      { variables: ['r', 'theta'], domain: { r: [0, 1], theta: [0, 1] }, residual: 'u_r' },
      'u_r_theta',
      0,
      [0, 1],
    ],
    [
      { variables: ['t', 'theta'], domain: { t: [0, 1], theta: [0, 1] }, residual: 'u_t' },
      'u_theta',
      0,
      [1],
    ],
  ])('%o %s', (change, text, unknown, derivative) => {
    expect(names(change, text)).toEqual([{ kind: 'unknown', unknown, derivative, place: 0 }]);
  });
});

describe('conditions say where they hold', () => {
  const notation = new Notation(objective());
  test('an initial condition leaves x free', () => {
    const [condition] = notation.condition(source('u(x, 0) = sin(x)'));
    expect(condition!.free).toEqual([0]);
    expect(condition!.places).toHaveLength(1);
  });
  test('min and max are of the variable in whose place they are', () => {
    const [condition] = notation.condition(source('u(min, t) = u_x(max, t)'));
    expect(condition!.places).toEqual([
      [
        { kind: 'number', value: 0 },
        { kind: 'variable', variable: 1 },
      ],
      [
        { kind: 'number', value: 2 * Math.PI },
        { kind: 'variable', variable: 1 },
      ],
    ]);
    expect(condition!.free).toEqual([1]);
  });
  test('periodic with an order is of the derivatives too', () => {
    expect(notation.condition(source('periodic(x)'))).toHaveLength(1);
    expect(notation.condition(source('periodic(x, 2)'))).toHaveLength(3);
    expect(notation.condition(source('periodic(x)'))[0]!.periodic).toBe(0);
  });
  test('boundary is all sides, or those of some variables', () => {
    expect(notation.condition(source('u(boundary) = 0'))[0]!.sides).toEqual([0, 1]);
    expect(notation.condition(source('u(boundary(x)) = t'))[0]!.sides).toEqual([0]);
  });
  test('conditions at the same points are one set', () => {
    const { sets } = readPdeProblem(
      objective({ initial: ['u(x, 0) = sin(x)', 'u_t(x, 0) = 0'], boundary: 'periodic(x)' }),
      false,
    );
    expect(sets.map(({ kind, parts }) => [kind, parts.length])).toEqual([
      ['residual', 1],
      ['initial', 2],
      ['boundary', 1],
    ]);
  });
});

describe('a mistake is named with its place', () => {
  const residual = (text: string) => () => new Notation(objective()).residual(source(text));
  const condition = (text: string) => () => new Notation(objective()).condition(source(text));
  test.each([
    [residual('u_t + 30*q_x'), 9, 'q_x means nothing'],
    [residual('u_t + 30 u_x'), 9, 'operator is missing'],
    [residual('u_t + '), 6, 'something is missing behind this'],
    [residual('u_t + (u_x'), 10, 'a parenthesis is not closed'],
    [residual('u_t = u = 0'), 8, 'one "="'],
    [residual('u_t + f(x)'), 6, 'f means nothing'],
    [residual('u_t + sin(x, t)'), 6, 'one argument'],
    [residual('u_t[0]'), 0, 'no arithmetic'],
    [residual('u.constructor'), 0, 'no arithmetic'],
    [residual(''), 0, 'nothing is written'],
    [residual('x + t'), 0, 'says nothing about u'],
    [residual('u_xxxxxxxxx'), 0, 'order 9'],
    [residual('('.repeat(3000)), 0, 'parentheses'],
    [residual('x'.repeat(5000)), 4000, '4000 characters'],
    [condition('u = 0'), 0, 'needs a place'],
    [condition('u(x) = 0'), 0, '2 coordinates'],
    [condition('u(x, 0) = t'), 10, 't has one value'],
    [condition('u(u, 0) = 1'), 2, 'only what is known'],
    [condition('periodic(y)'), 9, 'periodic is written'],
    [condition('periodic(x, 0.5)'), 12, 'whole number'],
    [condition('u(boundary(q)) = 0'), 11, 'boundary is of variables'],
  ])('%#', (read, position, what) => {
    let error: unknown;
    try {
      read();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ExpressionError);
    expect((error as ExpressionError).position).toBe(position);
    expect((error as ExpressionError).message).toContain(what);
    expect((error as ExpressionError).message).toContain(`character ${position + 1} of`);
  });

  test.each([
    [{ domain: { x: [0, 1] } }, '"objective.domain.t" is missing'],
    [{ domain: { x: [0, 1], t: [0, 1], y: [0, 1] } }, 'y, which "variables" does not'],
    [{ domain: { x: [1, 0], t: [0, 1] } }, 'below the second'],
    [{ domain: { x: [0, 'log(0)'], t: [0, 1] } }, 'finite number'],
    [{ variables: ['x', 'x'] }, 'means something else'],
    [{ unknown: 'sin' }, 'means something else'],
    [{ unknown: '2u' }, 'no name'],
    [{ initial: ['u(x, 0) = 0'], weights: { initial: [1, 2] } }, '2 weights for 1'],
    [{ unknown: ['u', 'v'], exact: 'sin(x)' }, 'give each its own'],
    [{ exact: { w: 'sin(x)' } }, 'none of the unknowns'],
  ])('%o', (change, message) => {
    expect(() => readPdeProblem(objective(change), false)).toThrow(message);
  });
});
