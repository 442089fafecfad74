import { svgElement } from '../element';

export interface SparklineSeries {
  /** Places in [0, 1]; y is null where nothing is known. */
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
}

/** The drawing is stretched to its place; strokes are not. */
const WIDTH = 100;
const HEIGHT = 30;
const MARGIN = 3;
/** More checkpoints than this are a line alone: dots would hide it, and each is painted. */
const MAX_DOTS = 120;

/** One line for the run that is shown, faint ones for the others, and where we are. */
export function sparkline(
  own: SparklineSeries,
  others: readonly SparklineSeries[],
  current: number,
): SVGSVGElement {
  const svg = svgElement('svg', {
    class: 'sparkline',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  const x = (value: number) => MARGIN + value * (WIDTH - 2 * MARGIN);
  const y = (value: number) => HEIGHT - MARGIN - value * (HEIGHT - 2 * MARGIN);
  const now = own.x[current];
  if (now !== undefined) {
    svg.append(
      svgElement('path', { class: 'spark-rule', d: `M${x(now)} 0V${HEIGHT}`, ...UNSCALED }),
    );
  }
  for (const other of others) {
    svg.append(svgElement('path', { class: 'spark-other', d: linePath(other, x, y), ...UNSCALED }));
  }
  svg.append(svgElement('path', { class: 'spark-line', d: linePath(own, x, y), ...UNSCALED }));
  // One path for all of a kind: there may be thousands.
  const dots = { 'spark-missing': '', 'spark-dot': '', 'spark-now': '' };
  const isDense = own.x.length > MAX_DOTS;
  own.x.forEach((place, index) => {
    const height = own.y[index] ?? null;
    const isJoined = (own.y[index - 1] ?? own.y[index + 1] ?? null) !== null;
    if (isDense && height !== null && isJoined && index !== current) return;
    const kind = height === null ? 'spark-missing' : index === current ? 'spark-now' : 'spark-dot';
    // A line without length and with round ends is a dot that the stretching leaves round.
    dots[kind] += `M${x(place)} ${height === null ? HEIGHT - MARGIN : y(height)}h0`;
  });
  for (const [kind, d] of Object.entries(dots)) {
    if (d !== '') svg.append(svgElement('path', { class: kind, d, ...UNSCALED }));
  }
  return svg;
}

const UNSCALED = { 'vector-effect': 'non-scaling-stroke' };

/** Gaps stay gaps. */
function linePath(
  series: SparklineSeries,
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let pen = 'M';
  series.x.forEach((place, index) => {
    const height = series.y[index] ?? null;
    if (height === null) pen = 'M';
    else {
      path += `${pen}${x(place)} ${y(height)}`;
      pen = 'L';
    }
  });
  return path;
}
