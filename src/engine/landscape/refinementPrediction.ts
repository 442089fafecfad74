import { largest } from '../../shared/extremes';
import {
  axisLevels,
  INTERPOLATION_ORDERS,
  type AxisLevels,
  type InterpolationOrder,
} from './refinementLevels';

import { unitBlock } from '../topology/neighborhood';

/** What surpluses are multiplied by until enough of a level are known to learn it. */
const FIRST_CAUTION = 1;
/** So many points of a level teach how surpluses shrink. */
export const LEARNING_POINTS = 40;
/** Caution is so much more than what this share of a level's errors would have asked for. */
const CAUTION_MARGIN = 1.25;
const CAUTION_QUANTILE = 0.95;
const MIN_CAUTION = 0.1;
/** Rounding of an interpolation, as a share of the values. */
const ROUNDING = 2 ** -50;
/** A point is asked for before another whose bar is by this share due to it. */
const CAUSE_SHARE = 1 / 4;

interface Axis extends AxisLevels {
  /** Distance of neighbours along the axis, in vertices. */
  readonly stride: number;
  /** Added to the axis's own levels but 0, so that the finest level is the same of all axes. */
  readonly shift: number;
}

/** Points of one level that are new along equally many axes: `from` to `to` in the order. */
interface PointClass {
  readonly from: number;
  readonly to: number;
  readonly level: number;
}

/**
 * The values of a grid of which only some points are measured: the others interpolated, each with
 * an error bar.
 *
 * A point is interpolated along one axis from points of coarser levels, which may be interpolated
 * themselves: an interpolating wavelet (Deslauriers and Dubuc 1989; Donoho 1992). What interpolation
 * misses is the point's surplus. Where a function is smooth, surpluses shrink from level to level, by
 * 2ᵖ with p points, and by less where it has kinks. So
 *
 *   bar = caution · (largest surplus one level up, along the same axis, nearby) + (share of the bars
 *         of the points it is interpolated from),
 *
 * the caution of each level being learnt from the errors at its measured points. Of several axes the
 * one with the smallest bar is taken.
 *
 * Where a measured value is beyond the bar it would have had, its neighbours in the grid have bars at
 * least as wide as that error.
 *
 * Between two neighbours that are both infinite or NaN a point is taken to be so too. Where only one
 * is, nothing is known: its bar is infinite.
 */
export class Prediction {
  readonly values: Float64Array;
  /** ≥ 0, in units of the values; 0 where measured, Infinity where nothing is known. */
  readonly bars: Float64Array;
  /** 1 where measured. */
  readonly measured: Uint8Array;
  readonly levelOf: Uint8Array;
  /** The finest level; 0 is the coarsest. */
  readonly depth: number;
  private readonly axes: readonly Axis[];
  private readonly position: Uint32Array;
  /** Levels from coarse to fine; what a point is interpolated from comes before it. */
  private readonly order: Uint32Array;
  private readonly classes: readonly PointClass[];
  /** Along each axis |value − interpolation| at the level of the point's coordinate, or its bar. */
  private readonly surplus: readonly Float64Array[];
  private readonly block: readonly (readonly number[])[];
  private readonly caution: Float64Array;
  /** What every caution is multiplied by. */
  private care = 1;
  private chosenOrder: InterpolationOrder = 4;
  /** The interpolation asked for last and the share of bars in it. */
  private sum = 0;
  private error = 0;

  /** @param extents points along each axis; C order, the last axis fastest. */
  constructor(extents: readonly number[]) {
    const size = extents.reduce((product, extent) => product * extent, 1);
    const levels = extents.map(axisLevels);
    this.depth = Math.max(0, largest(levels.map(({ depth }) => depth)));
    let stride = size;
    this.axes = levels.map((axis, a) => {
      stride /= extents[a]!;
      return { ...axis, stride, shift: this.depth - axis.depth };
    });
    this.values = new Float64Array(size);
    this.bars = new Float64Array(size).fill(Infinity);
    this.measured = new Uint8Array(size);
    this.levelOf = new Uint8Array(size);
    this.position = new Uint32Array(size * extents.length);
    this.surplus = extents.map(() => new Float64Array(size));
    this.block = unitBlock(extents.length);
    this.caution = new Float64Array(this.depth + 1).fill(FIRST_CAUTION);
    this.order = new Uint32Array(size);
    this.classes = this.sortPoints();
  }

