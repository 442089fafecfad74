import { t } from '../../shared/words/text';
import type { PlotSection } from './plotSection';

/** Draws plots again only where what they show is another, and apart from each other. */
export class DrawnPlots {
  private readonly shown = new Map<PlotSection, readonly unknown[]>();

  /**
   * @param shown all that the drawing follows from.
   *
   * A document that says what no document should must not take the other plots with it: a plot that
   * cannot be drawn says so.
   */
  draw(section: PlotSection, shown: readonly unknown[], update: () => void): void {
    const before = this.shown.get(section);
    const isSame = before?.length === shown.length && shown.every((part, k) => part === before[k]);
    if (isSame) return;
    this.shown.set(section, shown);
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
  }

  /** Everything is drawn anew. */
  forget(): void {
    this.shown.clear();
  }
}
