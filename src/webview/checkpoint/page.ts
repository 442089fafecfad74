import '../pageLanguage';
import './checkpoint.css';
import type { FromCheckpointPage, ToCheckpointPage } from '../../shared/checkpointEditorProtocol';
import type { MatrixStatistics, TensorTable } from '../../shared/engineProtocol';
import { element, setText } from '../element';
import { formatBytes, formatCount, formatNumber } from '../../shared/words/numbers';
import { COLUMNS, MEASURED, type ColumnId } from './columns';
import { restorePageState, type PageState } from './pageState';
import { chooseRows, MAX_ROWS } from './rows';
import { TensorGrid } from './tensorGrid';
import { shapeText, Tensors } from './tensors';
import { plural, t, translated } from '../../shared/words/text';

/** What VS Code puts into a webview; may be called once. */
declare function acquireVsCodeApi(): {
  postMessage(message: FromCheckpointPage): void;
  getState(): unknown;
  setState(state: PageState): void;
};

type Listing = Extract<ToCheckpointPage, { type: 'listing' }>;

const FORMATS: Readonly<Record<Listing['listing']['format'], string>> = {
  pytorch: 'PyTorch',
  'pytorch-legacy': t('PyTorch (legacy)'),
  'pytorch-distributed': t('PyTorch (distributed)'),
  safetensors: 'safetensors',
  npz: t('NumPy archive'),
  npy: t('NumPy array'),
  keras: 'Keras',
  hdf5: 'HDF5',
  tfjs: 'TensorFlow.js',
  onnx: 'ONNX',
  gguf: 'GGUF',
  flax: 'Flax',
};

/** Milliseconds a row stays the active one before its tensor is read. */
const LINGER = 150;

/** The page of a checkpoint: its header, and its tensors in a table. */
class CheckpointPage {
  private readonly api = acquireVsCodeApi();
  private state: PageState;
  private tensors: Tensors | null = null;
  private version = -1;
  /** Tensors still to be measured, as the host was asked for. */
  private wanted: readonly number[] = [];
  private active = -1;
  private lingering = 0;
  private saving = 0;

  private readonly title = element('h1');
  private readonly facts = element('p', { class: 'facts' });
  private readonly metadata = element('details', { class: 'metadata' });
  private readonly notice = element('p', { class: 'notice', role: 'status' });
  private readonly search = element('input', {
    type: 'search',
    class: 'search',
    placeholder: t('Search names, types and shapes'),
    'aria-label': t('Search tensors by name, type or shape'),
    spellcheck: 'false',
  });
  private readonly found = element('span', { class: 'found', role: 'status' });
  private readonly measureButton = element('button', { type: 'button', class: 'button' });
  private readonly bar = element('div', { class: 'bar' });
  private readonly detail = element('div', { class: 'detail', role: 'status' });
  private readonly content = element('div', { class: 'content' });
  private readonly failure = element('div', { class: 'failure', role: 'alert' });
  private readonly grid: TensorGrid;

