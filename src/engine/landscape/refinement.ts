import { adjacencyOf, type Adjacency } from '../topology/adjacency';
import { gridExtents } from '../topology/neighborhood';
import { Random } from '../random';
import type { Branches } from '../topology/trees/branches';
import type { Neighborhood } from '../../shared/result/topology';
import type { PredictionErrors, Refinement } from '../../shared/result/landscape';
import { encodeRuns } from './refinementRuns';
import { possibleBirths, lastingPairs, type Bounds, type LastingPairs } from './refinementDecision';
import { LEARNING_POINTS, Prediction } from './refinementPrediction';

/** The grid is measured whole on its coarsest levels, up to this share of its points. */
const BASE_SHARE = 1 / 12;
/** The threshold as a share of the difference of the base's median and smallest value. */
const RELATIVE_THRESHOLD = 1 / 100;
/** Points asked for at once: many enough for all workers, few enough to learn from. */
const ROUND_POINTS = 64;
/** Later rounds ask for up to this share of what is measured. */
const ROUND_SHARE = 1 / 5;
/** Of the points at which one component may be born, this share is asked for in one round. */
const BIRTH_SHARE = 1 / 4;
const MIN_BIRTHS = 16;
/** Points that may be the global maximum, asked for in one round. */
const MAXIMA = 8;
/** Points drawn at random in the end, to check the bars where nothing asked for a measurement. */
const CHECKS = 64;
/** Of which the bars must hold for this share, or all are widened and what is in doubt is asked again. */
const COVERAGE = 0.95;
const TRIALS = 4;
/** Points of a path that is in doubt, asked for in one round. */
const PATH_POINTS = 16;

export interface RefinementOptions {
  readonly neighborhood: Neighborhood;
  /** In units of the values; relative to the spread of the coarsest levels if absent. */
  readonly threshold?: number | undefined;
  /** Points that are measured in any case. */
  readonly always?: readonly number[];
  /** Of the points of the check. */
  readonly seed: number;
}

/** The losses of points, in their order; a point is asked for once. */
export type Measure = (points: Uint32Array) => Promise<readonly number[]>;

export interface RefinedGrid {
  /** Interpolated where not measured. */
  readonly values: Float64Array;
  /** 1 where measured. */
  readonly measured: Uint8Array;
  readonly refinement: Refinement;
}

/**
 * Measures a function on a regular grid only where the pairs of its merge tree that persist beyond a
 * threshold depend on it.
 *
 * Values not measured have bounds (`Prediction`). When no point with a bar can be a minimum that
 * persists (`possibleBirths`), and the lower and the upper bounds have the same pairs above the
 * threshold, ending at measured vertices, then so has every function between them (docs/topology.md).
 * Until then, rounds of measurements are asked for where that fails. What is asked for depends on the
 * values alone.
 *
 * @param shape points along each axis; C order, the last axis fastest.
 */
export async function refineGrid(
  shape: readonly number[],
  measure: Measure,
  options: RefinementOptions,
): Promise<RefinedGrid> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const refiner = new Refiner(gridExtents(shape, size), measure, options);
  return refiner.run();
}

const NO_ERRORS: PredictionErrors = { points: 0, beyond: 0, largest: 0, largestRatio: 0 };

class Refiner {
  private readonly extents: readonly number[];
  private readonly measure: Measure;
  private readonly options: RefinementOptions;
  private readonly prediction: Prediction;
  private readonly graph: Adjacency;
  private readonly size: number;
  private count = 0;
  private rounds = 0;
  private threshold = 0;
  private finestLearnt = 0;
  private readonly random: Random;
  private readonly errors = { ...NO_ERRORS };

  constructor(extents: readonly number[], measure: Measure, options: RefinementOptions) {
    this.extents = extents;
    this.measure = measure;
    this.options = options;
    this.prediction = new Prediction(extents);
    this.graph = adjacencyOf(options.neighborhood, extents);
    this.size = this.prediction.values.length;
    this.random = new Random(options.seed, 'refinement');
  }

