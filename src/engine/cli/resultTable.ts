import { largest } from '../../shared/extremes';
import { leadingFigures, type LeadingFigures } from '../../shared/leadingFigures';
import type { ResultDocument } from '../../shared/result';
import type { Eigenvalue, Estimate, Hessian } from '../../shared/result/hessian';
import { fromScalar } from '../../shared/result/scalar';
import { largerError, uncertainFigure } from '../../shared/uncertainFigure';
import { formatShare } from '../../shared/words/numbers';
import { figure } from './numbers';
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

function columnsFor(measure: Measure, refined: boolean, asked: AskedFor): readonly Column[] {
  const performance: Column['text'] = ({ metrics }) => {
    if (metrics === undefined) return null;
    const { accuracy, error } = metrics;
    if (measure === 'accuracy') return accuracy === undefined ? NONE : formatShare(accuracy);
    return error === undefined ? NONE : figure(fromScalar(error));
  };
  const column = (title: string, width: number, text: Column['text']): Column => ({
    title,
    width,
    text,
  });
  return [
    column('loss', 9, ({ metrics }) =>
      metrics === undefined ? null : rounded(fromScalar(metrics.loss), metrics.samplingError ?? 0),
    ),
    column(measure, 9, performance),
    column('λmax', 9, ({ hessian }) =>
      hessian === undefined ? null : sureFigure(hessian.eigenvalues[0]!),
    ),
    column('trace', 9, ({ hessian }) =>
      hessian === undefined ? null : rounded(hessian.trace.value, errorOfTrace(hessian.trace)),
    ),
    column('± s.e.', 8, ({ hessian }) =>
      hessian === undefined ? null : figure(hessian.trace.standardError, 2),
    ),
    column('± data', 8, ({ hessian }) => {
      if (hessian === undefined) return null;
      const { samplingError } = hessian.trace;
      return samplingError === undefined ? NONE : figure(samplingError, 2);
    }),
    column('‖∇L‖', 8, ({ hessian }) => {
      if (hessian === undefined) return null;
      return hessian.gradient === undefined ? NONE : figure(hessian.gradient.norm);
    }),
    column('sharpness', 9, ({ hessian }) => {
      if (hessian === undefined) return null;
      const rise = hessian.gradient?.ascent?.rise;
      return rise === undefined ? NONE : figure(fromScalar(rise));
    }),
    ...curvatureColumns(asked),
    column('saddles (band)', 14, ({ topology }) =>
      topology === undefined ? null : saddleCount(leadingFigures(topology)),
    ),
    column('avg. pers.', 10, ({ topology }) => {
      if (topology === undefined) return null;
      const { averagePersistence } = leadingFigures(topology);
      return averagePersistence === null ? NONE : figure(averagePersistence);
    }),
    ...(refined ? [column('evaluations', 18, evaluations)] : []),
  ];
}

/** With as many digits as its error leaves. */
function rounded(value: number, error: number): string {
  const { value: sure, digits } = uncertainFigure(value, error, 4);
  return figure(sure, digits);
}

function errorOfTrace({ standardError, samplingError }: Estimate): number {
  return largerError(standardError, samplingError);
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
    `${rounded(value, standardError)}±${figure(standardError, 1)}`;
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

/** What the columns of the curvature mean, where a document has them. */
export function curvatureLegend({ hessian }: ResultDocument): readonly string[] {
  if (hessian === undefined) return [];
  const { gradient, gaussNewton, fisher, offDiagonal } = hessian;
  const radius = gradient?.ascent?.radius;
  const distribution = gaussNewton?.fisherOf ?? null;
  return [
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
    ? rounded(value, largerError(residual, samplingError))
    : `${figure(value, 2)}±${figure(residual, 1)}`;
}

/** Known once the landscape is finished: while it runs it is not refined yet. */
function evaluations({ landscape }: ResultDocument): string | null {
  if (landscape?.refinement === undefined) return null;
  const { evaluations: made, gridPoints } = landscape.refinement;
  return `${made.toLocaleString('en-US')} of ${gridPoints.toLocaleString('en-US')}`;
}

/**
 * The saddles inside of the plane, in brackets from what to what their number goes with other choices
 * (docs/topology.md), and behind a plus those at its border.
 */
function saddleCount({ saddles, band, borderSaddles }: LeadingFigures): string {
  const spread = band === undefined || band.low === band.high ? '' : ` (${band.low}–${band.high})`;
  return `${saddles}${spread}${borderSaddles === 0 ? '' : ` +${borderSaddles}b`}`;
}

/** What the marks of a table mean, where a document has one. */
export const BORDER_LEGEND =
  '+b: further saddles at the border of the sampled plane, which may be of the cut alone; average persistence is of the pairs inside.';

export function hasBorderSaddles({ topology }: ResultDocument): boolean {
  return topology !== undefined && leadingFigures(topology).borderSaddles > 0;
}

const GAP = '  ';

/** The table of checkpoints. Each figure is written as soon as it and all before it are known. */
export class ResultTable {
  readonly #write: (text: string) => void;
  readonly #nameWidth: number;
  readonly #columns: readonly Column[];
  #written = 0;
  #isOpen = false;

  /** @param refined whether the landscapes are: says how many evaluations each took. */
  constructor(
    names: readonly string[],
    measure: Measure,
    refined: boolean,
    asked: AskedFor,
    write: (text: string) => void,
  ) {
    this.#columns = columnsFor(measure, refined, asked);
    this.#nameWidth = Math.max('checkpoint'.length, largest(names.map((name) => name.length)));
    this.#write = write;
  }

  header(): void {
    const titles = this.#columns.map(({ title, width }) => GAP + cell(title, width, 'right'));
    this.#write(`${cell('checkpoint', this.#nameWidth, 'left')}${titles.join('')}\n`);
  }

  /** Writes what is new in a document that is not finished. */
  show(document: ResultDocument): void {
    if (!this.#isOpen) this.#write(cell(document.checkpoint.path, this.#nameWidth, 'left'));
    this.#isOpen = true;
    for (const { text, width } of this.#columns.slice(this.#written)) {
      const known = text(document);
      if (known === null) return;
      this.#write(GAP + cell(known, width, 'right'));
      this.#written += 1;
    }
  }

  /** Ends the row of a document. */
  finish(document: ResultDocument): void {
    this.show(document);
    const rest = this.#columns
      .slice(this.#written)
      .map(({ text, width }) => GAP + cell(text(document) ?? NONE, width, 'right'));
    this.#write(`${rest.join('')}\n`);
    this.#isOpen = false;
    this.#written = 0;
  }

  /** The row of a checkpoint without a result, whose reason is said on stderr. */
  failed(name: string): void {
    if (!this.#isOpen) this.#write(cell(name, this.#nameWidth, 'left'));
    this.#write(`${GAP}failed\n`);
    this.#isOpen = false;
    this.#written = 0;
  }

  /** Ends a row that will not be finished, if one was begun. */
  abandon(): void {
    if (this.#isOpen) this.#write('\n');
    this.#isOpen = false;
    this.#written = 0;
  }
}
