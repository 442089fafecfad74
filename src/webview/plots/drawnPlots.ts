import type { Disposable } from '../disposable';
import { sameParts } from '../state/sameParts';
import { t } from '../../shared/words/text';
import type { PlotSection } from './plotSection';

/**
 * Draws plots again only where what they show is another, and apart from each other. Each is drawn
 * for the first time in a task of its own, in the order of the page: its figures are on the screen
 * before the first plot is begun, and a click waits for one plot and not for all.
 */
export class DrawnPlots implements Disposable {
  private readonly shown = new Map<PlotSection, readonly unknown[]>();
  /** Plots that are drawn for the first time soon. */
  private readonly waiting = new Map<PlotSection, () => void>();
  private stop: (() => void) | null = null;

  /**
   * @param shown all that the drawing follows from.
   *
   * A document that says what no document should must not take the other plots with it: a plot that
   * cannot be drawn says so.
   */
  draw(section: PlotSection, shown: readonly unknown[], update: () => void): void {
    const before = this.shown.get(section);
    if (before !== undefined && sameParts(before, shown)) return;
    this.shown.set(section, shown);
    const work = (): void => {
      try {
        update();
      } catch (error) {
        console.warn(error);
        section.root.hidden = false;
        section.explain(
          t(
            'This part of the result cannot be drawn: analyze the checkpoint again, or look at the file.',
          ),
        );
      }
    };
    if (before !== undefined && !this.waiting.has(section)) {
      work();
      return;
    }
    this.waiting.set(section, work);
    this.stop ??= afterPaint(() => {
      this.next();
    });
  }

  /** Everything is drawn anew. */
  forget(): void {
    this.shown.clear();
    this.waiting.clear();
  }

  dispose(): void {
    this.waiting.clear();
    this.stop?.();
  }

  private next(): void {
    this.stop = null;
    const [first] = this.waiting;
    if (first === undefined) return;
    const [section, work] = first;
    this.waiting.delete(section);
    work();
    if (this.waiting.size === 0) return;
    const timer = setTimeout(() => {
      this.next();
    });
    this.stop = () => {
      clearTimeout(timer);
    };
  }
}

/** A page that says nothing of its first picture is not waited for longer, in milliseconds. */
const LATEST_PICTURE = 250;

/**
 * Once what has been put on the page is on the screen: what is handed to the graphics before holds up the
 * first picture. @returns what forgets it.
 */
function afterPaint(work: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let frame = 0;
  const observer = new PerformanceObserver(() => {
    then();
  });
  const stop = (): void => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    observer.disconnect();
  };
  const then = (): void => {
    stop();
    timer = setTimeout(work);
  };
  // A page that nobody sees is never painted.
  if (document.hidden) then();
  else if (performance.getEntriesByType('paint').length > 0) frame = requestAnimationFrame(then);
  else {
    observer.observe({ type: 'paint' });
    timer = setTimeout(then, LATEST_PICTURE);
  }
  return stop;
}
