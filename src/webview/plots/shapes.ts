import type { Theme } from './theme';

/** Words at a place, in pixels: to the right of it where nothing else is said. */
export function label(
  words: string,
  [x, y]: readonly [number, number],
  theme: Theme,
  style: object = {},
): unknown {
  return {
    type: 'text',
    style: {
      text: words,
      x,
      y,
      fill: theme.foreground,
      font: `11px ${theme.fontFamily}`,
      align: 'left',
      verticalAlign: 'middle',
      ...style,
    },
  };
}

/** A saddle: a cross of one colour around another, `reach` pixels to each side. */
export function cross(
  [x, y]: readonly [number, number],
  reach: number,
  strokes: readonly (readonly [stroke: string, lineWidth: number])[],
): unknown {
  const [left, right, top, bottom] = [x - reach, x + reach, y - reach, y + reach];
  const pathData = `M${left} ${top}L${right} ${bottom}M${right} ${top}L${left} ${bottom}`;
  const children = strokes.map(([stroke, lineWidth]) => ({
    type: 'path',
    shape: { pathData },
    style: { fill: null, stroke, lineWidth, lineCap: 'round' },
  }));
  return { type: 'group', children };
}
