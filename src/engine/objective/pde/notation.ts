import type { PdeObjective } from '../../../shared/configuration';
import { InputError } from '../../../shared/inputError';
import { say, type Message } from '../../../shared/words/message';
import {
  constantValue,
  FUNCTION_NAMES,
  isFunctionName,
  leaves,
  type Expression,
} from './expression';
import { expressionError, parseEquation, type Source, type Syntax } from './parseExpression';

/** Where a condition takes the unknowns: an expression for each coordinate. */
export type Place = readonly Expression[];

/** An expression that is to be 0, and where it takes its unknowns. */
export interface Condition {
  readonly residual: Expression;
  /** The first is the collocation point itself where that is used. */
  readonly places: readonly Place[];
  /**
   * Variables on whose sides the points lie where it says `boundary(…)`; null where points are
   * free in `free` and the places say the rest.
   */
  readonly sides: readonly number[] | null;
  /** Variables the places take from the collocation point, ascending. */
  readonly free: readonly number[];
  /** The variable whose sides are said to be one, or null. */
  readonly periodic: number | null;
}

/** The unknown at the side of the domain: `min` and `max` of the variable in whose place they are. */
const ENDS = ['min', 'max'] as const;
const BOUNDARY = 'boundary';
const PERIODIC = 'periodic';

/** Constants that are there without being given. */
const KNOWN: ReadonlyMap<string, number> = new Map([
  ['pi', Math.PI],
  ['e', Math.E],
]);

/** The highest order of a derivative: a chain of them grows with every one. */
const MAX_ORDER = 8;

/**
 * The language of one differential equation: its variables, unknowns and constants by name.
 *
 * Derivatives are written as in the field: `u_t`, `u_xx`, `u_xt`; variables of several letters as
 * `u_theta` or, after each other, `u_r_theta`.
 */
export class Notation {
  readonly variables: readonly string[];
  readonly unknowns: readonly string[];
  /** For each variable its smallest and largest value. */
  readonly domain: readonly (readonly [number, number])[];
  private readonly constants: ReadonlyMap<string, number>;

  /** @throws InputError when names clash or the domain is none. */
  constructor(objective: PdeObjective) {
    this.variables = objective.variables;
    this.unknowns = list(objective.unknown);
    this.constants = new Map([...KNOWN, ...Object.entries(objective.constants)]);
    this.checkNames(Object.keys(objective.constants));
    const strangers = Object.keys(objective.domain).filter(
      (name) => !this.variables.includes(name),
    );
    if (strangers.length > 0) {
      throw new InputError(
        say`"objective.domain" names ${strangers.join(', ')}, which "variables" does not; name the same variables in both.`,
        'mismatch',
      );
    }
    this.domain = this.variables.map((name) => this.interval(name, objective.domain[name]));
  }

  /** An expression that is to be 0 at every point of the domain; `u` is the unknown there. */
  residual(source: Source): Condition {
    return this.oneCondition(source, true);
  }

  /**
   * A condition on a part of the domain. `u(x, 0)` is the unknown there, `u(min, t)` at the lower
   * side of the domain, `u(boundary(x, y))` anywhere on the sides of those variables, and
   * `periodic(x)` the same on both sides of x, as are its derivatives up to the order that may
   * follow: `periodic(x, 1)`.
   *
   * @returns several conditions that hold at the same points; only of `periodic` more than one.
   */
  condition(source: Source): readonly Condition[] {
    const { left, right } = parseEquation(source);
    if (left.kind === 'call' && left.name === PERIODIC && right === null) {
      return this.periodic(source, left.args, left.at);
    }
    return [this.oneCondition(source, false)];
  }

  /** An expression of the variables, without unknowns. */
  known(source: Source): Expression {
    const { left, right } = parseEquation(source);
    if (right !== null) {
      throw expressionError(source, source.text.indexOf('='), say`no equation is wanted here`);
    }
    return new Reader(this, this.constants, source, 'known').read(left);
  }