  async run(): Promise<RefinedGrid> {
    const base = await this.measureBase();
    await this.takeNew(this.options.always ?? []);
    this.finestLearnt = base;
    this.prediction.update(base);
    this.threshold = this.options.threshold ?? this.relativeThreshold();
    let check = NO_ERRORS;
    for (let trial = 0; trial < TRIALS; trial += 1) {
      await this.decide();
      const ratios = await this.check((errors) => {
        check = errors;
      });
      const missed = ratios[Math.floor(COVERAGE * ratios.length)] ?? 0;
      if (missed <= 1) break;
      this.prediction.widen(missed);
      this.prediction.update();
    }
    await this.decide();
    return this.result(base, check);
  }

  private async decide(): Promise<void> {
    for (;;) {
      const points = this.inDoubt();
      if (points.length === 0) return;
      await this.measureRound(points);
    }
  }

  /** Whole levels from the coarsest on. @returns the finest of them. */
  private async measureBase(): Promise<number> {
    const { depth } = this.prediction;
    let level = 0;
    for (;;) {
      await this.take(this.prediction.pointsOf(level));
      if (level === depth) return level;
      const next = this.prediction.pointsOf(level + 1).length;
      if (this.count + next > BASE_SHARE * this.size) return level;
      level += 1;
    }
  }

  private async takeNew(points: readonly number[]): Promise<void> {
    const { measured } = this.prediction;
    const left = [...new Set(points)].filter((v) => measured[v] === 0);
    await this.take(Uint32Array.from(left).sort());
  }

  private relativeThreshold(): number {
    const { values, measured } = this.prediction;
    const known = values.filter((value, v) => measured[v] === 1 && Number.isFinite(value)).sort();
    if (known.length === 0) return 0;
    return RELATIVE_THRESHOLD * (known[known.length >> 1]! - known[0]!);
  }

  private async take(points: Uint32Array): Promise<readonly number[]> {
    const values = await this.measure(points);
    points.forEach((v, i) => {
      this.prediction.measure(v, values[i]!);
    });
    this.count += points.length;
    return values;
  }

  /**
   * Measures the points of one round: no finer ones than the first level of which too little is
   * known, of that level few, and of the others no more than can be learnt from.
   */
  private async measureRound(asked: readonly number[]): Promise<void> {
    const prediction = this.prediction;
    this.rounds += 1;
    const levels = [...new Set(asked.map((v) => prediction.levelOf[v]!))].sort((a, b) => a - b);
    const points: number[] = [];
    for (const level of levels) {
      const own = asked.filter((v) => prediction.levelOf[v] === level).sort((a, b) => a - b);
      const isNew = level > this.finestLearnt;
      const limit = isNew ? ROUND_POINTS : Math.max(ROUND_POINTS, ROUND_SHARE * this.count);
      for (const each of spread(own, Math.floor(limit))) points.push(each);
      if (isNew) break;
    }
    const chosen = Uint32Array.from(points).sort();
    const expected = Float64Array.from(chosen, (v) => prediction.values[v]!);
    const bars = Float64Array.from(chosen, (v) => prediction.bars[v]!);
    const values = await this.take(chosen);
    compare(values, expected, bars, this.errors);
    const learnt = this.finestLearnt;
    while (
      this.finestLearnt < prediction.depth &&
      prediction.measuredOf(this.finestLearnt + 1) >= LEARNING_POINTS
    ) {
      this.finestLearnt += 1;
    }
    prediction.update(this.finestLearnt > learnt ? this.finestLearnt : undefined);
  }

  /** Bounds of all values, their bars widened by a factor. */
  private bounds(factor = 1): Bounds {
    const { values, bars } = this.prediction;
    const low = new Float64Array(this.size);
    const high = new Float64Array(this.size);
    for (let v = 0; v < this.size; v += 1) {
      const value = values[v]!;
      const bar = factor * bars[v]!;
      low[v] = Number.isNaN(value) ? Infinity : value - bar;
      high[v] = Number.isNaN(value) ? Infinity : value + bar;
    }
    return { low, high };
  }

  private pairs(keys: Float64Array): LastingPairs {
    return lastingPairs(keys, this.extents, this.options.neighborhood, this.threshold);
  }

