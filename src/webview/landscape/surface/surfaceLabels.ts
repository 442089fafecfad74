import { element } from '../../element';
import type { DrawnText } from '../../export/drawing';
import type { Theme } from '../../plots/theme';

export interface SurfaceLabel {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly anchor: 'center' | 'end';
  readonly kind: 'tick' | 'title';
}

/** Text over the surface, as elements: sharp at any zoom and in the editor's own font. */
export class SurfaceLabels {
  readonly root = element('div', { class: 'surface-labels', 'aria-hidden': 'true' });
  private drawn: readonly SurfaceLabel[] = [];
  private readonly pool: HTMLElement[] = [];

  /** Labels that would cover an earlier one are left out: titles come first. */
  draw(labels: readonly SurfaceLabel[]): void {
    const taken: { left: number; right: number; top: number; bottom: number }[] = [];
    const drawn: SurfaceLabel[] = [];
    let used = 0;
    for (const label of labels) {
      const width = widthOf(label.text);
      const left = label.anchor === 'end' ? label.x - width : label.x - width / 2;
      const box = { left, right: left + width, top: label.y - 7, bottom: label.y + 7 };
      const covered = taken.some(
        (other) =>
          box.left < other.right &&
          other.left < box.right &&
          box.top < other.bottom &&
          other.top < box.bottom,
      );
      if (covered) continue;
      taken.push(box);
      drawn.push(label);
      const node = this.node(used++);
      // The same text again would lay it out again.
      if (node.textContent !== label.text) node.textContent = label.text;
      node.className = `surface-label is-${label.kind}`;
      const shift = label.anchor === 'end' ? '-100%' : '-50%';
      node.style.transform = `translate(${label.x.toFixed(1)}px, ${label.y.toFixed(1)}px) translate(${shift}, -50%)`;
      node.hidden = false;
    }
    this.drawn = drawn;
    for (let k = used; k < this.pool.length; k++) this.pool[k]!.hidden = true;
  }

  /** What was drawn last, for a drawing elsewhere. */
  texts({ foreground, muted }: Theme): readonly DrawnText[] {
    return this.drawn.map(({ text, x, y, anchor, kind }) => ({
      text,
      x,
      y,
      anchor: anchor === 'end' ? 'end' : 'middle',
      color: kind === 'title' ? foreground : muted,
    }));
  }

  private node(index: number): HTMLElement {
    let node = this.pool[index];
    if (node === undefined) {
      node = element('span');
      this.pool.push(node);
      this.root.append(node);
    }
    return node;
  }
}

/** About so many pixels; Chinese characters are as wide as they are high. */
function widthOf(text: string): number {
  let width = 4;
  for (const character of text) width += character > '\u2e7f' ? 11 : 6.4;
  return width;
}