  private oneCondition(source: Source, everywhere: boolean): Condition {
    const { left, right } = parseEquation(source);
    const reader = new Reader(this, this.constants, source, everywhere ? 'residual' : 'condition');
    if (everywhere) reader.place(this.point());
    const a = reader.read(left);
    const b = right === null ? null : reader.read(right);
    const difference: Expression =
      b === null || constantValue(b) === 0
        ? a
        : { kind: 'operation', operator: '-', left: a, right: b };
    const { places, sides } = reader;
    if (![...leaves(difference)].some(({ kind }) => kind === 'unknown')) {
      throw expressionError(
        source,
        0,
        everywhere
          ? say`this says nothing about ${this.unknowns.join(', ')}; write the unknown or its derivatives`
          : say`this says nothing about ${this.unknowns.join(', ')}; write the unknown with its place, as in ${this.example(this.unknowns[0]!)}`,
      );
    }
    const free =
      everywhere || sides !== null
        ? this.variables.map((_, variable) => variable)
        : freeVariables(places);
    for (const { variable, at } of reader.variablesSeen) {
      if (free.includes(variable)) continue;
      throw expressionError(
        source,
        at,
        say`${this.variables[variable]!} has one value only where this condition holds; write that value`,
      );
    }
    return { residual: difference, places, sides, free, periodic: null };
  }

  private periodic(source: Source, args: readonly Syntax[], at: number): readonly Condition[] {
    const [name, order] = args;
    const variable = name?.kind === 'name' ? this.variables.indexOf(name.name) : -1;
    if (variable < 0 || args.length > 2) {
      throw expressionError(
        source,
        name?.at ?? at,
        say`periodic is written with a variable (${this.variables.join(', ')}) and, where derivatives are the same too, their highest order`,
      );
    }
    const highest = order === undefined ? 0 : order.kind === 'number' ? order.value : -1;
    if (!Number.isInteger(highest) || highest < 0 || highest > MAX_ORDER) {
      throw expressionError(source, order!.at, say`an order is a whole number up to ${MAX_ORDER}`);
    }
    const places = this.domain[variable]!.map((end) =>
      this.point().map((own, i): Expression =>
        i === variable ? { kind: 'number', value: end } : own,
      ),
    );
    const free = freeVariables(places);
    return this.unknowns.flatMap((_, unknown) =>
      Array.from({ length: highest + 1 }, (__, times): Condition => {
        const derivative = new Array<number>(times).fill(variable);
        const at = (place: number): Expression => ({ kind: 'unknown', unknown, derivative, place });
        return {
          residual: { kind: 'operation', operator: '-', left: at(0), right: at(1) },
          places,
          sides: null,
          free,
          periodic: variable,
        };
      }),
    );
  }

  /** An unknown at a side of the domain, as a condition has it. */
  example(name: string): string {
    return `${name}(${this.variables.map((own, i) => (i === 0 ? 'min' : own)).join(', ')})`;
  }

  /** The collocation point itself. */
  point(): Place {
    return this.variables.map((_, variable) => ({ kind: 'variable', variable }));
  }

  /**
   * The unknown and the variables of a name such as `u_xt`, or null where it is none.
   */
  derivative(name: string): { readonly unknown: number; readonly by: readonly number[] } | null {
    const exact = this.unknowns.indexOf(name);
    if (exact >= 0) return { unknown: exact, by: [] };
    for (const [unknown, own] of this.unknowns.entries()) {
      if (!name.startsWith(`${own}_`)) continue;
      const by = this.variablesOf(name.slice(own.length + 1));
      if (by !== null) return { unknown, by: by.sort((a, b) => a - b) };
    }
    return null;
  }

  /** Variables written after each other, with or without `_` between. */
  private variablesOf(text: string): number[] | null {
    if (text === '') return [];
    for (const [variable, name] of this.variables.entries()) {
      if (!text.startsWith(name)) continue;
      const tail = text.slice(name.length).replace(/^_(?=.)/, '');
      const rest = this.variablesOf(tail);
      if (rest !== null) return [variable, ...rest];
    }
    return null;
  }

