import type { EChartsCoreOption } from 'echarts/core';
import { DisposableStore, type Disposable } from '../disposable';
import { element } from '../element';
import type { Drawing } from '../export/drawing';
import type { Highlight } from '../pairs/highlight';
import { nearestMark, type Anchor } from '../pairs/nearestMark';
import type { PairMark, Place } from '../pairs/pairMark';
import { Chart } from '../plots/chart';
import type { Theme } from '../plots/theme';

interface Marked {
  readonly marks: readonly PairMark[];
  readonly theme: Theme;
}

/** So many steps a key goes with Shift. */
const FAR = 5;

/** A drawing of the landscape: its pairs answer to the pointer, and the keys walk over its points. */
export abstract class MarkedChart<Content extends Marked, Cursor> implements Disposable {
  readonly root = element('div', { class: 'map' });
  protected readonly chart: Chart;
  /** Where the keys stand. */
  protected cursor: Cursor | null = null;
  private readonly store = new DisposableStore();
  private content: Content | null = null;

  constructor(
    keys: HTMLElement,
    protected readonly pointed: Highlight,
    /** Where the pointer or the keys are. */
    private readonly onCursor: (cursor: Cursor | null) => void,
  ) {
    this.chart = this.store.add(
      new Chart(this.root, (place) => {
        const id = place && nearestMark(this.anchors(), place.x, place.y);
        pointed.set(id);
        if (id === null) onCursor(place && this.content && this.under(this.content, place));
      }),
    );
    this.store.add(
      pointed.onChange(() => {
        this.draw();
      }),
    );
    this.store.listen(keys, 'keydown', (event) => {
      if (!this.root.hidden && event.target === keys) this.key(event);
    });
    this.store.listen(keys, 'blur', () => {
      if (this.cursor === null) return;
      this.cursor = null;
      onCursor(null);
      this.draw();
    });
  }

  show(content: Content): void {
    this.content = content;
    this.draw();
  }

  drawing(): Drawing | null {
    return this.content && this.chart.drawing(this.content.theme);
  }

  dispose(): void {
    this.store.dispose();
    this.root.remove();
  }

  protected abstract option(content: Content): EChartsCoreOption;

  /** What is under a pixel; null beyond the axes. */
  protected abstract under(
    content: Content,
    pixel: { readonly x: number; readonly y: number },
  ): Cursor | null;

  /** Data coordinates of an end of a pair. */
  protected abstract coordinates(content: Content, end: Place): readonly [number, number];

  /** Where a key leads from the cursor, or from the middle; null where it leads nowhere. */
  protected abstract moved(content: Content, key: string, steps: number): Cursor | null;

  private draw(): void {
    const { content } = this;
    if (content !== null && !this.root.hidden) this.chart.draw(() => this.option(content));
  }

  private anchors(): Anchor[] {
    const { content } = this;
    if (content === null) return [];
    return content.marks.flatMap(({ id, places, essential }) => {
      if (places === null) return [];
      const ends = essential ? [places.birth] : [places.birth, places.death];
      return ends.flatMap((end) => {
        const pixel = this.chart.toPixel(0, ...this.coordinates(content, end));
        return pixel === null ? [] : [{ id, ...pixel }];
      });
    });
  }

  private key(event: KeyboardEvent): void {
    const { content } = this;
    const next = content && this.moved(content, event.key, event.shiftKey ? FAR : 1);
    if (next === null) return;
    event.preventDefault();
    this.cursor = next;
    this.pointed.set(null);
    this.onCursor(next);
    this.draw();
  }
}
