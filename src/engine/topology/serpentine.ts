/**
 * Serpentine sampling: a walk through the plane back and forth that steps before it evaluates
 * leaves every other column shifted by one point, and the ragged columns make saddles of their own.
 */

/** Clean landscapes give 0.54 to 0.86, shifted ones 2.15 and more; between them, the middle. */
const SHIFTED = 1.36;
/** With fewer points along an axis noise alone comes near. */
const LEAST_POINTS = 6;

/** A warning for each axis of a plane along which every other column is shifted. */
export function serpentineWarnings(values: Float64Array, shape: readonly number[]): string[] {
  const [first, second] = shape;
  if (shape.length !== 2 || first === undefined || second === undefined) return [];
  if (first < LEAST_POINTS || second < LEAST_POINTS) return [];
  const heights = logarithms(values);
  const ratios = [
    serpentineRatio(heights, { columns: first, columnStep: second, points: second, pointStep: 1 }),
    serpentineRatio(heights, { columns: second, columnStep: 1, points: first, pointStep: second }),
  ];
  return ratios.flatMap((ratio, axis) =>
    ratio > SHIFTED
      ? [
          `Every other line across axis ${axis} is shifted by one point against its neighbours, as sampling back and forth leaves it; most minima and saddles of such a landscape are not the model's, so sample it again or put the lines back.`,
        ]
      : [],
  );
}

interface Lines {
  readonly columns: number;
  readonly columnStep: number;
  readonly points: number;
  readonly pointStep: number;
}

/**
 * Mean absolute second difference of the heights across columns as given, divided by the same after
 * odd columns are moved by one point, in the direction that makes it smaller. 1 where both vanish.
 */
export function serpentineRatio(heights: Float64Array, lines: Lines): number {
  const given = roughness(heights, lines, 0);
  const moved = Math.min(roughness(heights, lines, 1), roughness(heights, lines, -1));
  return given === 0 ? Math.min(moved, 1) : given / moved;
}

function roughness(heights: Float64Array, lines: Lines, shift: number): number {
  const { columns, columnStep, points, pointStep } = lines;
  let sum = 0;
  let count = 0;
  for (let column = 1; column < columns - 1; column++) {
    const odd = column % 2 === 1 ? shift * pointStep : 0;
    const even = column % 2 === 1 ? 0 : shift * pointStep;
    for (let point = 1; point < points - 1; point++) {
      const at = column * columnStep + point * pointStep;
      const difference =
        heights[at - columnStep + even]! -
        2 * heights[at + odd]! +
        heights[at + columnStep + even]!;
      if (difference - difference !== 0) continue;
      sum += Math.abs(difference);
      count++;
    }
  }
  return count === 0 ? 0 : sum / count;
}

/** Logarithms where every finite value is positive, as losses are; else the values. */
function logarithms(values: Float64Array): Float64Array {
  for (let v = 0; v < values.length; v++) if (values[v]! <= 0) return values;
  return values.map((x) => Math.log(x));
}
