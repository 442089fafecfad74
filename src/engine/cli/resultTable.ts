import { escaped } from '../../shared/escaped';
import { largest } from '../../shared/extremes';
import { leadingFigures, type LeadingFigures } from '../../shared/leadingFigures';
import type { ResultDocument } from '../../shared/result';
import type { Eigenvalue, Estimate, Hessian } from '../../shared/result/hessian';
import {
  formatCount,
  formatNumber,
  formatShare,
  formatSure,
  formatUncertain,
  formatWithUncertainty,
  largerError,
} from '../../shared/words/numbers';
import { cell } from './table';

const NONE = '–';

/** A column, and its text once a document says it; `null` while it may still come. */
interface Column {
  readonly title: string;
  readonly width: number;
  readonly text: (document: ResultDocument) => string | null;
}

/** How well a model does is its accuracy where it classifies, else its error. */
export type Measure = 'accuracy' | 'error';

function column(title: string, width: number, text: Column['text']): Column {
  return { title, width, text };
}

/** What a row of the first table says, in 80 columns with a name of `NAME` characters. */
function firstColumns(measure: Measure): readonly Column[] {
  const performance: Column['text'] = ({ metrics }) => {
    if (metrics === undefined) return null;
    const { accuracy, error } = metrics;
    if (measure === 'accuracy') return accuracy === undefined ? NONE : formatShare(accuracy);
    return error === undefined ? NONE : formatNumber(error);
  };
  return [
    column('loss', 7, ({ metrics }) =>
      metrics === undefined ? null : formatSure(metrics.loss, metrics.samplingError ?? 0),
    ),
    column(measure, 8, performance),
    column('λmax', 7, ({ hessian }) =>
      hessian === undefined ? null : sureFigure(hessian.eigenvalues[0]!),
    ),
    column('trace', 12, ({ hessian }) => (hessian === undefined ? null : traceText(hessian.trace))),
    column('saddles', 11, ({ topology }) =>
      topology === undefined ? null : saddleCount(leadingFigures(topology)),
    ),
    column('pers.', 7, ({ topology }) => {
      if (topology === undefined) return null;
      const { averagePersistence } = leadingFigures(topology);
      return averagePersistence === null ? NONE : formatNumber(averagePersistence);
    }),
  ];
}

/** What is said below the first table, in tables of their own of at most 80 columns. */
function furtherColumns(refined: boolean, asked: AskedFor): readonly Column[] {
  return [
    column('‖∇L‖', 8, ({ hessian }) => {
      if (hessian === undefined) return null;
      return hessian.gradient === undefined ? NONE : formatNumber(hessian.gradient.norm);
    }),
    column('sharpness', 9, ({ hessian }) => {
      if (hessian === undefined) return null;
      const rise = hessian.gradient?.ascent?.rise;
      return rise === undefined ? NONE : formatNumber(rise);
    }),
    ...curvatureColumns(asked),
    ...(refined ? [column('evaluations', 18, evaluations)] : []),
  ];
}

/** With the error of the probes and, where the document has it, that of the data. */
function traceText({ value, standardError, samplingError }: Estimate): string {
  const errors = samplingError === undefined ? [standardError] : [standardError, samplingError];
  const text = formatUncertain(value, largerError(standardError, samplingError)).value;
  return narrow([text, ...errors.map((error) => formatUncertain(value, error).error)].join(' '));
}

/** Columns are narrow: no spaces around a sign. */
function narrow(text: string): string {
  return text.replaceAll(' ± ', '±');
}

/** What was asked for of the curvature beside the spectrum. */
export type AskedFor = Readonly<Record<'gaussNewton' | 'fisher' | 'blocks', boolean>>;

function curvatureColumns(asked: AskedFor): readonly Column[] {
  const column = (
    title: string,
    width: number,
    of: (hessian: Hessian) => string | undefined,
  ): Column => ({
    title,
    width,
    text: ({ hessian }) => (hessian === undefined ? null : (of(hessian) ?? NONE)),
  });
  const uncertain = ({ value, standardError }: { value: number; standardError: number }): string =>
    narrow(formatWithUncertainty(value, standardError));
  return [
    ...(asked.gaussNewton
      ? [
          column(
            'λmax G',
            9,
            ({ gaussNewton }) => gaussNewton && sureFigure(gaussNewton.eigenvalues[0]!),
          ),
          column('trace G', 14, ({ gaussNewton }) => gaussNewton && uncertain(gaussNewton.trace)),
          column(
            'trace H−G',
            14,
            ({ gaussNewton }) => gaussNewton && uncertain(gaussNewton.rest.trace),
          ),
        ]
      : []),
    ...(asked.fisher
      ? [
          column('λmax F', 9, ({ fisher }) => fisher && sureFigure(fisher.eigenvalues[0]!)),
          column('trace F', 14, ({ fisher }) => fisher && uncertain(fisher.trace)),
        ]
      : []),
    ...(asked.blocks
      ? [
          column(
            'between tensors',
            15,
            ({ offDiagonal }) =>
              offDiagonal &&
              `${formatShare(offDiagonal.share)}±${formatShare(offDiagonal.standardError)}`,
          ),
        ]
      : []),
  ];
}

