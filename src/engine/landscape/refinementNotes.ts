import type { Refinement } from '../../shared/result/landscape';
import { say, type Message } from '../../shared/words/message';
import { formatCount, formatNumber } from '../../shared/words/numbers';

/** What a reader must know to judge a refined landscape: full sentences. */
export function refinementNotes(refinement: Refinement): readonly Message[] {
  const { evaluations, gridPoints, threshold, check, farthest } = refinement;
  const { undecided, possibleMinima } = refinement;
  const worst = check.largestRatio;
  return [
    say`The landscape was refined: ${formatCount(evaluations)} of ${formatCount(gridPoints)} evaluations, the other points are interpolated. Pairs of persistence above ${formatNumber(threshold, 3)} are decided; smaller ones are not counted.`,
    say`That assumes the loss between evaluated points, at most ${steps(farthest)} away, to be as smooth as around them: a pit that fits between them is not seen.`,
    ...(check.points === 0
      ? []
      : [
          say`At ${formatCount(check.points)} points drawn at random to check it, interpolation was off by ${formatNumber(check.largest, 3)} at most, and by more than its error bar at ${formatCount(check.beyond)}.`,
        ]),
    ...(worst <= 1 || (undecided.length === 0 && possibleMinima === 0)
      ? []
      : [
          say`Were all error bars ${formatNumber(worst, 3)} times as wide, as the worst error asks for, ${formatCount(undecided.length)} of the pairs would be undecided, and ${formatCount(possibleMinima)} points might be further minima.`,
        ]),
  ];
}

function steps(n: number): Message {
  return n === 1 ? say`1 step` : say`${n} steps`;
}
