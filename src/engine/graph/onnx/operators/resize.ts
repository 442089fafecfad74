import { largest, smallest } from '../../../../shared/extremes';
import { InputError } from '../../../../shared/inputError';
import type { Graph } from '../../graph';
import type { Node } from '../../operations';
import { say } from '../../../../shared/words/message';
import { axisOf, countable, type Operator, type OperatorCall } from './operatorCall';
import { applyAlong, pickAlong } from './places';

const { fround } = Math;

/** Of a scale that is taken for a ratio. */
const MAX_DIVISOR = 100;

/** How one axis is resized. */
interface Axis {
  readonly axis: number;
  readonly extent: number;
  readonly count: number;
  /** As the file has it. */
  readonly scale: number;
  /** Whether the scale is that of the two extents, and no number of the file. */
  readonly isBySize: boolean;
  /** Start and end of the region that is read, as shares of the axis. */
  readonly region: readonly [number, number];
}

/**
 * Interpolation, one axis after the other: each is a selection of places (nearest) or a product
 * with a matrix of weights (linear, cubic).
 */
function resize(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const mode = c.text('mode', 'nearest');
  const crops = kindOf(c) === 'tf_crop_and_resize';
  let outside: Node | null = null;
  const result = axesOf(c, x).reduce((node, own) => {
    const { axis, extent, count, scale } = own;
    if (scale === 1 && count === extent && !crops) return node;
    countable(count, say`places`);
    if (mode === 'nearest') return pickAlong(g, node, axis, nearestPlaces(c, own));
    const places = Array.from({ length: count }, (_, i) => coordinate(c, own, i, exactly));
    if (crops) outside = joinOutside(g, outside, x, own, places);
    return applyAlong(g, node, axis, weightMatrix(c, mode, own, places));
  }, x);
  if (crops && mode === 'nearest') {
    for (const own of axesOf(c, x)) {
      const places = Array.from({ length: own.count }, (_, i) => coordinate(c, own, i, fround));
      outside = joinOutside(g, outside, x, own, places);
    }
  }
  const extrapolated = g.scalar(c.float('extrapolation_value', 0));
  return outside === null ? result : g.where(outside, extrapolated, result);
}

function kindOf(c: OperatorCall): string {
  return c.text('coordinate_transformation_mode', 'half_pixel');
}

function axesOf(c: OperatorCall, x: Node): readonly Axis[] {
  const rank = x.shape.length;
  const axes = (c.list('axes') ?? x.shape.map((_, axis) => axis)).map((axis) => axisOf(axis, rank));
  const [scales, sizes] = [c.numbers(2) ?? [], c.numbers(3) ?? []];
  const regions = kindOf(c) === 'tf_crop_and_resize' ? (c.numbers(1) ?? []) : [];
  const isBySize = sizes.length > 0;
  if ((isBySize ? sizes : scales).length !== axes.length) {
    throw new InputError(
      say`${isBySize ? sizes.length : scales.length} sizes or scales are given for ${axes.length} axes`,
      'damaged',
    );
  }
  const policy = c.text('keep_aspect_ratio_policy', 'stretch');
  const ratios = axes.map((axis, i) =>
    isBySize ? sizes[i]! / x.shape[axis]! : simplest(scales[i]!),
  );
  const one =
    policy === 'not_larger' ? smallest(ratios) : policy === 'not_smaller' ? largest(ratios) : null;
  return axes.map((axis, i) => {
    const extent = x.shape[axis]!;
    const scale = isBySize && one !== null ? one : ratios[i]!;
    const count = !isBySize
      ? Math.floor(extent * scale)
      : one === null
        ? sizes[i]!
        : Math.floor(extent * scale + 0.5);
    const region = [regions[i] ?? 0, regions[i + axes.length] ?? 1] as const;
    return { axis, extent, count, scale, isBySize, region };
  });
}

/** The simplest number that rounds to a float32: 0.3 or 4/3 was meant, and not 0.30000001. */
function simplest(scale: number): number {
  if (fround(scale) !== scale) return scale;
  for (let divisor = 1; divisor <= MAX_DIVISOR; divisor += 1) {
    const ratio = Math.round(scale * divisor) / divisor;
    if (fround(ratio) === scale) return ratio;
  }
  for (let digits = 1; digits < 9; digits += 1) {
    const decimal = Number(scale.toPrecision(digits));
    if (fround(decimal) === scale) return decimal;
  }
  return scale;
}

/**
 * The places nearest neighbours are taken from, in float32 as ONNX Runtime and PyTorch compute them,
 * where rounding decides. The two differ where PyTorch multiplies with 1 / scale (`asymmetric` and
 * `floor` is its `nearest`): there it is PyTorch's.
 */
