import type { Graph } from '../../graph/graph';
import type { Node } from '../../graph/operations';

/** What a text in the field's notation says, with every name resolved. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  /** A coordinate of the collocation point. */
  | { readonly kind: 'variable'; readonly variable: number }
  | UnknownValue
  /** A measured value of an unknown at the point. */
  | { readonly kind: 'measurement'; readonly unknown: number }
  | { readonly kind: 'negation'; readonly argument: Expression }
  | { readonly kind: 'function'; readonly name: FunctionName; readonly argument: Expression }
  | {
      readonly kind: 'operation';
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
    };

/** An unknown or one of its derivatives. */
export interface UnknownValue {
  readonly kind: 'unknown';
  readonly unknown: number;
  /** Variables it is differentiated by, in ascending order: as often as the order says. */
  readonly derivative: readonly number[];
  /** Where it is taken: one of the places of the condition it stands in. */
  readonly place: number;
}

export type Operator = '+' | '-' | '*' | '/' | '^';

interface RealFunction {
  readonly number: (x: number) => number;
  readonly node: (g: Graph, x: Node) => Node;
}

/** (eˣ + sign·e⁻ˣ) / 2 */
function hyperbolic(g: Graph, x: Node, sign: 1 | -1): Node {
  const back = g.exp(g.neg(x));
  return g.mul(g.scalar(0.5), sign === 1 ? g.add(g.exp(x), back) : g.sub(g.exp(x), back));
}

const FUNCTIONS = {
  sin: { number: Math.sin, node: (g, x) => g.sin(x) },
  cos: { number: Math.cos, node: (g, x) => g.cos(x) },
  tan: { number: Math.tan, node: (g, x) => g.div(g.sin(x), g.cos(x)) },
  atan: { number: Math.atan, node: (g, x) => g.atan(x) },
  sinh: { number: Math.sinh, node: (g, x) => hyperbolic(g, x, -1) },
  cosh: { number: Math.cosh, node: (g, x) => hyperbolic(g, x, 1) },
  tanh: { number: Math.tanh, node: (g, x) => g.tanh(x) },
  exp: { number: Math.exp, node: (g, x) => g.exp(x) },
  log: { number: Math.log, node: (g, x) => g.log(x) },
  sqrt: { number: Math.sqrt, node: (g, x) => g.sqrt(x) },
  abs: { number: Math.abs, node: (g, x) => g.abs(x) },
} as const satisfies Readonly<Record<string, RealFunction>>;

export type FunctionName = keyof typeof FUNCTIONS;

export const FUNCTION_NAMES = Object.keys(FUNCTIONS) as readonly FunctionName[];

export function isFunctionName(name: string): name is FunctionName {
  return Object.hasOwn(FUNCTIONS, name);
}

type Leaf<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

/** Where the numbers of leaves come from. */
export interface Values {
  readonly variable: (variable: number) => number;
  readonly unknown: (value: UnknownValue) => number;
  readonly measurement: (unknown: number) => number;
}

/** The value of an expression, in float64. */
export function evaluateExpression(expression: Expression, values: Values): number {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'variable':
      return values.variable(expression.variable);
    case 'unknown':
      return values.unknown(expression);
    case 'measurement':
      return values.measurement(expression.unknown);
    case 'negation':
      return -evaluateExpression(expression.argument, values);
    case 'function':
      return FUNCTIONS[expression.name].number(evaluateExpression(expression.argument, values));
    case 'operation': {
      const left = evaluateExpression(expression.left, values);
      const right = evaluateExpression(expression.right, values);
      switch (expression.operator) {
        case '+':
          return left + right;
        case '-':
          return left - right;
        case '*':
          return left * right;
        case '/':
          return left / right;
        case '^':
          return left ** right;
      }
    }
  }
}

/** Where the nodes of what is not a number come from. */
export interface Nodes {
  readonly unknown: (value: UnknownValue) => Node;
  /** The node of an expression that needs no unknown, or null where it has none. */
  readonly known: (expression: Expression) => Node | null;
}

/** An expression as nodes; every unknown and known one is of the same shape. */
export function buildExpression(g: Graph, expression: Expression, nodes: Nodes): Node {
  const known = nodes.known(expression);
  if (known !== null) return known;
  switch (expression.kind) {
    case 'number':
      return g.scalar(expression.value);
    case 'unknown':
      return nodes.unknown(expression);
    case 'variable':
    case 'measurement':
      throw new Error(`No node was given for a ${expression.kind}.`);
    case 'negation':
      return g.neg(buildExpression(g, expression.argument, nodes));
    case 'function':
      return FUNCTIONS[expression.name].node(g, buildExpression(g, expression.argument, nodes));
    case 'operation': {
      const left = buildExpression(g, expression.left, nodes);
      if (expression.operator === '^') {
        const exponent = constantValue(expression.right);
        if (exponent !== null) return g.power(left, exponent);
      }
      const right = buildExpression(g, expression.right, nodes);
      switch (expression.operator) {
        case '+':
          return g.add(left, right);
        case '-':
          return g.sub(left, right);
        case '*':
          return g.mul(left, right);
        case '/':
          return g.div(left, right);
        case '^':
          return g.exp(g.mul(right, g.log(left)));
      }
    }
  }
}

/** All leaves of an expression, from left to right. */
export function* leaves(
  expression: Expression,
): Generator<Leaf<'number' | 'variable' | 'unknown' | 'measurement'>> {
  switch (expression.kind) {
    case 'negation':
    case 'function':
      yield* leaves(expression.argument);
      break;
    case 'operation':
      yield* leaves(expression.left);
      yield* leaves(expression.right);
      break;
    default:
      yield expression;
  }
}

/** The value of an expression without variables and unknowns, else null. */
export function constantValue(expression: Expression): number | null {
  for (const leaf of leaves(expression)) if (leaf.kind !== 'number') return null;
  return evaluateExpression(expression, NO_VALUES);
}

const missing = (): never => {
  throw new Error('A constant has no variables.');
};
const NO_VALUES: Values = { variable: missing, unknown: missing, measurement: missing };