  /** Points whose values the diagram above the threshold, or the global maximum, depends on. */
  private inDoubt(): readonly number[] {
    const prediction = this.prediction;
    const bounds = this.bounds();
    const keys = prediction.values.map((value) => (Number.isNaN(value) ? Infinity : value));
    const expected = this.pairs(keys);
    const doubted = new Set<number>();
    const ask = (v: number) => doubted.add(prediction.cause(v));
    this.doubtBirths(bounds, keys, expected.branches, ask);
    this.doubtDeaths(bounds, keys, expected, ask);
    this.doubtMaximum(bounds, ask);
    return [...doubted];
  }

  private doubtBirths(
    bounds: Bounds,
    keys: Float64Array,
    { basin }: Branches,
    ask: (v: number) => void,
  ): void {
    const groups = new Map<number, number[]>();
    for (const v of possibleBirths(bounds, this.graph, this.threshold)) {
      const group = groups.get(basin[v]!);
      if (group === undefined) groups.set(basin[v]!, [v]);
      else group.push(v);
    }
    const least = Math.max(2, Math.ceil(MIN_BIRTHS / groups.size));
    for (const group of groups.values()) {
      // Those that may be lowest, and the one that is expected to be.
      group.sort((a, b) => bounds.low[a]! - bounds.low[b]! || a - b);
      const count = Math.max(least, Math.ceil(group.length * BIRTH_SHARE));
      for (const v of group.slice(0, count)) ask(v);
      ask(group.reduce((lowest, v) => (keys[v]! < keys[lowest]! ? v : lowest)));
    }
  }

  private doubtDeaths(
    bounds: Bounds,
    keys: Float64Array,
    expected: LastingPairs,
    ask: (v: number) => void,
  ): void {
    const { measured } = this.prediction;
    const lower = this.pairs(bounds.low);
    const upper = this.pairs(bounds.high);
    for (const birth of new Set([...lower.births, ...upper.births])) {
      const ends = [lower, upper, expected].map((pairs) => pairs.deathOf(birth));
      const [first, second] = ends as [number, number, number];
      if (first === second && (first < 0 || measured[first] === 1)) continue;
      for (const end of ends) if (end >= 0 && measured[end] === 0) ask(end);
      if (first >= 0 && measured[first] === 1) this.doubtPaths(first, bounds, keys, ask);
    }
  }

  /**
   * What may be higher than a saddle on the ways down from it: by steepest descent, and on all ways
   * near it.
   */
  private doubtPaths(
    saddle: number,
    { low, high }: Bounds,
    keys: Float64Array,
    ask: (v: number) => void,
  ): void {
    const { starts, targets } = this.graph;
    const level = keys[saddle]!;
    let found = 0;
    for (let e = starts[saddle]!; e < starts[saddle + 1]!; e += 1) {
      for (let v = targets[e]!, before = saddle; v !== before && keys[v]! < keys[before]!;) {
        if (high[v]! > level) {
          ask(v);
          found += 1;
        }
        before = v;
        for (let f = starts[before]!; f < starts[before + 1]!; f += 1) {
          if (keys[targets[f]!]! < keys[v]!) v = targets[f]!;
        }
      }
    }
    if (found > 0) return;
    const seen = new Set([saddle]);
    for (const v of seen) {
      if (low[v]! < high[v]! && high[v]! > level) {
        ask(v);
        found += 1;
        if (found === PATH_POINTS) return;
      }
      for (let e = starts[v]!; e < starts[v + 1]!; e += 1) {
        if (low[targets[e]!]! <= level) seen.add(targets[e]!);
      }
    }
  }

  private doubtMaximum({ high }: Bounds, ask: (v: number) => void): void {
    const { values, measured } = this.prediction;
    let highest = -Infinity;
    for (let v = 0; v < this.size; v += 1) {
      if (measured[v] === 0) continue;
      if (Number.isNaN(values[v]!)) return;
      highest = Math.max(highest, values[v]!);
    }
    const possible: number[] = [];
    for (let v = 0; v < this.size; v += 1) {
      if (measured[v] === 0 && high[v]! > highest) possible.push(v);
    }
    possible.sort((a, b) => high[b]! - high[a]! || a - b);
    for (const v of possible.slice(0, MAXIMA)) ask(v);
  }

