import type { Topology } from '../../shared/result/topology';
import { element, setAttributes, setText } from '../element';
import { formatNumber } from '../../shared/words/numbers';
import { plural, t } from '../../shared/words/text';
import { persistenceOf } from './simplification';

/** Steps of the slider; the first is the threshold of the document. */
const STEPS = 1000;

/**
 * One threshold for all that shows pairs: those of at most this persistence are cancelled. By its
 * logarithm, for persistences range over decades.
 */
export class ThresholdControl {
  readonly root: HTMLElement;
  private readonly input = element('input', { type: 'range', min: 0, max: STEPS, step: 1 });
  private readonly output = element('output', {});
  private low = 1;
  private high = 1;

  /** @param onChange told the threshold; null where it is the document's own again. */
  constructor(onChange: (threshold: number | null) => void) {
    this.root = element(
      'div',
      { class: 'threshold' },
      element('label', {}, t('Persistence threshold'), this.input),
      this.output,
    );
    this.input.addEventListener('input', () => {
      const step = Number(this.input.value);
      onChange(step === 0 ? null : this.low * (this.high / this.low) ** (step / STEPS));
    });
  }

  /** @param whole as computed. @param shown at the threshold that is chosen. */
  update(whole: Topology, shown: Topology): void {
    const isFinite = (pair: Topology['pairs'][number]) => persistenceOf(pair) < Infinity;
    const first = whole.pairs.find(isFinite);
    const last = whole.pairs.findLast(isFinite);
    this.root.hidden = first === undefined;
    if (first === undefined || last === undefined) return;
    const largest = persistenceOf(first);
    const smallest = persistenceOf(last);
    this.low = smallest / 2;
    this.high = Math.max(largest * 1.02, this.low * 2);
    const isOwn = shown.threshold === whole.threshold;
    const step = isOwn
      ? 0
      : Math.round((STEPS * Math.log(shown.threshold / this.low)) / Math.log(this.high / this.low));
    this.input.value = String(Math.min(STEPS, Math.max(0, step)));
    const text = t(
      '{0} of {1} above {2}',
      String(shown.pairs.length),
      plural(whole.pairs.length, 'pair'),
      formatNumber(shown.threshold, 2),
    );
    setAttributes(this.input, { 'aria-valuetext': text });
    setText(this.output, text);
  }
}
