import type { Axis } from '../../shared/result/landscape';
import { element, setAttributes, setText } from '../element';
import type { SliceSteps } from './landscapeSlice';
import { coordinateAt } from './lossField';
import { formatNumber } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';

/** A slider for each axis after the second: which slice of a landscape is drawn. */
export class SliceControl {
  readonly root = element('div', { class: 'slices' });
  private axes: readonly Axis[] = [];
  private inputs: readonly HTMLInputElement[] = [];
  private outputs: readonly HTMLOutputElement[] = [];

  constructor(private readonly onSlice: (at: SliceSteps) => void) {}

  /** @param axes those after the second; without any there is nothing to choose. */
  update(axes: readonly Axis[], at: SliceSteps): void {
    this.root.hidden = axes.length === 0;
    const isSame =
      axes.length === this.axes.length &&
      axes.every(({ name, steps }, i) => {
        const old = this.axes[i]!;
        return old.name === name && old.steps === steps;
      });
    this.axes = axes;
    if (!isSame) this.build();
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
    );
  }
}
