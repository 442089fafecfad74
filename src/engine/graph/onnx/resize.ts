import { InputError } from '../../../shared/inputError';
import type { Node } from '../graph';
import { axisOf, countable, type Operator, type OperatorCall } from './operatorCall';
import { applyAlong, pickAlong } from './places';

/**
 * Interpolation, one axis after the other: each is a selection of places (nearest) or a product
 * with a matrix of weights (linear, cubic).
 */
function resize(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const rank = x.shape.length;
  const axes = (c.list('axes') ?? x.shape.map((_, axis) => axis)).map((axis) => axisOf(axis, rank));
  const [scales, sizes] = [c.numbers(2), c.numbers(3)];
  const mode = c.text('mode', 'nearest');
  if (
    c.integer('antialias', 0) === 1 ||
    c.text('keep_aspect_ratio_policy', 'stretch') !== 'stretch'
  ) {
    throw new InputError(
      'antialiasing and kept aspect ratios are not supported; use interpolate without antialias',
      'unsupported',
    );
  }
  return axes.reduce((result, axis, position) => {
    const extent = x.shape[axis]!;
    const wanted = sizes !== null && sizes.length > 0 ? sizes[position]! : null;
    const scale = wanted === null ? scales![position]! : wanted / extent;
    const count = wanted ?? Math.floor(extent * scale);
    if (scale === 1 && count === extent) return result;
    const places = coordinates(c, extent, count, scale);
    if (mode === 'nearest') {
      const rounding = c.text('nearest_mode', 'round_prefer_floor');
      return pickAlong(
        g,
        result,
        axis,
        places.map((at) => Math.min(Math.max(nearest(at, rounding), 0), extent - 1)),
      );
    }
    const matrix = new Float64Array(countable(count * extent, 'pairs of places'));
    places.forEach((at, row) => {
      const first = Math.floor(at);
      weights(c, mode, at - first).forEach(([offset, weight]) => {
        const column = Math.min(Math.max(first + offset, 0), extent - 1);
        matrix[row * extent + column]! += weight;
      });
    });
    return applyAlong(g, result, axis, g.constant(matrix, [count, extent]));
  }, x);
}

/** Where the elements of the result lie on the axis of the argument. */
function coordinates(
  c: OperatorCall,
  extent: number,
  count: number,
  scale: number,
): readonly number[] {
  const kind = c.text('coordinate_transformation_mode', 'half_pixel');
  return Array.from({ length: countable(count, 'places') }, (_, i) => {
    switch (kind) {
      case 'half_pixel':
        return (i + 0.5) / scale - 0.5;
      case 'pytorch_half_pixel':
        return count > 1 ? (i + 0.5) / scale - 0.5 : 0;
      case 'half_pixel_symmetric': {
        const adjustment = count / (scale * extent);
        return (extent / 2) * (1 - adjustment) + (i + 0.5) / scale - 0.5;
      }
      case 'align_corners':
        return count > 1 ? (i * (extent - 1)) / (count - 1) : 0;
      case 'asymmetric':
        return i / scale;
      default:
        throw new InputError(`coordinates by ${kind} are not supported`, 'unsupported');
    }
  });
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

/** Weights of the neighbours of a place `t` beyond one of them, by their distance from it. */
function weights(c: OperatorCall, mode: string, t: number): readonly (readonly [number, number])[] {
  if (mode === 'linear') {
    return [
      [0, 1 - t],
      [1, t],
    ];
  }
  if (mode === 'cubic' && c.integer('exclude_outside', 0) === 0) {
    // Keys 1981, with the free coefficient ONNX gives.
    const a = c.float('cubic_coeff_a', -0.75);
    const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
    const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
    return [
      [-1, far(t + 1)],
      [0, near(t)],
      [1, near(1 - t)],
      [2, far(2 - t)],
    ];
  }
  throw new InputError(`interpolation by ${mode} of this kind is not supported`, 'unsupported');
}

/** Interpolation. */
export const resizeOperators: readonly (readonly [string, Operator])[] = [['Resize', resize]];
