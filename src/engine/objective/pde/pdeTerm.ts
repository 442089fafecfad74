import { InputError } from '../../../shared/inputError';
import type { Graph } from '../../graph/graph';
import type { Node } from '../../graph/operations';
import type { Model } from '../../graph/model';
import { say } from '../../../shared/words/message';
import type { FloatArray } from '../../runtime/runtime';
import type { Batch } from '../batches';
import {
  LOSSES,
  NOTHING_MEASURED,
  TERM,
  type LossTerm,
  type Measures,
  type Network,
  type TermNodes,
} from '../lossTerm';
import type { CollocationData } from './collocationData';
import {
  buildExpression,
  evaluateExpression,
  leaves,
  type Expression,
  type Values,
} from './expression';
import { InputDerivatives } from './inputDerivatives';
import type { Place } from './notation';
import type { PdeProblem } from './pdeProblem';
import { atPoints } from './pointNetwork';

/** Inputs: coordinates of a place, and an expression of the variables alone. */
const PLACE = `${TERM}place:`;
const FIELD = `${TERM}field:`;
/** Sizes of the unknowns at the points themselves. */
const SIZES = `${TERM}sizes`;
/** Outputs: squares of a condition. */
const SQUARES = `${TERM}squares:`;

/**
 * What conditions at the same points have in common: where they take the network, and the values
 * that do not depend on it, which are computed once for each point, in float64.
 */
class PointValues {
  readonly places: Place[] = [];
  readonly fields: Expression[] = [];
  private readonly points: Float64Array;
  private readonly width: number;
  private readonly measurements: Float64Array | null;
  private readonly unknowns: number;

  constructor(points: Float64Array, { notation }: PdeProblem, measurements: Float64Array | null) {
    this.points = points;
    this.width = notation.variables.length;
    this.unknowns = notation.unknowns.length;
    this.measurements = measurements;
  }

  /** Number of a place among those of all conditions. */
  place(coordinates: Place): number {
    const key = JSON.stringify(coordinates);
    const known = this.places.findIndex((place) => JSON.stringify(place) === key);
    return known >= 0 ? known : this.places.push(coordinates) - 1;
  }

  field(expression: Expression): number {
    const key = JSON.stringify(expression);
    const known = this.fields.findIndex((field) => JSON.stringify(field) === key);
    return known >= 0 ? known : this.fields.push(expression) - 1;
  }

  inputs({ start, size }: Batch): ReadonlyMap<string, Float64Array> {
    const inputs = new Map<string, Float64Array>();
    this.places.forEach((coordinates, index) => {
      const values = new Float64Array(size * this.width);
      for (let i = 0; i < size; i += 1) {
        const leaf = this.valuesAt(start + i);
        coordinates.forEach((coordinate, variable) => {
          values[i * this.width + variable] = evaluateExpression(coordinate, leaf);
        });
      }
      inputs.set(PLACE + String(index), values);
    });
    this.fields.forEach((expression, index) => {
      const values = Float64Array.from({ length: size }, (_, i) =>
        evaluateExpression(expression, this.valuesAt(start + i)),
      );
      inputs.set(FIELD + String(index), values);
    });
    return inputs;
  }

  private valuesAt(point: number): Values {
    return {
      variable: (variable) => this.points[point * this.width + variable]!,
      measurement: (unknown) => this.measurements![point * this.unknowns + unknown]!,
      unknown: () => {
        throw new Error('A known value depends on an unknown.');
      },
    };
  }
}

/** The weighted squares of conditions at collocation points. */
export class ConditionTerm implements LossTerm {
  private readonly problem: PdeProblem;
  private readonly set: number;
  private readonly model: Model;
  private readonly values: PointValues;

  /** @param set number of the set of conditions. */
  constructor(problem: PdeProblem, data: CollocationData, set: number, model: Model) {
    this.problem = problem;
    this.set = set;
    this.model = model;
    this.values = new PointValues(data.points[set]!, problem, data.measurements);
  }

  build(g: Graph, network: Network, batch: number): TermNodes {
    const { notation, sets } = this.problem;
    const { parts } = sets[this.set]!;
    const outputs = new Map<number, InputDerivatives>();
    const outputAt = (place: number): InputDerivatives => {
      let output = outputs.get(place);
      if (output === undefined) {
        const points = g.input(PLACE + String(place), [batch, notation.variables.length]);
        const value = unknowns(
          g,
          atPoints(g, network, this.model, points),
          batch,
          notation.unknowns,
          this.model,
        );
        output = new InputDerivatives(g, points, value);
        outputs.set(place, output);
      }
      return output;
    };
    const measured = new Map<string, Node>();
    const residuals: Node[] = [];
    let losses: Node | null = null;
    for (const [index, { residual, places, weight }] of parts.entries()) {
      const value = buildExpression(g, residual, {
        unknown: ({ unknown, derivative, place }) =>
          column(g, outputAt(this.values.place(places[place]!)).of(derivative), unknown),
        known: (expression) => {
          if (!isKnown(expression)) return null;
          return g.input(FIELD + String(this.values.field(expression)), [batch]);
        },
      });
      const spread = g.expand(value, [batch]);
      const squares = g.mul(spread, spread);
      measured.set(SQUARES + String(index), squares);
      // What does not count is only measured.
      if (weight === 0) continue;
      residuals.push(spread);
      const weighted = g.mul(g.scalar(weight), squares);
      losses = losses === null ? weighted : g.add(losses, weighted);
    }
    const own = outputs.get(this.values.place(notation.point()));
    if (own !== undefined) measured.set(SIZES, g.abs(own.of([])));
    return { losses: losses ?? g.zeros([batch]), outputs: residuals, measured };
  }

