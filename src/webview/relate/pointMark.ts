/** Shapes beside colour: the runs of a scatter plot are told apart without it. */
const CORNERS = [0, 4, 3, 4.5, 3.5] as const;

/**
 * The mark of a run's points: disc, square, triangle, diamond, inverted triangle, and again.
 *
 * @param size half of its height, in pixels.
 */
export function pointMark(
  run: number,
  [x, y]: readonly [number, number],
  size: number,
  { color, around }: { readonly color: string; readonly around: string },
): unknown {
  const corners = CORNERS[run % CORNERS.length]!;
  const style = { fill: color, stroke: around, lineWidth: 1.2 };
  if (corners === 0) return { type: 'circle', shape: { cx: x, cy: y, r: size }, style };
  const count = Math.floor(corners);
  // A square stands on a side, a diamond on a corner, a triangle on a side or, inverted, on a corner.
  const turned = corners === 4 ? Math.PI / 4 : corners === 3.5 ? Math.PI : 0;
  const points = Array.from({ length: count }, (_, k) => {
    const angle = turned - Math.PI / 2 + (2 * Math.PI * k) / count;
    return [x + 1.25 * size * Math.cos(angle), y + 1.25 * size * Math.sin(angle)];
  });
  return { type: 'polygon', shape: { points }, style };
}