  get interpolation(): InterpolationOrder {
    return this.chosenOrder;
  }

  /** Widens the bars of all points, for good. */
  widen(factor: number): void {
    this.care *= factor;
  }

  /** Points of a level. */
  pointsOf(level: number): Uint32Array {
    const own = this.classes.filter((each) => each.level === level);
    return own.length === 0 ? new Uint32Array(0) : this.order.slice(own[0]!.from, own.at(-1)!.to);
  }

  measuredOf(level: number): number {
    return this.pointsOf(level).reduce((count, v) => count + this.measured[v]!, 0);
  }

  measure(point: number, value: number): void {
    this.values[point] = value;
    this.bars[point] = 0;
    this.measured[point] = 1;
  }

  /**
   * Interpolates what is not measured, with bars by what measured points teach.
   *
   * @param upTo the finest level with enough measured points to choose the interpolation by; absent
   *   to keep the one there is.
   */
  update(upTo?: number): void {
    if (upTo !== undefined) this.chooseInterpolation(upTo);
    this.interpolateAll();
    const before = this.caution.slice();
    this.learnCaution();
    if (this.caution.some((caution, level) => caution !== before[level])) this.interpolateAll();
  }

  /**
   * The point whose measurement tells most about this one: itself, or one it is interpolated from,
   * directly or not, that its bar comes from.
   */
  cause(point: number): number {
    let v = point;
    for (;;) {
      let next = v;
      let largest = 0;
      for (let a = 0; a < this.axes.length; a += 1) {
        if (!this.isNewAlong(v, a)) continue;
        const { stride, stencils } = this.axes[a]!;
        const x = this.position[v * this.axes.length + a]!;
        const { nodes, weights } = stencils[this.chosenOrder][x]!;
        for (let i = 0; i < nodes.length; i += 1) {
          const u = v + (nodes[i]! - x) * stride;
          const share = Math.abs(weights[i]!) * this.bars[u]!;
          if (share > largest) {
            largest = share;
            next = u;
          }
        }
      }
      if (next === v || !(largest >= CAUSE_SHARE * this.bars[v]!)) return v;
      v = next;
    }
  }

  /** Levels, positions, and the points sorted by level and number of axes they are new along. */
  private sortPoints(): readonly PointClass[] {
    const dimensions = this.axes.length;
    const size = this.values.length;
    const kinds = dimensions + 1;
    const kind = new Uint16Array(size);
    const starts = new Uint32Array((this.depth + 1) * kinds + 1);
    for (let v = 0; v < size; v += 1) {
      let rest = v;
      let level = 0;
      let count = 0;
      for (let a = 0; a < dimensions; a += 1) {
        const { stride, shift, level: levels } = this.axes[a]!;
        const x = Math.floor(rest / stride);
        rest -= x * stride;
        this.position[v * dimensions + a] = x;
        const own = levels[x] === 0 ? 0 : levels[x]! + shift;
        if (own > level) {
          level = own;
          count = 1;
        } else if (own === level && own > 0) {
          count += 1;
        }
      }
      this.levelOf[v] = level;
      kind[v] = level * kinds + count;
      starts[kind[v]! + 1]! += 1;
    }
    const classes: PointClass[] = [];
    for (let k = 1; k < starts.length; k += 1) {
      starts[k]! += starts[k - 1]!;
      const [from, to] = [starts[k - 1]!, starts[k]!];
      if (to > from) classes.push({ from, to, level: Math.floor((k - 1) / kinds) });
    }
    for (let v = 0; v < size; v += 1) {
      this.order[starts[kind[v]!]!] = v;
      starts[kind[v]!]! += 1;
    }
    return classes;
  }

