import type { Progress } from '../../shared/engineProtocol';
import { escaped } from '../../shared/escaped';
import type { ResultDocument } from '../../shared/result';
import { fromScalar } from '../../shared/result/scalar';
import { formatNumber } from '../../shared/words/numbers';

/** How far an analysis is: one line on a terminal, nothing where stderr is not one. */
export class ProgressBar {
  private readonly stream: NodeJS.WriteStream;
  private shown = false;
  private last = 0;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.stream = stream;
  }

  /** @param known what the document says already: its loss is shown. */
  update(
    { part, fraction, index, count, isElsewhere }: Omit<Progress, 'job'>,
    name: string,
    known?: ResultDocument,
  ): void {
    if (!this.stream.isTTY) return;
    const now = performance.now();
    if (now - this.last < 80 && fraction < 1) return;
    this.last = now;
    const width = 24;
    const full = Math.round(fraction * width);
    const bar = '━'.repeat(full) + '─'.repeat(width - full);
    const loss =
      known?.metrics === undefined ? '' : `, loss ${formatNumber(fromScalar(known.metrics.loss))}`;
    const doing =
      isElsewhere === true ? 'is computed elsewhere' : `${Math.round(fraction * 100)} %`;
    const text = `${bar} ${index + 1}/${count} ${name}${loss}: ${LABELS[part]} ${doing}`;
    this.stream.write(`\r\u001b[2K${escaped(text).slice(0, (this.stream.columns || 80) - 1)}`);
    this.shown = true;
  }

  /** Makes place for other lines. */
  clear(): void {
    if (this.shown) this.stream.write('\r\u001b[2K');
    this.shown = false;
  }
}

const LABELS: Readonly<Record<Progress['part'], string>> = {
  open: 'reading',
  metrics: 'loss',
  landscape: 'landscape',
  topology: 'topology',
  hessian: 'curvature',
};
