import type { PdeObjective } from '../../../shared/configuration';
import { InputError } from '../../../shared/inputError';
import type { Term } from '../../../shared/result/metrics';
import { say } from '../../../shared/words/message';
import type { Expression } from './expression';
import { list, Notation, type Condition, type Place } from './notation';
import type { Source } from './parseExpression';

/** One condition of the problem: the mean of its squares, times its weight, is added to the loss. */
export interface Part {
  readonly kind: Term['kind'];
  /** As the configuration states it. */
  readonly text: string;
  readonly weight: number;
  readonly residual: Expression;
  readonly places: readonly Place[];
}

/** Conditions that hold at the same points. */
export interface ConditionSet {
  readonly kind: Term['kind'];
  /** Variables that vary from point to point, ascending. */
  readonly free: readonly number[];
  /** Variables on whose sides the points lie; null where they lie anywhere. */
  readonly sides: readonly number[] | null;
  readonly parts: readonly Part[];
}

/** A differential equation with its conditions, read. */
export interface PdeProblem {
  readonly notation: Notation;
  readonly sets: readonly ConditionSet[];
  /** For each unknown its solution, or null where it is not known; null where none is. */
  readonly exact: readonly (Expression | null)[] | null;
  /** Variables whose two sides are one. */
  readonly periodic: ReadonlySet<number>;
}

/**
 * Reads the expressions of a configuration.
 *
 * @param measured whether there are measurements of the unknowns, which the loss then holds too.
 * @throws ExpressionError, or InputError when names or numbers do not fit each other.
 */
export function readPdeProblem(objective: PdeObjective, measured: boolean): PdeProblem {
  const notation = new Notation(objective);
  const sets = new Map<string, { -readonly [K in keyof ConditionSet]: ConditionSet[K] }>();
  const periodic = new Set<number>();

  const add = (
    kind: Term['kind'],
    texts: readonly string[],
    read: (source: Source) => readonly Condition[],
  ): void => {
    const weights = weightsOf(objective, kind, texts.length);
    texts.forEach((text, i) => {
      const where = `objective.${kind}${texts.length > 1 ? `[${i}]` : ''}`;
      for (const { residual, places, free, sides, periodic: variable } of read({ text, where })) {
        if (variable !== null) periodic.add(variable);
        const key = JSON.stringify([kind, free, sides]);
        const part: Part = { kind, text, weight: weights[i]!, residual, places };
        const known = sets.get(key);
        if (known === undefined) sets.set(key, { kind, free, sides, parts: [part] });
        else known.parts = [...known.parts, part];
      }
    });
  };
  add('residual', list(objective.residual), (source) => [notation.residual(source)]);
  add('initial', list(objective.initial ?? []), (source) => notation.condition(source));
  add('boundary', list(objective.boundary ?? []), (source) => notation.condition(source));
  if (measured) {
    add('data', ['data'], () =>
      notation.unknowns.map((_, unknown): Condition => ({
        residual: {
          kind: 'operation',
          operator: '-',
          left: { kind: 'unknown', unknown, derivative: [], place: 0 },
          right: { kind: 'measurement', unknown },
        },
        places: [notation.point()],
        free: notation.variables.map((_, variable) => variable),
        sides: null,
        periodic: null,
      })),
    );
  }
  return { notation, sets: [...sets.values()], exact: readExact(objective, notation), periodic };
}

function weightsOf(
  { weights }: PdeObjective,
  kind: Term['kind'],
  count: number,
): readonly number[] {
  const given = weights[kind];
  if (typeof given === 'number') return new Array<number>(count).fill(given);
  if (given.length !== count) {
    throw new InputError(
      say`"objective.weights.${kind}" has ${given.length} weights for ${count} expressions; give one for each, or one number.`,
      'mismatch',
    );
  }
  return given;
}

function readExact(
  { exact }: PdeObjective,
  notation: Notation,
): readonly (Expression | null)[] | null {
  if (exact === undefined || Object.keys(exact).length === 0) return null;
  const { unknowns } = notation;
  if (typeof exact === 'string') {
    if (unknowns.length > 1) {
      throw new InputError(
        say`"objective.exact" is one expression and there are the unknowns ${unknowns.join(', ')}; give each its own, as in {"${unknowns[0]!}": "…"}.`,
        'mismatch',
      );
    }
    return [notation.known({ text: exact, where: 'objective.exact' })];
  }
  const stranger = Object.keys(exact).find((name) => !unknowns.includes(name));
  if (stranger !== undefined) {
    throw new InputError(
      say`"objective.exact" names ${stranger}, which is none of the unknowns ${unknowns.join(', ')}.`,
      'mismatch',
    );
  }
  return unknowns.map((name) => {
    const text = exact[name];
    return text === undefined ? null : notation.known({ text, where: `objective.exact.${name}` });
  });
}
