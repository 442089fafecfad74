import { svgElement } from '../element';
import { seenPoints } from './seenPoints';

export interface SparklineSeries {
  /** Places in [0, 1], rising; y is null where nothing is known. */
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
}

/** The drawing is stretched to its place; strokes are not. */
const WIDTH = 100;
const HEIGHT = 30;
const MARGIN = 3;
/** More checkpoints than this are a line alone: dots would hide it, and each is painted. */
const MAX_DOTS = 120;
/** About the pixels it is wide. */
const COLUMNS = 160;

/** One line for the run that is shown, faint ones for the others, and where we are. */
export class Sparkline {
  readonly root: SVGSVGElement;
  private readonly rule = svgElement('path', { class: 'spark-rule', ...UNSCALED });
  private readonly now = svgElement('path', { class: 'spark-now', ...UNSCALED });

  constructor(
    private readonly own: SparklineSeries,
    others: readonly SparklineSeries[],
  ) {
    const line = (kind: string, d: string) =>
      d === '' ? [] : [svgElement('path', { class: kind, d, ...UNSCALED })];
    // One path for all of a kind: there may be thousands.
    const dots = { 'spark-missing': '', 'spark-dot': '' };
    const isDense = own.x.length > MAX_DOTS;
    own.x.forEach((place, index) => {
      const height = own.y[index] ?? null;
      const isJoined = (own.y[index - 1] ?? own.y[index + 1] ?? null) !== null;
      if (isDense && height !== null && isJoined) return;
      dots[height === null ? 'spark-missing' : 'spark-dot'] += dot(place, height);
    });
    this.root = svgElement('svg', {
      class: 'sparkline',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    });
    this.root.append(
      this.rule,
      ...others.flatMap((other) => line('spark-other', linePath(other))),
      ...line('spark-line', linePath(own)),
      ...Object.entries(dots).flatMap(([kind, d]) => line(kind, d)),
      this.now,
    );
  }

  /** Where we are: nothing else is drawn anew. */
  point(current: number): void {
    const place = this.own.x[current];
    const height = this.own.y[current] ?? null;
    this.rule.setAttribute('d', place === undefined ? '' : `M${xOf(place)} 0V${HEIGHT}`);
    this.now.setAttribute('d', place === undefined || height === null ? '' : dot(place, height));
  }
}

const UNSCALED = { 'vector-effect': 'non-scaling-stroke' };

function xOf(place: number): number {
  return rounded(MARGIN + place * (WIDTH - 2 * MARGIN));
}

function yOf(height: number): number {
  return rounded(HEIGHT - MARGIN - height * (HEIGHT - 2 * MARGIN));
}

/** A hundredth of a unit is far below a pixel. */
function rounded(length: number): number {
  return Math.round(100 * length) / 100;
}

/** A line without length and with round ends is a dot that the stretching leaves round. */
function dot(place: number, height: number | null): string {
  return `M${xOf(place)} ${yOf(height ?? 0)}h0`;
}

/** Gaps stay gaps. */
function linePath({ x, y }: SparklineSeries): string {
  let path = '';
  let pen = 'M';
  for (const index of seenPoints(x, y, COLUMNS)) {
    const height = y[index] ?? null;
    if (height === null) pen = 'M';
    else {
      path += `${pen}${xOf(x[index]!)} ${yOf(height)}`;
      pen = 'L';
    }
  }
  return path;
}
