import type { Disposable } from '../disposable';

/** Drawn before it is scrolled to: so much of the window's height away. */
const MARGIN = '50%';
/** Out of sight it is drawn at the latest after so many milliseconds. */
const LATEST = 1000;

/**
 * Draws what is in sight at once, and the rest when the page has nothing else to do: a page has more
 * plots than a window shows, and all of them follow the threshold and the checkpoint.
 */
export class InSight implements Disposable {
  private isNear = false;
  private waiting: (() => void) | null = null;
  private readonly observer: IntersectionObserver;

  /** @param onDraw draws what there is now. */
  constructor(
    host: HTMLElement,
    private readonly onDraw: () => void,
  ) {
    this.observer = new IntersectionObserver(
      (changes) => {
        this.isNear = changes.at(-1)?.isIntersecting ?? false;
        if (this.isNear && this.waiting !== null) this.now();
      },
      { rootMargin: `${MARGIN} 0%` },
    );
    this.observer.observe(host);
  }

  /** Now where it is in sight, soon where it is not. */
  draw(): void {
    if (this.isNear) this.now();
    else
      this.waiting ??= whenIdle(() => {
        this.now();
      });
  }

  dispose(): void {
    this.observer.disconnect();
    this.waiting?.();
  }

  private now(): void {
    this.waiting?.();
    this.waiting = null;
    this.onDraw();
  }
}

/** @returns what forgets it. Not every browser tells when it is idle. */
function whenIdle(work: () => void): () => void {
  if (typeof requestIdleCallback === 'function') {
    const id = requestIdleCallback(work, { timeout: LATEST });
    return () => {
      cancelIdleCallback(id);
    };
  }
  const timer = setTimeout(work, 50);
  return () => {
    clearTimeout(timer);
  };
}
