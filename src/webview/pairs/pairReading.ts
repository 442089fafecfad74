import type { DisposableStore } from '../disposable';
import type { PlotSection } from '../plots/plotSection';
import type { Highlight } from './highlight';
import { stepMark } from './nearestMark';
import type { PairMark } from './pairMark';
import { pairText } from './pairText';

/** Keys of a plot of pairs. */
const STEPS: Readonly<Record<string, 1 | -1>> = {
  ArrowRight: 1,
  ArrowDown: 1,
  ArrowLeft: -1,
  ArrowUp: -1,
};

/**
 * Lets a plot of pairs be read: keys go from one to the next, and the one that is pointed at, here or
 * in another plot, is told in words.
 *
 * @param marks that are drawn, most persistent first.
 * @param draw called when another is pointed at.
 */
export function readPairs(
  store: DisposableStore,
  section: PlotSection,
  highlight: Highlight,
  marks: () => readonly PairMark[],
  draw: () => void,
): void {
  store.listen(section.stage, 'keydown', (event) => {
    if (event.key === 'Escape') highlight.set(null);
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    highlight.set(stepMark(marks(), highlight.pair, step));
  });
  store.add(
    highlight.onChange((id) => {
      const mark = marks().find((candidate) => candidate.id === id);
      section.read(mark === undefined ? null : pairText(mark));
      draw();
    }),
  );
}