  private isNewAlong(v: number, a: number): boolean {
    const { level, shift } = this.axes[a]!;
    const own = level[this.position[v * this.axes.length + a]!]!;
    return own > 0 && own + shift === this.levelOf[v];
  }

  private interpolateAll(): void {
    for (const { from, to } of this.classes) {
      for (let k = from; k < to; k += 1) {
        const v = this.order[k]!;
        if (this.measured[v] === 0) this.predict(v);
      }
      for (let k = from; k < to; k += 1) this.takeSurplus(this.order[k]!);
    }
    for (let v = 0; v < this.values.length; v += 1) {
      if (this.measured[v] === 1 && Number.isFinite(this.values[v]!)) this.widenAround(v);
    }
  }

  /** Where a measured value is beyond the bar it would have had, so may its neighbours be. */
  private widenAround(v: number): void {
    const caution = this.care * this.caution[this.levelOf[v]!]!;
    let surprise = Infinity;
    for (let a = 0; a < this.axes.length; a += 1) {
      if (!this.isNewAlong(v, a) || !this.interpolate(v, a)) continue;
      const missed = Math.abs(this.values[v]! - this.sum);
      const bar = this.error + caution * this.scale(v, a) + ROUNDING * Math.abs(this.sum);
      surprise = Math.min(surprise, missed > bar ? missed : 0);
    }
    if (surprise === 0 || surprise === Infinity) return;
    for (let k = 0; k < this.block.length; k += 1) {
      let u = v;
      let isInside = true;
      for (let a = 0; a < this.axes.length && isInside; a += 1) {
        const step = this.block[k]![a]!;
        const x = this.position[v * this.axes.length + a]! + step;
        isInside = x >= 0 && x < this.axes[a]!.level.length;
        u += step * this.axes[a]!.stride;
      }
      if (isInside && this.measured[u] === 0) this.bars[u] = Math.max(this.bars[u]!, surprise);
    }
  }

  private predict(v: number): void {
    const caution = this.care * this.caution[this.levelOf[v]!]!;
    let bar = Infinity;
    let value = NaN;
    let finite = 0;
    let infinite = 0;
    let broken = 0;
    for (let a = 0; a < this.axes.length; a += 1) {
      if (!this.isNewAlong(v, a)) continue;
      if (this.interpolate(v, a)) {
        const own = this.error + caution * this.scale(v, a) + ROUNDING * Math.abs(this.sum);
        if (finite === 0 || own < bar) {
          bar = own;
          value = this.sum;
        }
        finite += 1;
      } else {
        if (finite === 0) value = this.sum;
        if (this.error > 0) broken += 1;
        else infinite += 1;
      }
    }
    this.values[v] = value;
    // Axes that disagree say nothing.
    if (broken > 0 || (finite > 0 && infinite > 0)) this.bars[v] = Infinity;
    else this.bars[v] = finite > 0 ? bar : 0;
  }

  /**
   * Interpolates at a point along an axis, by fewer points where not all are finite.
   *
   * @returns false where not both nearest are finite: the error is then 0 if neither is, the value
   *   that of one of them.
   */
  private interpolate(v: number, a: number): boolean {
    const { stride, stencils } = this.axes[a]!;
    const x = this.position[v * this.axes.length + a]!;
    const base = v - x * stride;
    for (let order = this.chosenOrder; ; order = (order - 2) as InterpolationOrder) {
      const { nodes, weights } = stencils[order][x]!;
      let sum = 0;
      let error = 0;
      for (let i = 0; i < nodes.length; i += 1) {
        const u = base + nodes[i]! * stride;
        sum += weights[i]! * this.values[u]!;
        error += Math.abs(weights[i]!) * this.bars[u]!;
      }
      this.sum = sum;
      this.error = error;
      if (Number.isFinite(sum)) return true;
      if (order > 2) continue;
      const below = this.values[base + nodes[0]! * stride]!;
      const above = this.values[base + nodes[1]! * stride]!;
      const isFinite = Number.isFinite(below) || Number.isFinite(above);
      this.sum = Number.isFinite(below) ? below : above;
      this.error = isFinite ? Infinity : 0;
      return false;
    }
  }