  private interval(name: string, given: PdeObjective['domain'][string] | undefined) {
    const where = `objective.domain.${name}`;
    if (given === undefined) {
      throw new InputError(
        say`"${where}" is missing; give the smallest and the largest ${name}, as in "${name}": [0, 1].`,
        'missing',
      );
    }
    const [low, high] = given.map((end) => {
      if (typeof end === 'number') return end;
      const value = constantValue(this.known({ text: end, where }));
      if (value === null || !Number.isFinite(value)) {
        throw expressionError(
          { text: end, where },
          0,
          say`an end of the domain is a finite number`,
        );
      }
      return value;
    }) as [number, number];
    if (!(low < high)) {
      throw new InputError(
        say`"${where}" is [${low}, ${high}]; the first number must be below the second.`,
      );
    }
    return [low, high] as const;
  }

  private checkNames(constants: readonly string[]): void {
    const taken = new Set<string>([
      ...FUNCTION_NAMES,
      BOUNDARY,
      PERIODIC,
      ...ENDS,
      ...KNOWN.keys(),
    ]);
    const groups = [
      ['variables', this.variables],
      ['unknown', this.unknowns],
      ['constants', constants],
    ] as const;
    for (const [property, names] of groups) {
      for (const name of names) {
        if (!/^[\p{L}][\p{L}\p{N}_]*$/u.test(name)) {
          throw new InputError(
            say`"objective.${property}" has ${JSON.stringify(name)}, which is no name; use letters, digits and "_", a letter first.`,
          );
        }
        if (property === 'constants' && KNOWN.has(name)) {
          throw new InputError(
            say`"objective.constants" has ${name}, which is ${KNOWN.get(name)!} already; leave it out, or choose another name.`,
          );
        }
        if (taken.has(name)) {
          throw new InputError(
            say`"objective.${property}" has ${name}, which means something else already; choose another name.`,
          );
        }
        taken.add(name);
      }
    }
  }
}

type Kind = 'residual' | 'condition' | 'known';

/** Reads one expression, or both sides of an equation, collecting the places it speaks of. */
class Reader {
  readonly places: Place[] = [];
  readonly variablesSeen: { readonly variable: number; readonly at: number }[] = [];
  sides: readonly number[] | null = null;
  private readonly language: Notation;
  private readonly constants: ReadonlyMap<string, number>;
  private readonly source: Source;
  private readonly kind: Kind;
  /** The variable in whose place an argument stands; `min` and `max` are of it. */
  private coordinate: number | null = null;

  constructor(
    language: Notation,
    constants: ReadonlyMap<string, number>,
    source: Source,
    kind: Kind,
  ) {
    this.language = language;
    this.constants = constants;
    this.source = source;
    this.kind = kind;
  }

  /** The number of a place, which is a new one unless it has been seen. */
  place(coordinates: Place): number {
    const key = JSON.stringify(coordinates);
    const known = this.places.findIndex((place) => JSON.stringify(place) === key);
    return known >= 0 ? known : this.places.push(coordinates) - 1;
  }

  read(syntax: Syntax): Expression {
    switch (syntax.kind) {
      case 'number':
        return { kind: 'number', value: syntax.value };
      case 'negation':
        return { kind: 'negation', argument: this.read(syntax.argument) };
      case 'operation':
        return {
          kind: 'operation',
          operator: syntax.operator,
          left: this.read(syntax.left),
          right: this.read(syntax.right),
        };
      case 'name':
        return this.name(syntax.name, syntax.at);
      case 'call':
        return this.call(syntax);
    }
  }

  private name(name: string, at: number): Expression {
    const variable = this.language.variables.indexOf(name);
    if (variable >= 0) {
      if (this.coordinate === null) this.variablesSeen.push({ variable, at });
      return { kind: 'variable', variable };
    }
    const value = this.constants.get(name);
    if (value !== undefined) return { kind: 'number', value };
    if (this.coordinate !== null && (name === 'min' || name === 'max')) {
      const [low, high] = this.language.domain[this.coordinate]!;
      return { kind: 'number', value: name === 'min' ? low : high };
    }
    const found = this.unknown(name, at);
    if (found === null) throw this.meaningless(name, at);
    if (this.kind === 'condition') {
      throw this.error(
        at,
        say`${name} needs a place in a condition, as in ${this.language.example(name)}`,
      );
    }
    return { kind: 'unknown', unknown: found.unknown, derivative: found.by, place: 0 };
  }