function nearestPlaces(c: OperatorCall, own: Axis): readonly number[] {
  const rounding = c.text('nearest_mode', 'round_prefer_floor');
  const { extent, count, scale, isBySize } = own;
  const isPyTorch = kindOf(c) === 'asymmetric' && rounding === 'floor';
  const step = fround(isBySize ? fround(extent) / fround(count) : 1 / scale);
  return Array.from({ length: count }, (_, i) => {
    const at = isPyTorch
      ? Math.floor(fround(i * step))
      : nearest(coordinate(c, own, i, fround), rounding);
    return Math.min(Math.max(at, 0), extent - 1);
  });
}

type Rounding = (x: number) => number;

const exactly: Rounding = (x) => x;

/** Where element `i` of the result lies on the axis of the argument, each step rounded. */
function coordinate(c: OperatorCall, own: Axis, i: number, r: Rounding): number {
  const { extent, count, region } = own;
  const scale = r(own.scale);
  const half = (): number => r(r(r(i + 0.5) / scale) - 0.5);
  switch (kindOf(c)) {
    case 'half_pixel':
      return half();
    case 'pytorch_half_pixel':
      return count > 1 ? half() : 0;
    case 'half_pixel_symmetric': {
      const adjustment = r(count / r(scale * extent));
      return r(r((extent / 2) * r(1 - adjustment)) + half());
    }
    case 'tf_half_pixel_for_nn':
      return r(r(i + 0.5) / scale);
    case 'align_corners':
      return count > 1 ? r(r(i * (extent - 1)) / (count - 1)) : 0;
    case 'asymmetric':
      return r(i / scale);
    case 'tf_crop_and_resize': {
      const [start, end] = region;
      return count > 1
        ? r(r(start * (extent - 1)) + r(r(i * r(r(end - start) * (extent - 1))) / (count - 1)))
        : r(0.5 * r(start + end) * (extent - 1));
    }
    default:
      throw new InputError(say`coordinates by ${kindOf(c)} are not supported`, 'unsupported');
  }
}

function nearest(at: number, rounding: string): number {
  switch (rounding) {
    case 'floor':
      return Math.floor(at);
    case 'ceil':
      return Math.ceil(at);
    case 'round_prefer_ceil':
      return Math.floor(at + 0.5);
    default:
      return Math.ceil(at - 0.5);
  }
}

/** 1 where any axis was read outside of the argument, along the axis that is given. */
function joinOutside(
  g: Graph,
  before: Node | null,
  x: Node,
  { axis, extent, count }: Axis,
  places: readonly number[],
): Node {
  const shape = x.shape.map((_, i) => (i === axis ? count : 1));
  const flags = Float64Array.from(places, (at) => (at < 0 || at > extent - 1 ? 1 : 0));
  const own = g.constant(flags, shape);
  return before === null ? own : g.less(g.scalar(0), g.add(before, own));
}

/** [count, extent]: the share of each element of the argument in each of the result. */
function weightMatrix(
  c: OperatorCall,
  mode: string,
  { extent, count, scale }: Axis,
  places: readonly number[],
): Node {
  const matrix = new Float64Array(countable(count * extent, say`pairs of places`));
  const filter = filterOf(c, mode);
  const antialias = c.integer('antialias', 0) === 1;
  // The filter is as wide as what is read for one element of the result.
  const width = antialias ? Math.max(1, 1 / scale) : 1;
  const drops = antialias || c.integer('exclude_outside', 0) === 1;
  const reach = filter.support * width;
  places.forEach((at, row) => {
    const first = Math.ceil(at - reach);
    const last = Math.floor(at + reach);
    let sum = 0;
    for (let j = first; j <= last; j += 1) {
      const isOutside = j < 0 || j >= extent;
      if (isOutside && drops) continue;
      const weight = filter.weight(Math.abs(j - at) / width);
      sum += weight;
      matrix[row * extent + Math.min(Math.max(j, 0), extent - 1)]! += weight;
    }
    if (!drops || sum === 0) return;
    for (let j = 0; j < extent; j += 1) matrix[row * extent + j]! /= sum;
  });
  return c.g.constant(matrix, [count, extent]);
}

/** The weight of a neighbour by its distance, which is 0 from `support` on. */
interface Filter {
  readonly support: number;
  readonly weight: (distance: number) => number;
}

function filterOf(c: OperatorCall, mode: string): Filter {
  if (mode === 'linear') return { support: 1, weight: (d) => Math.max(0, 1 - d) };
  if (mode === 'cubic') {
    // Keys 1981, with the free coefficient ONNX gives.
    const a = c.float('cubic_coeff_a', -0.75);
    return {
      support: 2,
      weight: (d) => {
        if (d >= 2) return 0;
        return d < 1
          ? ((a + 2) * d - (a + 3)) * d * d + 1
          : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
      },
    };
  }
  throw new InputError(say`interpolation by ${mode} is not supported`, 'unsupported');
}

/** Interpolation. */
export const resizeOperators: readonly (readonly [string, Operator])[] = [['Resize', resize]];