/** What the columns mean, where a document has them; lines below the table. */
export function legendOf(document: ResultDocument): readonly string[] {
  const { topology } = document;
  const of = topology && leadingFigures(topology);
  const hasBand = of?.band !== undefined && of.band.low !== of.band.high;
  return [
    ...(topology === undefined
      ? []
      : [
          `${hasBand ? 'saddles: in brackets what other neighbourhoods, resolutions and planes count; ' : ''}pers.: average persistence of the inner pairs.`,
        ]),
    ...(of !== undefined && of.borderSaddles > 0 ? [BORDER_LEGEND] : []),
    ...curvatureLegend(document),
  ];
}

function curvatureLegend({ hessian }: ResultDocument): readonly string[] {
  if (hessian === undefined) return [];
  const { gradient, gaussNewton, fisher, offDiagonal } = hessian;
  const radius = gradient?.ascent?.radius;
  const distribution = gaussNewton?.fisherOf ?? null;
  return [
    hessian.trace.samplingError === undefined
      ? 'trace: ± standard error of the estimate.'
      : 'trace: ± standard error of the estimate, ± error of the data (another draw of the samples).',
    ...(radius === undefined
      ? []
      : [
          `sharpness: L(θ + ρ∇L/‖∇L‖) − L(θ) with ρ = ${radius}, one step of steepest ascent (Foret et al. 2021).`,
        ]),
    ...(gaussNewton === undefined
      ? []
      : [
          `G: the Gauss–Newton matrix, H − G the curvature of the network itself${distribution === null ? '' : `; G is the Fisher information of the model’s own (${distribution}) distribution`}.`,
        ]),
    ...(fisher === undefined
      ? []
      : ['F: the empirical Fisher, the mean outer product of the gradients of the samples.']),
    ...(offDiagonal === undefined
      ? []
      : [
          'between tensors: share of ‖H‖² (Frobenius) outside of the diagonal blocks of the tensors.',
        ]),
  ];
}

/** With its residual where that is no longer small: it has not converged. */
function sureFigure({ value, residual, samplingError, converged }: Eigenvalue): string {
  return converged
    ? formatSure(value, largerError(residual, samplingError))
    : narrow(formatWithUncertainty(value, residual));
}

/** Known once the landscape is finished: while it runs it is not refined yet. */
function evaluations({ landscape }: ResultDocument): string | null {
  if (landscape?.refinement === undefined) return null;
  const { evaluations: made, gridPoints } = landscape.refinement;
  return `${formatCount(made)} of ${formatCount(gridPoints)}`;
}

/**
 * The saddles inside of the plane, in brackets from what to what their number goes with other choices
 * (docs/topology.md), and behind a plus those at its border.
 */
function saddleCount({ saddles, band, borderSaddles }: LeadingFigures): string {
  const spread =
    band === undefined || band.low === band.high
      ? ''
      : ` (${formatCount(band.low)}–${formatCount(band.high)})`;
  return `${formatCount(saddles)}${spread}${borderSaddles === 0 ? '' : ` +${formatCount(borderSaddles)}b`}`;
}

const BORDER_LEGEND =
  '+b: further saddles at the border of the sampled plane, which may be of the cut alone.';

/** How many checkpoints were analysed in how many milliseconds. */
export function lastLine(done: number, asked: number, milliseconds: number): string {
  const count = done === asked ? String(asked) : `${done} of ${asked}`;
  return `${count} ${asked === 1 ? 'checkpoint' : 'checkpoints'} in ${timeText(milliseconds)}.`;
}

function timeText(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  const hours = Math.floor(minutes / 60);
  return hours === 0
    ? `${minutes} min ${Math.round(seconds) % 60} s`
    : `${hours} h ${minutes % 60} min`;
}

const GAP = '  ';
/** Of a terminal that nobody made wider. */
const WIDTH = 80;

function widthWith(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + GAP.length + width, 0);
}

