/** Around a map: its title and axes, a map beside it, a colour bar with its ticks and name. */
const TOP = 26;
const BOTTOM = 42;
const LEFT = 50;
const GAP = 46;
const RIGHT = 8;
const BAR = 86;
/** Below this nothing is to be seen in a map, above it no more. */
const MIN_SIDE = 150;
const MAX_SIDE = 560;
const MIN_DRAWN = 30;

export interface MapBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** The first of its row. */
  readonly isFirst: boolean;
}

/** @param bars whether a colour bar stands to the right of each map. @returns what a row leaves no map. */
function besideMaps(bars: readonly boolean[], columns: number): readonly number[] {
  return Array.from({ length: columns }, (_, column) => {
    const hasBar = bars.some((bar, k) => bar && k % columns === column);
    if (column === columns - 1) return hasBar ? BAR : RIGHT;
    return hasBar ? BAR + GAP : GAP;
  });
}

function sideOf(bars: readonly boolean[], columns: number, width: number): number {
  const beside = besideMaps(bars, columns).reduce((sum, room) => sum + room, LEFT);
  return (width - beside) / columns;
}

/** Whether all stand in one row, each large enough. */
export function fitInRow(bars: readonly boolean[], width: number): boolean {
  return sideOf(bars, bars.length, width) >= MIN_SIDE;
}

/** Height at which as many as can be seen stand in a row, in pixels. */
export function heightOfMaps(bars: readonly boolean[], width: number): number {
  let columns = bars.length;
  while (columns > 1 && sideOf(bars, columns, width) < MIN_SIDE) columns--;
  const side = Math.min(MAX_SIDE, Math.max(MIN_DRAWN, sideOf(bars, columns, width)));
  return Math.ceil(bars.length / columns) * (side + TOP + BOTTOM);
}

/** Squares as large as they can be in so much room, row after row. */
export function mapBoxes(
  bars: readonly boolean[],
  { width, height }: { readonly width: number; readonly height: number },
): readonly MapBox[] {
  let [columns, side] = [1, 0];
  for (let tried = 1; tried <= bars.length; tried++) {
    const rows = Math.ceil(bars.length / tried);
    const room = Math.min(sideOf(bars, tried, width), height / rows - TOP - BOTTOM);
    if (room > side) [columns, side] = [tried, room];
  }
  side = Math.round(Math.max(MIN_DRAWN, side));
  const beside = besideMaps(bars, columns);
  const lefts = [LEFT];
  for (const room of beside) lefts.push(lefts.at(-1)! + side + room);
  return bars.map((_, k) => ({
    left: lefts[k % columns]!,
    top: TOP + Math.floor(k / columns) * (side + TOP + BOTTOM),
    width: side,
    height: side,
    isFirst: k % columns === 0,
  }));
}