  constructor(root: HTMLElement) {
    this.state = restorePageState(this.api.getState());
    this.grid = new TensorGrid({
      onActive: (index) => {
        this.activate(index);
      },
      onMeasure: (index) => {
        this.measureFirst(index);
      },
      onSort: (column) => {
        this.sort(column);
      },
    });
    this.search.value = this.state.search;
    this.search.addEventListener('input', () => {
      this.keep({ search: this.search.value });
      this.list();
    });
    this.search.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
      event.preventDefault();
      this.grid.root.focus();
    });
    this.measureButton.addEventListener('click', () => {
      this.measureAllOrStop();
    });
    this.grid.root.addEventListener('scroll', () => {
      clearTimeout(this.saving);
      this.saving = window.setTimeout(() => {
        this.keep({ scrollTop: this.grid.scrollTop });
      }, 200);
    });
    window.addEventListener('keydown', (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'f') return;
      event.preventDefault();
      this.search.focus();
      this.search.select();
    });
    this.bar.append(this.search, this.found, this.measureButton);
    this.content.append(
      element('header', { class: 'head' }, this.title, this.facts, this.metadata, this.notice),
      this.bar,
      this.grid.root,
      this.detail,
    );
    this.content.hidden = true;
    this.failure.hidden = true;
    this.notice.hidden = true;
    root.replaceChildren(this.content, this.failure);
    window.addEventListener('message', (event: MessageEvent<ToCheckpointPage>) => {
      this.receive(event.data);
    });
    this.api.postMessage({ type: 'ready' });
  }

  private receive(message: ToCheckpointPage): void {
    switch (message.type) {
      case 'listing':
        this.showListing(message);
        break;
      case 'outcomes':
        if (message.version === this.version) this.learn(message);
        break;
      case 'failed':
        this.showFailure(message.name, message.message);
        break;
      case 'writing':
        this.say(t('The file is being written: this is what it was before.'));
        break;
    }
  }

  private showListing(message: Listing): void {
    const { name, listing, version, outcomes } = message;
    const isFirst = this.tensors === null;
    this.failure.hidden = true;
    this.content.hidden = false;
    this.version = version;
    this.wanted = [];
    const table = JSON.parse(new TextDecoder().decode(message.table)) as TensorTable;
    this.tensors = new Tensors(table);
    this.tensors.learn(outcomes);
    setText(this.title, name);
    setText(
      this.facts,
      [
        FORMATS[listing.format],
        plural(listing.count, 'tensor'),
        t('{0}, buffers included', plural(listing.parameters, 'value')),
        formatBytes(listing.size),
        listing.epoch === null ? '' : t('epoch {0}', formatCount(listing.epoch)),
        listing.step === null ? '' : t('step {0}', formatCount(listing.step)),
      ]
        .filter(Boolean)
        .join(' · '),
    );
    this.showMetadata(listing.metadata);
    this.say(
      listing.count > MAX_ROWS ? t('The first {0} tensors are shown.', formatCount(MAX_ROWS)) : '',
    );
    this.list();
    if (isFirst) {
      this.grid.select(this.state.active);
      this.grid.scrollTop = this.state.scrollTop;
    }
    this.tell();
  }

  private showMetadata(metadata: Listing['listing']['metadata']): void {
    const entries = Object.entries(metadata);
    this.metadata.hidden = entries.length === 0;
    this.metadata.replaceChildren(
      element('summary', {}, t('Metadata ({0})', formatCount(entries.length))),
      element(
        'dl',
        { tabindex: 0, 'aria-label': t('Metadata') },
        ...entries.flatMap(([key, value]) => [
          element('dt', {}, key),
          element('dd', {}, value === null ? 'None' : String(value)),
        ]),
      ),
    );
  }

  private showFailure(name: string, message: string): void {
    const again = element('button', { type: 'button', class: 'button' }, t('Try Again'));
    again.addEventListener('click', () => {
      this.api.postMessage({ type: 'reload' });
    });
    this.content.hidden = true;
    this.failure.hidden = false;
    this.failure.replaceChildren(
      element('h1', {}, t('{0} cannot be shown', name)),
      element('p', {}, message),
      again,
    );
  }

  private learn({ outcomes, left, error }: Extract<ToCheckpointPage, { type: 'outcomes' }>): void {
    this.tensors?.learn(outcomes);
    const done = new Set(outcomes.map(({ index }) => index));
    this.wanted = left === 0 ? [] : this.wanted.filter((index) => !done.has(index));
    if (error !== null) this.say(error);
    // Rows that change their places while they are read would be hard to follow.
    const { sorting } = this.state;
    if (left === 0 && sorting !== null && MEASURED.has(sorting.column)) this.list();
    else this.grid.refresh();
    this.tell();
  }

  private list(): void {
    if (this.tensors === null) return;
    const { search, sorting } = this.state;
    this.rows = chooseRows(this.tensors, search, sorting);
    this.grid.show(this.tensors, this.rows, sorting);
    setText(
      this.found,
      search.trim() === ''
        ? ''
        : t('{0} of {1}', formatCount(this.rows.length), formatCount(this.tensors.count)),
    );
    this.tell();
  }

  private rows: Int32Array = new Int32Array();

  private sort(column: ColumnId): void {
    const { sorting } = this.state;
    const first = COLUMNS.find(({ id }) => id === column)?.kind === 'number';
    // Numbers the largest first, then the smallest, then the file's order again.
    if (sorting?.column !== column) this.keep({ sorting: { column, descending: first } });
    else if (sorting.descending === first) this.keep({ sorting: { column, descending: !first } });
    else this.keep({ sorting: null });
    this.list();
  }

  private activate(index: number): void {
    this.active = index;
    this.keep({ active: index });
    this.tell();
    clearTimeout(this.lingering);
    this.lingering = window.setTimeout(() => {
      if (this.tensors?.outcome(index) === undefined) this.measureFirst(index);
    }, LINGER);
  }

  /** Before whatever else is wanted. */
  private measureFirst(index: number): void {
    this.measure([index, ...this.wanted.filter((other) => other !== index)]);
  }

  private measureAllOrStop(): void {
    if (this.wanted.length > 0) {
      this.api.postMessage({ type: 'stop' });
      this.wanted = [];
      this.tell();
      return;
    }
    this.measure([...this.rows].filter((index) => this.tensors?.outcome(index) === undefined));
  }

  private measure(indices: readonly number[]): void {
    if (indices.length === 0) return;
    this.wanted = indices;
    this.api.postMessage({ type: 'measure', version: this.version, indices });
    this.tell();
  }

  /** The button and the line below the table: what is being done, and what is known. */
  private tell(): void {
    const left = this.wanted.length;
    setText(
      this.measureButton,
      left > 1
        ? t('Stop ({0} left)', formatCount(left))
        : left === 1
          ? t('Stop')
          : t('Compute Statistics'),
    );
    const { tensors, active } = this;
    this.measureButton.disabled =
      left === 0 && this.rows.every((index) => tensors?.outcome(index) !== undefined);
    // Of one that the search leaves out nothing is said: what is told is in the table.
    if (tensors === null || active >= tensors.count || !this.rows.includes(active)) {
      setText(
        this.detail,
        t('Select a tensor for its statistics, or compute those of all that are listed.'),
      );
      return;
    }
    setText(this.detail, `${tensors.name(active)}: ${this.describe(tensors, active)}`);
  }

  private describe(tensors: Tensors, index: number): string {
    const what = `${tensors.dtype(index)}, ${shapeText(tensors.shape(index))}`;
    const outcome = tensors.outcome(index);
    if (outcome === undefined) {
      return `${what}${this.wanted.includes(index) ? ` · ${t('reading…')}` : ''}`;
    }
    if (!outcome.ok) return translated(outcome.message);
    const { mean, deviation, min, max, zeros, nonFinite } = outcome.statistics;
    if (mean === null || deviation === null || min === null || max === null) {
      return `${what} · ${t('no finite value')}`;
    }
    return [
      what,
      t('mean {0}', formatNumber(mean, 6)),
      t('standard deviation {0}', formatNumber(deviation, 6)),
      t('from {0} to {1}', formatNumber(min, 6), formatNumber(max, 6)),
      plural(zeros, 'zero'),
      nonFinite === 0 ? t('all finite') : t('{0} not finite', formatCount(nonFinite)),
      ...(outcome.statistics.matrix === undefined ? [] : describeMatrix(outcome.statistics.matrix)),
    ].join(' · ');
  }

  private say(text: string): void {
    setText(this.notice, text);
    this.notice.hidden = text === '';
  }

  private keep(change: Partial<PageState>): void {
    this.state = { ...this.state, ...change };
    this.api.setState(this.state);
  }
}