/** In groups that fit beside a name. */
function grouped(columns: readonly Column[], nameWidth: number): readonly (readonly Column[])[] {
  const groups: Column[][] = [];
  for (const next of columns) {
    const last = groups.at(-1);
    if (last === undefined || nameWidth + widthWith([...last, next]) > WIDTH) groups.push([next]);
    else last.push(next);
  }
  return groups;
}

/** Both ends of a name are what tells it from others; of TensorFlow.js's models it is the folder. */
function shortened(name: string, width: number): string {
  const letters = Array.from(escaped(name));
  if (letters.length <= width) return letters.join('');
  const folder = /^(.+)\/model\.json$/.exec(name)?.[1];
  if (folder !== undefined) return shortened(folder, width);
  const tail = Math.ceil((width - 1) / 2);
  return [...letters.slice(0, width - 1 - tail), '…', ...letters.slice(-tail)].join('');
}

/**
 * The table of checkpoints, at most 80 columns wide: names are shortened in the middle, and what does
 * not fit beside them is said in tables below. Each figure is written as soon as it and all before it
 * are known.
 */
export class ResultTable {
  private readonly write: (text: string) => void;
  private readonly nameWidth: number;
  private readonly columns: readonly Column[];
  private readonly furtherColumns: readonly Column[];
  /** What the tables below say of the documents that are finished. */
  private readonly below: { readonly name: string; readonly texts: ReadonlyMap<Column, string> }[] =
    [];
  private written = 0;
  private isOpen = false;
  /** How far the row is beyond where its column should end. */
  private over = 0;

  /** @param refined whether the landscapes are: says how many evaluations each took. */
  constructor(
    names: readonly string[],
    measure: Measure,
    refined: boolean,
    asked: AskedFor,
    write: (text: string) => void,
  ) {
    this.columns = firstColumns(measure);
    this.furtherColumns = furtherColumns(refined, asked);
    const longest = largest(names.map((name) => Array.from(escaped(name)).length));
    const room = WIDTH - widthWith(this.columns);
    this.nameWidth = Math.min(room, Math.max('checkpoint'.length, longest));
    this.write = write;
  }

  header(): void {
    this.write(`${this.titles(this.columns)}\n`);
  }

  /** Writes what is new in a document that is not finished. */
  show(document: ResultDocument): void {
    this.open(document.checkpoint.path);
    for (const column of this.columns.slice(this.written)) {
      const known = column.text(document);
      if (known === null) return;
      this.put(column, known);
      this.written += 1;
    }
  }

  /** Ends the row of a document. */
  finish(document: ResultDocument): void {
    this.show(document);
    for (const column of this.columns.slice(this.written)) {
      this.put(column, column.text(document) ?? NONE);
    }
    this.end('\n');
    const known = this.furtherColumns.map(
      (column) => [column, column.text(document) ?? NONE] as const,
    );
    this.below.push({ name: document.checkpoint.path, texts: new Map(known) });
  }

  /** The row of a checkpoint without a result, whose reason is said on stderr. */
  failed(name: string): void {
    this.open(name);
    this.end(`${GAP}failed\n`);
  }

  /** Ends a row that will not be finished, if one was begun. */
  abandon(): void {
    this.end(this.isOpen ? '\n' : '');
  }

  /** The tables below: columns of which no document says anything are left out. */
  further(): void {
    const said = this.furtherColumns.filter((column) =>
      this.below.some(({ texts }) => texts.get(column) !== NONE),
    );
    for (const columns of grouped(said, this.nameWidth)) {
      this.write(`\n${this.titles(columns)}\n`);
      for (const { name, texts } of this.below) {
        this.open(name);
        for (const column of columns) this.put(column, texts.get(column)!);
        this.end('\n');
      }
    }
  }

  private titles(columns: readonly Column[]): string {
    const titles = columns.map(({ title, width }) => GAP + cell(title, width, 'right'));
    return `${cell('checkpoint', this.nameWidth, 'left')}${titles.join('')}`;
  }

  private open(name: string): void {
    if (!this.isOpen) {
      this.write(cell(shortened(name, this.nameWidth), this.nameWidth, 'left'));
    }
    this.isOpen = true;
  }

  /** A text that is too long takes the room of those after it. */
  private put({ width }: Column, text: string): void {
    const room = Math.max(0, width + GAP.length - 1 - this.over);
    this.write(` ${cell(text, room, 'right')}`);
    this.over = Math.max(0, Array.from(text).length - room);
  }

  private end(text: string): void {
    this.write(text);
    this.isOpen = false;
    this.written = 0;
    this.over = 0;
  }
}