  inputs(batch: Batch): ReadonlyMap<string, FloatArray> {
    return this.values.inputs(batch);
  }

  measure(outputs: ReadonlyMap<string, FloatArray>, { start }: Batch): Measures {
    const { parts } = this.problem.sets[this.set]!;
    const all = parts.map((_, index) => outputs.get(SQUARES + String(index))!);
    const sizes = outputs.get(SIZES) ?? new Float64Array(0);
    return {
      ...NOTHING_MEASURED,
      squares: all.map(sum),
      brokenAt: all.map((squares) => {
        const first = squares.findIndex((square) => !Number.isFinite(square));
        return first < 0 ? null : start + first;
      }),
      largest: largestOf(sizes),
    };
  }
}

/** The distance of the network from the exact solution: measured, not minimised. */
export class ErrorTerm implements LossTerm {
  private readonly problem: PdeProblem;
  private readonly model: Model;
  private readonly values: PointValues;

  constructor(problem: PdeProblem, data: CollocationData, model: Model) {
    this.problem = problem;
    this.model = model;
    this.values = new PointValues(data.points.at(-1)!, problem, null);
  }

  build(g: Graph, network: Network, batch: number): TermNodes {
    const { notation, exact } = this.problem;
    const place = this.values.place(notation.point());
    const points = g.input(PLACE + String(place), [batch, notation.variables.length]);
    const output = unknowns(
      g,
      atPoints(g, network, this.model, points),
      batch,
      notation.unknowns,
      this.model,
    );
    const errors: Node[] = [];
    exact!.forEach((solution, unknown) => {
      if (solution === null) return;
      const truth = g.input(FIELD + String(this.values.field(solution)), [batch]);
      errors.push(g.abs(g.sub(column(g, output, unknown), truth)));
    });
    const total = errors.reduce((a, b) => g.add(a, b));
    const losses = g.mul(g.scalar(1 / errors.length), total);
    return { losses, outputs: null, measured: new Map() };
  }

  inputs(batch: Batch): ReadonlyMap<string, FloatArray> {
    return this.values.inputs(batch);
  }

  measure(outputs: ReadonlyMap<string, FloatArray>): Measures {
    return { ...NOTHING_MEASURED, absoluteError: sum(outputs.get(LOSSES)!) };
  }
}

/** A model's outputs, side by side, as [batch, unknowns]. */
function unknowns(
  g: Graph,
  outputs: readonly Node[],
  batch: number,
  names: readonly string[],
  { path }: Model,
): Node {
  const widths = outputs.map(({ shape }) => (shape.length === 1 ? 1 : shape[1]!));
  const fits =
    outputs.every(({ shape }) => shape[0] === batch && shape.length <= 2) &&
    widths.reduce((sum, width) => sum + width, 0) === names.length;
  if (!fits) {
    throw new InputError(
      say`${path} gives ${outputs.map(({ shape }) => `[${shape.join(', ')}]`).join(', ')} for ${batch} points and "unknown" names ${names.join(', ')}; export a network that gives [points, ${names.length}], with a dynamic first axis.`,
      'mismatch',
    );
  }
  const columns = outputs.map((output, i) => g.reshape(output, [batch, widths[i]!]));
  return columns.length === 1 ? columns[0]! : g.concat(columns, 1);
}

/** One of the columns of [batch, columns], as [batch]. */
function column(g: Graph, x: Node, index: number): Node {
  const [batch, columns] = x.shape as [number, number];
  if (columns === 1) return g.reshape(x, [batch]);
  const one = g.slice(x, { starts: [0, index], steps: [1, 1], counts: [batch, 1] });
  return g.reshape(one, [batch]);
}

/** Whether an expression has variables but no unknowns. */
function isKnown(expression: Expression): boolean {
  let varies = false;
  for (const { kind } of leaves(expression)) {
    if (kind === 'unknown') return false;
    if (kind !== 'number') varies = true;
  }
  return varies;
}

function largestOf(values: FloatArray): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, value);
  return largest;
}

function sum(values: FloatArray): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