  /** Largest surplus near a point along an axis, one level up; Infinity where there is none. */
  private scale(v: number, a: number): number {
    const { stride, level, stencils } = this.axes[a]!;
    const x = this.position[v * this.axes.length + a]!;
    if (level[x] === 1) return Infinity;
    const { nodes } = stencils[6][x]!;
    const surplus = this.surplus[a]!;
    let scale = 0;
    for (let i = 0; i < nodes.length; i += 1) {
      const node = nodes[i]!;
      if (level[node] === level[x]! - 1) {
        scale = Math.max(scale, surplus[v + (node - x) * stride]!);
      }
    }
    return scale;
  }

  private takeSurplus(v: number): void {
    for (let a = 0; a < this.axes.length; a += 1) {
      const x = this.position[v * this.axes.length + a]!;
      if (this.axes[a]!.level[x] === 0) continue;
      const isComparable = this.interpolate(v, a) && Number.isFinite(this.values[v]!);
      const surplus = isComparable ? Math.abs(this.values[v]! - this.sum) : 0;
      this.surplus[a]![v] = Math.max(surplus, this.bars[v]!);
    }
  }

  /** The interpolation that misses least at nine tenths of the measured points of a level. */
  private chooseInterpolation(level: number): void {
    let best: InterpolationOrder = this.chosenOrder;
    let least = Infinity;
    for (const order of INTERPOLATION_ORDERS) {
      this.chosenOrder = order;
      this.interpolateAll();
      const missed = quantile(this.measuredSurpluses(level), 0.9);
      if (missed < least) {
        least = missed;
        best = order;
      }
    }
    this.chosenOrder = best;
  }

  private measuredSurpluses(level: number): Float64Array {
    const found: number[] = [];
    for (const v of this.pointsOf(level)) {
      if (this.measured[v] === 0) continue;
      for (let a = 0; a < this.axes.length; a += 1) {
        if (this.isNewAlong(v, a)) found.push(this.surplus[a]![v]!);
      }
    }
    return Float64Array.from(found.filter(Number.isFinite)).sort();
  }

  /** Levels of which too little is known take the caution of the level before. */
  private learnCaution(): void {
    let caution = FIRST_CAUTION;
    for (let level = 1; level <= this.depth; level += 1) {
      const ratios = this.ratios(level);
      if (ratios.length >= LEARNING_POINTS) {
        caution = Math.max(MIN_CAUTION, CAUTION_MARGIN * quantile(ratios, CAUTION_QUANTILE));
      }
      this.caution[level] = caution;
    }
  }

  /** What the caution should have been at each measured point of a level, sorted. */
  private ratios(level: number): Float64Array {
    const ratios: number[] = [];
    for (const v of this.pointsOf(level)) {
      if (this.measured[v] === 0) continue;
      let least = Infinity;
      let ratio = NaN;
      for (let a = 0; a < this.axes.length; a += 1) {
        if (!this.isNewAlong(v, a) || !this.interpolate(v, a)) continue;
        const scale = this.scale(v, a);
        const bar = this.error + this.caution[level]! * scale;
        if (bar < least) {
          least = bar;
          ratio = Math.max(0, Math.abs(this.values[v]! - this.sum) - this.error) / scale;
        }
      }
      if (Number.isFinite(ratio)) ratios.push(ratio);
    }
    return Float64Array.from(ratios).sort();
  }
}

/** @param sorted ascending. NaN where empty. */
function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
