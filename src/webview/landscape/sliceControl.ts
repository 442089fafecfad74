import type { Axis } from '../../shared/result/landscape';
import { element, setAttributes, setText } from '../element';
import { sliceText, type SliceSteps } from './landscapeSlice';
import { coordinateAt } from './lossField';
import { formatNumber } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';

/** A slider for each axis after the second: which slice of a landscape is drawn, and where the lowest loss is. */
export class SliceControl {
  readonly root = element('div', { class: 'slices' });
  private axes: readonly Axis[] = [];
  private inputs: readonly HTMLInputElement[] = [];
  private outputs: readonly HTMLOutputElement[] = [];

  private lowest: SliceSteps | null = null;
  private readonly toLowest = element('button', { type: 'button', class: 'segment' });

  constructor(private readonly onSlice: (at: SliceSteps) => void) {
    this.toLowest.addEventListener('click', () => {
      if (this.lowest !== null) this.onSlice(this.lowest);
    });
  }

  /**
   * @param axes those after the second; without any there is nothing to choose.
   * @param lowest the slice with the lowest loss; null where there is none.
   */
  update(axes: readonly Axis[], at: SliceSteps, lowest: SliceSteps | null): void {
    this.root.hidden = axes.length === 0;
    const isSame =
      axes.length === this.axes.length &&
      axes.every(({ name, steps }, i) => {
        const old = this.axes[i]!;
        return old.name === name && old.steps === steps;
      });
    this.axes = axes;
    if (!isSame) this.build();
    this.lowest = lowest;
    this.toLowest.hidden = lowest === null;
    if (lowest !== null) {
      const isHere = lowest.every((step, i) => step === at[i]);
      setText(this.toLowest, t('Lowest loss at {0}', sliceText(axes, lowest)));
      setAttributes(this.toLowest, {
        'aria-pressed': String(isHere),
        title: isHere
          ? t('This plane has the lowest loss.')
          : t('Show the plane of the lowest loss'),
      });
    }
    this.inputs.forEach((input, i) => {
      const text = formatNumber(coordinateAt(axes[i]!, at[i] ?? 0), 3);
      input.value = String(at[i] ?? 0);
      setAttributes(input, { 'aria-valuetext': text });
      setText(this.outputs[i]!, text);
    });
  }

  private build(): void {
    this.inputs = this.axes.map(({ name, steps }) => {
      const input = element('input', {
        type: 'range',
        min: 0,
        max: steps - 1,
        step: 1,
        'aria-label': t('Slice along {0}', name),
      });
      input.addEventListener('input', () => {
        this.onSlice(this.inputs.map(({ value }) => Number(value)));
      });
      return input;
    });
    this.outputs = this.axes.map(() => element('output'));
    this.root.replaceChildren(
      ...this.axes.map(({ name }, i) =>
        element('label', {}, `${name} =`, this.outputs[i]!, this.inputs[i]!),
      ),
      this.toLowest,
    );
  }
}