  private call({ name, args, at }: Extract<Syntax, { kind: 'call' }>): Expression {
    if (isFunctionName(name)) {
      const [argument] = args;
      if (argument === undefined || args.length > 1) {
        throw this.error(at, say`${name} takes one argument, not ${args.length}`);
      }
      return { kind: 'function', name, argument: this.read(argument) };
    }
    const found = this.unknown(name, at);
    if (found === null) throw this.meaningless(name, at);
    return {
      kind: 'unknown',
      unknown: found.unknown,
      derivative: found.by,
      place: this.placeOf(name, args, at),
    };
  }

  private placeOf(name: string, args: readonly Syntax[], at: number): number {
    const { variables } = this.language;
    const [only] = args;
    const sides = only === undefined || args.length > 1 ? null : this.sidesOf(only);
    if (sides !== null) {
      if (this.sides !== null && this.sides.join() !== sides.join()) {
        throw this.error(at, say`a condition is on one boundary; make two conditions of it`);
      }
      this.sides = sides;
      return this.place(this.language.point());
    }
    if (args.length !== variables.length) {
      throw this.error(
        at,
        say`${name} takes ${variables.length} coordinates (${variables.join(', ')}), not ${args.length}`,
      );
    }
    return this.place(
      args.map((argument, variable) => {
        const outer = this.coordinate;
        this.coordinate = variable;
        const coordinate = this.read(argument);
        this.coordinate = outer;
        return coordinate;
      }),
    );
  }

  /** The variables of `boundary` or `boundary(x, y)`; null where it is neither. */
  private sidesOf(syntax: Syntax): readonly number[] | null {
    const { variables } = this.language;
    if (this.kind !== 'condition') return null;
    if (syntax.kind === 'name' && syntax.name === BOUNDARY) return variables.map((_, i) => i);
    if (syntax.kind !== 'call' || syntax.name !== BOUNDARY) return null;
    return syntax.args.map((argument) => {
      const variable = argument.kind === 'name' ? variables.indexOf(argument.name) : -1;
      if (variable < 0) {
        throw this.error(argument.at, say`boundary is of variables: ${variables.join(', ')}`);
      }
      return variable;
    });
  }

  private unknown(name: string, at: number): ReturnType<Notation['derivative']> {
    const found = this.language.derivative(name);
    if (found === null) return null;
    if (this.kind === 'known' || this.coordinate !== null) {
      throw this.error(at, say`${name} is unknown, and only what is known can stand here`);
    }
    if (found.by.length > MAX_ORDER) {
      throw this.error(
        at,
        say`${name} is of order ${found.by.length}; ${MAX_ORDER} is the highest`,
      );
    }
    return found;
  }

  private meaningless(name: string, at: number): InputError {
    const { variables, unknowns } = this.language;
    const constants = [...this.constants.keys()];
    const unknown =
      this.kind === 'known'
        ? ''
        : say`; unknowns ${unknowns.join(', ')} and derivatives as in ${unknowns[0]!}_${variables[0]!}`;
    return this.error(
      at,
      say`${name} means nothing; there are the variables ${variables.join(', ')}${unknown}; constants ${constants.join(', ')}; and functions ${FUNCTION_NAMES.join(', ')}`,
    );
  }

  private error(at: number, what: Message): InputError {
    return expressionError(this.source, at, what);
  }
}

/** Variables whose values the places take from a collocation point. */
function freeVariables(places: readonly Place[]): readonly number[] {
  const free = new Set<number>();
  const visit = (expression: Expression): void => {
    switch (expression.kind) {
      case 'variable':
        free.add(expression.variable);
        break;
      case 'negation':
      case 'function':
        visit(expression.argument);
        break;
      case 'operation':
        visit(expression.left);
        visit(expression.right);
        break;
      case 'number':
      case 'unknown':
      case 'measurement':
    }
  };
  places.flat().forEach(visit);
  return [...free].sort((a, b) => a - b);
}

/** One or several of something, as a list. */
export function list<T>(given: T | readonly T[]): readonly T[] {
  return Array.isArray(given) ? (given as readonly T[]) : [given as T];
}
