import type { Refinement } from '../../shared/result/landscape';
import { say, type Message } from '../../shared/words/message';

/** What a reader must know to judge a refined landscape: full sentences. */
export function refinementNotes(refinement: Refinement): readonly Message[] {
  const { evaluations, gridPoints, threshold, check, farthest } = refinement;
  const { undecided, possibleMinima } = refinement;
  const worst = check.largestRatio;
  return [
    say`The landscape was refined: ${count(evaluations)} of ${count(gridPoints)} evaluations, the other points are interpolated. Pairs of persistence above ${figure(threshold)} are decided; smaller ones are not counted.`,
    say`That assumes the loss between evaluated points, at most ${steps(farthest)} away, to be as smooth as around them: a pit that fits between them is not seen.`,
    ...(check.points === 0
      ? []
      : [
          say`At ${count(check.points)} points drawn at random to check it, interpolation was off by ${figure(check.largest)} at most, and by more than its error bar at ${count(check.beyond)}.`,
        ]),
    ...(worst <= 1 || (undecided.length === 0 && possibleMinima === 0)
      ? []
      : [
          say`Were all error bars ${figure(worst)} times as wide, as the worst error asks for, ${count(undecided.length)} of the pairs would be undecided, and ${count(possibleMinima)} points might be further minima.`,
        ]),
  ];
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}

function figure(x: number): string {
  return String(Number(x.toPrecision(3)));
}

function steps(n: number): Message {
  return n === 1 ? say`1 step` : say`${n} steps`;
}
