import jsep from 'jsep';
import { InputError } from '../../../shared/inputError';
import { english, say, type Message } from '../../../shared/words/message';
import type { Operator } from './expression';

/** What a text says before its names mean anything. `at` is where it begins, from 0. */
export type Syntax = { readonly at: number } & (
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Syntax[] }
  | { readonly kind: 'negation'; readonly argument: Syntax }
  | {
      readonly kind: 'operation';
      readonly operator: Operator;
      readonly left: Syntax;
      readonly right: Syntax;
    }
);

/** A text of basin.json that is no expression, or one with names that mean nothing there. */
export class ExpressionError extends InputError {
  constructor(
    /** What the user wrote. */
    readonly text: string,
    /** Where it is wrong, from 0. */
    readonly position: number,
    what: Message,
    /** Where in basin.json the text stands. */
    where: string,
  ) {
    super(say`"${where}": ${what} (character ${position + 1} of "${text}").`);
  }
}

/** A text of basin.json with the name of the property it stands in. */
export interface Source {
  readonly text: string;
  readonly where: string;
}

export function expressionError(source: Source, position: number, what: Message): ExpressionError {
  return new ExpressionError(source.text, position, what, source.where);
}

/** Much more than any equation, and an end to nesting that would exhaust the stack. */
const MAX_TEXT_LENGTH = 4000;

/**
 * Reads an expression or an equation.
 *
 * `^` and `**` are powers: they bind tighter than a sign before them and associate to the right, as
 * on paper. An equation's right-hand side is `null` where the text has no `=`.
 *
 * @throws ExpressionError
 */
export function parseEquation(source: Source): {
  readonly left: Syntax;
  readonly right: Syntax | null;
} {
  const { text } = source;
  if (text.length > MAX_TEXT_LENGTH) {
    throw expressionError(
      source,
      MAX_TEXT_LENGTH,
      say`an expression has ${MAX_TEXT_LENGTH} characters at most`,
    );
  }
  const sign = text.indexOf('=');
  if (sign < 0) return { left: parseSide(source, 0, text.length), right: null };
  const second = text.indexOf('=', sign + 1);
  if (second >= 0) throw expressionError(source, second, say`an equation has one "="`);
  return { left: parseSide(source, 0, sign), right: parseSide(source, sign + 1, text.length) };
}

function parseSide(source: Source, start: number, end: number): Syntax {
  const side = source.text.slice(start, end);
  let tree;
  try {
    tree = read(side);
  } catch (error) {
    if (error instanceof RangeError) {
      throw expressionError(source, start, say`there are too many parentheses in one another`);
    }
    if (!isParseError(error)) throw error;
    throw expressionError(source, start + error.index, faultOf(error.description));
  }
  return convert(source, tree, start);
}

/** In Basin's words what jsep says. */
function faultOf(description: string): Message {
  const own = OWN.find((fault) => english(fault) === description);
  if (own !== undefined) return own;
  if (description.startsWith('Variable names cannot start with a number')) {
    return say`a "*" is missing between a number and a name`;
  }
  if (/^(Unclosed|Expected \))/.test(description)) return say`a parenthesis is not closed`;
  if (description.startsWith('Expected expression after'))
    return say`something is missing behind this`;
  const unexpected = /^Unexpected "(.)"/.exec(description)?.[1];
  return unexpected === undefined
    ? say`this cannot be read as arithmetic`
    : say`"${unexpected}" means nothing here`;
}

const NO_EXPONENT = say`an exponent is missing`;
const NO_OPERAND = say`nothing follows the sign`;
const OWN = [NO_EXPONENT, NO_OPERAND];

function isParseError(error: unknown): error is Error & { index: number; description: string } {
  return error instanceof Error && 'index' in error && 'description' in error;
}

const OPERATORS: ReadonlySet<string> = new Set<Operator>(['+', '-', '*', '/', '^']);

function convert(source: Source, given: jsep.Expression, offset: number): Syntax {
  const node = given as jsep.CoreExpression & { readonly at?: number };
  // What jsep makes of two tokens begins where the first does.
  const at = offset + beginning(node);
  switch (node.type) {
    case 'Literal':
      if (typeof node.value !== 'number') break;
      return { kind: 'number', value: node.value, at };
    case 'Identifier':
      return { kind: 'name', name: node.name, at };
    case 'CallExpression': {
      const callee = node.callee as jsep.CoreExpression;
      if (callee.type !== 'Identifier') break;
      return {
        kind: 'call',
        name: callee.name,
        args: node.arguments.map((argument) => convert(source, argument, offset)),
        at,
      };
    }
    case 'UnaryExpression': {
      const argument = convert(source, node.argument, offset);
      return node.operator === '-' ? { kind: 'negation', argument, at } : argument;
    }
    case 'BinaryExpression':
      if (!OPERATORS.has(node.operator)) break;
      return {
        kind: 'operation',
        operator: node.operator as Operator,
        left: convert(source, node.left, offset),
        right: convert(source, node.right, offset),
        at,
      };
    case 'Compound': {
      const second = node.body[1];
      if (second === undefined) throw expressionError(source, offset, say`nothing is written here`);
      throw expressionError(
        source,
        offset + beginning(second),
        say`an operator is missing before this; write a product with "*"`,
      );
    }
    default:
  }
  throw expressionError(
    source,
    at,
    say`this is no arithmetic; write with numbers, names, + - * / ^ and parentheses`,
  );
}

function beginning(node: jsep.Expression): number {
  if (typeof node.at === 'number') return node.at;
  return node.type === 'BinaryExpression' ? beginning(node.left as jsep.Expression) : 0;
}

jsep.removeAllBinaryOps();
jsep.removeAllUnaryOps();
jsep.removeAllLiterals();
for (const sign of ['+', '-']) {
  jsep.addBinaryOp(sign, 9);
  jsep.addUnaryOp(sign);
}
for (const sign of ['*', '/']) jsep.addBinaryOp(sign, 10);

/** Set while jsep is to read the token itself. */
let plain = false;

/*
 * Reads every token with its place, a sign before it and a power behind it. jsep itself would have
 * −x² as (−x)².
 */
jsep.hooks.add('gobble-token', function (env) {
  if (plain) {
    plain = false;
    return;
  }
  const at = this.index;
  const sign = this.char;
  if (sign === '-' || sign === '+') {
    this.index += 1;
    const argument = this.gobbleToken();
    if (!argument) this.throwError(english(NO_OPERAND));
    env.node = { type: 'UnaryExpression', operator: sign, argument, prefix: true, at };
    return;
  }
  plain = true;
  const base = this.gobbleToken();
  if (!base) return;
  base.at = at;
  this.gobbleSpaces();
  const power = this.char === '^' ? 1 : this.expr.startsWith('**', this.index) ? 2 : 0;
  if (power === 0) {
    env.node = base;
    return;
  }
  this.index += power;
  const right = this.gobbleToken();
  if (!right) this.throwError(english(NO_EXPONENT));
  env.node = { type: 'BinaryExpression', operator: '^', left: base, right, at };
});

function read(text: string): jsep.Expression {
  plain = false;
  return jsep(text);
}