/** What is known of a tensor as a matrix: the exponent with how its fit was made, or why there is none. */
function describeMatrix(matrix: MatrixStatistics): string[] {
  const { rows, columns, spectralNorm, stableRank, deadUnits, powerLaw, isWhole } = matrix;
  return [
    t('as a matrix {0}×{1}: spectral norm {2}', rows, columns, formatNumber(spectralNorm, 6)),
    stableRank === null ? '' : t('stable rank {0}', formatNumber(stableRank, 4)),
    t('{0} of {1} units dead', formatCount(deadUnits), formatCount(rows)),
    powerLaw !== null
      ? t(
          'power law with α = {0} from λ = {1} on, by maximum likelihood over {2} of {3} eigenvalues, Kolmogorov–Smirnov distance {4}',
          formatNumber(powerLaw.exponent, 3),
          formatNumber(powerLaw.from, 3),
          formatCount(powerLaw.tail),
          formatCount(powerLaw.eigenvalues),
          formatNumber(powerLaw.distance, 2),
        )
      : isWhole
        ? t('too few eigenvalues for a power law')
        : t('too large for all its eigenvalues'),
  ].filter(Boolean);
}

const root = document.getElementById('basin') ?? document.body.appendChild(element('div'));
root.id = 'basin';
new CheckpointPage(root);
