import { InputError } from '../../../../shared/inputError';
import type { Graph } from '../../graph';
import type { Node } from '../../operations';
import { say } from '../../../../shared/words/message';
import { axisOf, countable, type Operator, type OperatorCall } from './operatorCall';
import { moveAxesLast } from './places';

/** cos and sin of 2π·k·t / n for k < rows, t < columns, times a weight of each column. */
function waves(
  g: Graph,
  n: number,
  rows: number,
  columns: number,
  weight: (column: number) => number,
): { readonly cosine: Node; readonly sine: Node } {
  countable(rows * columns, say`pairs of frequencies and places`);
  const of = (wave: (angle: number) => number): Node =>
    g.constant(
      Float64Array.from({ length: rows * columns }, (_, i) => {
        const [k, t] = [Math.floor(i / columns), i % columns];
        // The angle of a whole number of steps, so that it is exact however many they are.
        return weight(t) * wave((2 * Math.PI * ((k * t) % n)) / n);
      }),
      [rows, columns],
    );
  return { cosine: of(Math.cos), sine: of(Math.sin) };
}

/**
 * The discrete Fourier transform along an axis as products with waves, of real values [..., 1] or
 * complex ones [..., 2]; of half of the frequencies where the values, or the results, are real.
 */
function transform(c: OperatorCall): Node {
  const { g } = c;
  const x = c.node(0);
  const rank = x.shape.length;
  const axis = axisOf(c.numbers(2)?.[0] ?? c.integer('axis', rank === 2 ? 0 : 1), rank);
  if (axis === rank - 1)
    throw new InputError(say`the last axis holds the parts of numbers`, 'damaged');
  const isInverse = c.integer('inverse', 0) === 1;
  const isHalf = c.integer('onesided', 0) === 1;
  const given = c.numbers(1)?.[0];
  const extent = x.shape[axis]!;
  const n = given ?? (isInverse && isHalf ? 2 * (extent - 1) : extent);
  // What is longer than the transform is cut, what is shorter is followed by zeros.
  const used = Math.min(extent, isInverse && isHalf ? Math.floor(n / 2) + 1 : n);
  const kept = g.slice(x, {
    starts: x.shape.map(() => 0),
    steps: x.shape.map(() => 1),
    counts: x.shape.map((own, i) => (i === axis ? used : own)),
  });
  const part = (at: number): Node =>
    g.slice(kept, {
      starts: kept.shape.map((_, i) => (i === rank - 1 ? at : 0)),
      steps: kept.shape.map(() => 1),
      counts: kept.shape.map((own, i) => (i === rank - 1 ? 1 : own)),
    });
  const real = moveAxesLast(g, part(0), [axis]);
  const imaginary = x.shape.at(-1) === 2 ? moveAxesLast(g, part(1), [axis]).rows : null;
  const results = !isInverse && isHalf ? Math.floor(n / 2) + 1 : n;
  // Of a real result the other half of the frequencies is the same again.
  const twice = (k: number): number => (k === 0 || 2 * k === n ? 1 : 2);
  const scale = isInverse ? 1 / n : 1;
  const weight = (k: number): number => scale * (isInverse && isHalf ? twice(k) : 1);
  const { cosine, sine } = waves(g, n, results, used, weight);
  const times = (rows: Node, wave: Node): Node => g.matmul(rows, g.transpose(wave, [1, 0]));
  const sign = isInverse ? -1 : 1;
  // (a + ib)(cos ∓ i sin)
  const ofReal = times(real.rows, cosine);
  const first =
    imaginary === null ? ofReal : g.add(ofReal, g.mul(g.scalar(sign), times(imaginary, sine)));
  if (isInverse && isHalf) return real.restore(first);
  const turned = g.mul(g.scalar(-sign), times(real.rows, sine));
  const second = imaginary === null ? turned : g.add(turned, times(imaginary, cosine));
  return g.concat([real.restore(first), real.restore(second)], rank - 1);
}

/** Transforms. */
export const fourierOperators: readonly (readonly [string, Operator])[] = [['DFT', transform]];
