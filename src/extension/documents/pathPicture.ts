import { largest, smallest } from '../../shared/extremes';
/** The loss on a way between two checkpoints. */
export interface LossPath {
  /** Along the way, ascending: 0 is the first checkpoint, 1 the second. */
  readonly positions: readonly number[];
  /** One for each position; what is not finite leaves a gap. */
  readonly losses: readonly number[];
  /** What is written under the two checkpoints. */
  readonly names: readonly [string, string];
  /** What is written beside a loss. */
  readonly format: (loss: number) => string;
}

/** In CSS pixels. */
const WIDTH = 560;
const HEIGHT = 220;
const PLOT = { left: 64, right: WIDTH - 12, top: 12, bottom: HEIGHT - 32 } as const;
/** Readable on dark and on light: a picture does not know what it is shown on. */
const INK = '#7a7a7a';
const LINE = '#3b82f6';

/**
 * A line plot of the loss along the way, with both checkpoints marked; `null` where there are no two
 * finite losses.
 *
 * @returns An SVG document.
 */
export function pathPicture({ positions, losses, names, format }: LossPath): string | null {
  const finite = losses.filter(Number.isFinite);
  if (finite.length < 2) return null;
  const low = smallest(finite);
  const high = largest(finite);
  const from = positions[0]!;
  const to = positions.at(-1)!;
  const x = (position: number): number =>
    PLOT.left + ((position - from) / (to - from)) * (PLOT.right - PLOT.left);
  // All the same is a line in the middle.
  const y = (loss: number): number =>
    high === low
      ? (PLOT.top + PLOT.bottom) / 2
      : PLOT.bottom - ((loss - low) / (high - low)) * (PLOT.bottom - PLOT.top);
  let line = '';
  for (const [index, loss] of losses.entries()) {
    if (!Number.isFinite(loss)) continue;
    const joined = index > 0 && Number.isFinite(losses[index - 1]);
    line += `${joined ? 'L' : 'M'}${x(positions[index]!).toFixed(1)} ${y(loss).toFixed(1)}`;
  }
  const ends = [0, 1].map((position, end) => {
    const at = x(position).toFixed(1);
    const loss = losses[positions.indexOf(position)] ?? NaN;
    const dot = Number.isFinite(loss)
      ? `<circle cx="${at}" cy="${y(loss).toFixed(1)}" r="4.5" fill="${LINE}"/>`
      : '';
    return `<path d="M${at} ${PLOT.top}V${PLOT.bottom}" stroke="${INK}" stroke-dasharray="2 3"/>${dot}<text x="${at}" y="${PLOT.bottom + 20}" text-anchor="middle">${escapeXml(names[end]!)}</text>`;
  });
  const levels = (high === low ? [low] : [low, high]).map(
    (loss) =>
      `<text x="${PLOT.left - 8}" y="${(y(loss) + 4).toFixed(1)}" text-anchor="end">${escapeXml(format(loss))}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="${INK}">`,
    `<path d="M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}" fill="none" stroke="${INK}"/>`,
    ...levels,
    ...ends,
    `<path d="${line}" fill="none" stroke="${LINE}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>`,
    '</svg>',
  ].join('');
}

function escapeXml(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd')
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