  /**
   * Measures points drawn at random of those not measured: the bars of points nobody chose.
   *
   * @returns each error as a share of its bar, sorted.
   */
  private async check(report: (errors: PredictionErrors) => void): Promise<Float64Array> {
    const { measured, values, bars } = this.prediction;
    const rest: number[] = [];
    for (let v = 0; v < this.size; v += 1) if (measured[v] === 0) rest.push(v);
    const count = Math.min(CHECKS, Math.floor(rest.length / 16));
    for (let k = 0; k < count; k += 1) {
      const other = k + Math.floor(this.random.uniform() * (rest.length - k));
      [rest[k], rest[other]] = [rest[other]!, rest[k]!];
    }
    const points = Uint32Array.from(rest.slice(0, count)).sort();
    const expected = Float64Array.from(points, (v) => values[v]!);
    const expectedBars = Float64Array.from(points, (v) => bars[v]!);
    const measuredValues = await this.take(points);
    const errors = { ...NO_ERRORS };
    compare(measuredValues, expected, expectedBars, errors);
    report(errors);
    this.prediction.update();
    return Float64Array.from(measuredValues, (value, i) => {
      const error = Math.abs(value - expected[i]!);
      return error > 0 && Number.isFinite(error) ? error / expectedBars[i]! : 0;
    }).sort();
  }

  private result(base: number, check: Refinement['check']): RefinedGrid {
    const { values, measured, depth, interpolation } = this.prediction;
    const widened = Math.max(1, check.largestRatio);
    const refinement: Refinement = {
      evaluations: this.count,
      gridPoints: this.size,
      evaluated: encodeRuns(measured),
      threshold: this.threshold,
      thresholdSource: this.options.threshold === undefined ? 'relative' : 'given',
      rounds: this.rounds,
      interpolation,
      levels: Array.from({ length: depth + 1 }, (_, level) => ({
        points: this.prediction.pointsOf(level).length,
        evaluated: this.prediction.measuredOf(level),
      })),
      wholeLevels: base + 1,
      farthest: farthest(measured, this.extents),
      errors: this.errors,
      check,
      ...this.undecided(widened),
    };
    return { values, measured, refinement };
  }

  /** What would not be decided if all bars were wider by a factor. */
  private undecided(factor: number): Pick<Refinement, 'undecided' | 'possibleMinima'> {
    const bounds = this.bounds(factor);
    const certain = this.pairs(this.bounds(0).low);
    const lower = this.pairs(bounds.low);
    const upper = this.pairs(bounds.high);
    const undecided = certain.births.filter(
      (birth) =>
        lower.deathOf(birth) !== certain.deathOf(birth) ||
        upper.deathOf(birth) !== certain.deathOf(birth),
    );
    return {
      undecided,
      possibleMinima: possibleBirths(bounds, this.graph, this.threshold).length,
    };
  }
}

/** At most `limit` of the points, spread evenly over them. */
function spread(points: readonly number[], limit: number): readonly number[] {
  if (points.length <= limit) return points;
  return Array.from(
    { length: limit },
    (_, k) => points[Math.floor(((k + 0.5) * points.length) / limit)]!,
  );
}

/** Errors of predictions that had a finite bar. */
function compare(
  values: readonly number[],
  expected: Float64Array,
  bars: Float64Array,
  errors: { points: number; beyond: number; largest: number; largestRatio: number },
): void {
  for (const [i, value] of values.entries()) {
    const error = Math.abs(value - expected[i]!);
    if (!Number.isFinite(error) || !(bars[i]! < Infinity)) continue;
    errors.points += 1;
    errors.largest = Math.max(errors.largest, error);
    if (error === 0) continue;
    if (error > bars[i]!) errors.beyond += 1;
    errors.largestRatio = Math.max(errors.largestRatio, error / bars[i]!);
  }
}

/** Most steps, along any of the axes at once, from a point to the nearest measured one. */
function farthest(measured: Uint8Array, extents: readonly number[]): number {
  const { starts, targets } = adjacencyOf('8', extents);
  let front = Array.from(measured.keys()).filter((v) => measured[v] === 1);
  const seen = measured.slice();
  for (let steps = 0; ; steps += 1) {
    const next: number[] = [];
    for (const v of front) {
      for (let e = starts[v]!; e < starts[v + 1]!; e += 1) {
        const u = targets[e]!;
        if (seen[u] === 1) continue;
        seen[u] = 1;
        next.push(u);
      }
    }
    if (next.length === 0) return steps;
    front = next;
  }
}
