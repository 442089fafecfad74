import { largest, smallest } from '../../shared/extremes';
import type { PanelEntry } from '../../shared/panelProtocol';
import type { ResultDocument } from '../../shared/result';
import { DisposableStore, type Disposable } from '../disposable';
import { element, setAttributes } from '../element';
import { MeasureFigure } from './measureFigure';
import { sameParts } from '../state/sameParts';
import { positions, sameFigures, trainingPlace, type Run } from '../state/runs';
import { seriesOf, seriesScale, shownMeasures } from './series';
import { Sparkline, type SparklineSeries } from './sparkline';
import { stepEntry, type Step } from '../state/selection';
import { t } from '../../shared/words/text';

/**
 * The numbers of the checkpoint, each over its course through the training: key figures, small
 * multiples and slider in one. Pointing at a place in any of them goes to the checkpoint there.
 */
export class TrainingStrip implements Disposable {
  readonly root: HTMLElement;
  private readonly store = new DisposableStore();
  private run: Run | null = null;
  private runs: readonly Run[] = [];
  private key = '';
  /** What is shown: it is shown anew where any of it is another. */
  private shown: readonly unknown[] = [];
  /** What the lines follow from, and the measures they are of. */
  private lined: readonly unknown[] = [];
  private measures: readonly MeasureFigure[] = [];
  /** Places of the run's checkpoints in [0, 1]. */
  private places: readonly number[] = [];

  constructor(private readonly onSelect: (key: string) => void) {
    this.root = element('div', {
      class: 'strip',
      id: 'training-strip',
      role: 'slider',
      tabindex: 0,
      'aria-label': t('Checkpoint in training'),
    });
    this.store.listen(this.root, 'keydown', (event) => {
      const steps: Partial<Record<string, Step>> = {
        ArrowLeft: 'previous',
        ArrowDown: 'previous',
        ArrowRight: 'next',
        ArrowUp: 'next',
        Home: 'first',
        End: 'last',
      };
      const step = steps[event.key];
      if (step === undefined || this.run === null) return;
      event.preventDefault();
      const entry = stepEntry(this.run, this.key, step);
      if (entry !== null) this.select(entry);
    });
    this.store.listen(this.root, 'pointerdown', (event) => {
      this.pick(event);
    });
    this.store.listen(this.root, 'pointermove', (event) => {
      if ((event.buttons & 1) === 1) this.pick(event);
    });
  }

  /** @param explained whether each figure stands with its notes; else they are its tooltip. */
  update(
    runs: readonly Run[],
    run: Run,
    entry: PanelEntry,
    document: ResultDocument | null,
    explained: boolean,
  ): void {
    this.run = run;
    this.key = entry.key;
    // Most snapshots tell of progress alone.
    if (!sameFigures(this.runs, runs)) this.runs = runs;
    const shown = [document, explained, entry.key, this.runs];
    if (sameParts(shown, this.shown)) return;
    this.shown = shown;
    const current = run.entries.indexOf(entry);
    const lined = [this.runs, run.name];
    if (!sameParts(lined, this.lined)) {
      this.lined = lined;
      this.drawLines(this.runs, this.runs.find(({ name }) => name === run.name) ?? run);
    }
    const figures = this.measures.map((measure) => measure.update(document, explained, current));
    const text = t(
      '{0}, {1} of {2}: {3}',
      trainingPlace(entry),
      current + 1,
      run.entries.length,
      document === null ? t('not analyzed yet') : figures.join(', '),
    );
    // With one checkpoint there is nowhere to slide to.
    const slides = run.entries.length > 1;
    const label = t('Checkpoint in training');
    setAttributes(this.root, {
      role: slides ? 'slider' : 'group',
      'aria-label': slides ? label : `${label}: ${text}`,
      'aria-orientation': slides && 'horizontal',
      'aria-valuemin': slides && 1,
      'aria-valuemax': slides && run.entries.length,
      'aria-valuenow': slides && current + 1,
      'aria-valuetext': slides && text,
    });
  }

  dispose(): void {
    this.store.dispose();
  }

  /** The course of every figure: the same for all checkpoints of a run. */
  private drawLines(runs: readonly Run[], run: Run): void {
    const own = positions(run);
    const comparable = runs.filter((other) => other === run || positions(other).unit === own.unit);
    const all = comparable.flatMap((other) => positions(other).at);
    const [low, high] = [smallest(all), largest(all)];
    const placesOf = (other: Run) =>
      positions(other).at.map((at) => (high > low ? (at - low) / (high - low) : 0.5));
    this.places = placesOf(run);
    this.measures = shownMeasures(runs).map((measure) => {
      const scale = seriesScale(comparable.flatMap((other) => seriesOf(other, measure)));
      const series = (other: Run): SparklineSeries => ({
        x: placesOf(other),
        y: seriesOf(other, measure).map((value) => (value === null ? null : scale.toUnit(value))),
      });
      const line =
        run.entries.length > 1
          ? new Sparkline(series(run), comparable.filter((other) => other !== run).map(series))
          : null;
      return new MeasureFigure(measure, scale.logarithmic, line);
    });
    this.root.replaceChildren(...this.measures.map(({ root }) => root));
  }

  private pick(event: PointerEvent): void {
    const svg = (event.target as Element).closest('.sparkline');
    if (svg === null || this.run === null) return;
    const box = svg.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width;
    let best = 0;
    this.places.forEach((place, index) => {
      if (Math.abs(place - at) < Math.abs(this.places[best]! - at)) best = index;
    });
    const entry = this.run.entries[best];
    if (entry !== undefined) this.select(entry);
  }

  private select(entry: PanelEntry): void {
    if (entry.key !== this.key) this.onSelect(entry.key);
  }
}
