import type { PairId, PairMark } from './pairMark';

/** Where a pair is on the screen: one of its ends, in pixels of the plot. */
export interface Anchor {
  readonly id: PairId;
  readonly x: number;
  readonly y: number;
}

const REACH = 14;

/** The pair whose mark is nearest to the pointer, if it is near. */
export function nearestMark(anchors: Iterable<Anchor>, x: number, y: number): PairId | null {
  let best: PairId | null = null;
  let bestDistance = REACH;
  for (const anchor of anchors) {
    const distance = Math.hypot(anchor.x - x, anchor.y - y);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = anchor.id;
    }
  }
  return best;
}

/** The pair after (+1) or before (−1) this one, in the order of the marks, around the end. */
export function stepMark(
  marks: readonly PairMark[],
  current: PairId | null,
  step: 1 | -1,
): PairId | null {
  if (marks.length === 0) return null;
  const at = marks.findIndex((mark) => mark.id === current);
  const next = at < 0 ? (step > 0 ? 0 : marks.length - 1) : at + step;
  return marks[(next + marks.length) % marks.length]!.id;
}
