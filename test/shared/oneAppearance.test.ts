import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { inspect } from '../../src/engine/checkpoint/inspect';
import { inspectCommand } from '../../src/engine/cli/inspect';
import { ResultTable } from '../../src/engine/cli/resultTable';
import { studyMarkdown } from '../../src/engine/cli/studyTables';
import { describeInspection, fileLine, resultFacts } from '../../src/extension/words/summary';
import { entryFigures, type Figure } from '../../src/shared/entryFigures';
import type { ResultDocument } from '../../src/shared/result';
import { COLUMNS } from '../../src/webview/checkpoint/columns';
import { Tensors } from '../../src/webview/checkpoint/tensors';
import { keyFigure } from '../../src/webview/training/keyFigure';
import {
  himmelblau,
  sampleDocument,
  sampleHessian,
  sampleLandscape,
} from '../webview/sampleSnapshot';

/** What stands in each place where a figure is read: the report holds the panel and these tables. */
function places(document: ResultDocument): Record<'host' | 'panel' | 'cli' | 'report', string> {
  const measure = document.metrics?.accuracy === undefined ? 'error' : 'accuracy';
  let cli = '';
  const asked = { gaussNewton: true, fisher: false, blocks: true };
  const table = new ResultTable([document.checkpoint.path], measure, false, asked, (text) => {
    cli += text;
  });
  table.finish(document);
  table.further();
  const figures: readonly Figure[] = [measure, 'loss', 'eigenvalue', 'trace', 'saddles'];
  const row = {
    factors: { width: '8' },
    checkpoint: document.checkpoint.path,
    status: 'analyzed' as const,
    why: null,
    step: null,
    epoch: null,
    figures: entryFigures(document),
  };
  return {
    host: resultFacts(document)
      .map(({ value }) => value)
      .join('\n'),
    panel: figures
      .map((figure) => keyFigure(figure, document))
      .map(({ value, error }) => `${value} ${error}`)
      .join('\n'),
    cli,
    report: studyMarkdown({
      schema: 1,
      title: 'A study',
      factors: ['width'],
      shard: null,
      rows: [row],
      groups: [
        {
          value: 'all',
          count: 4,
          without: 0,
          figures: { trace: { count: 4, mean: 31.23, deviation: 0.91 } },
        },
        { value: 'none', count: 0, without: 0, figures: {} },
      ],
      relations: [],
      notes: [],
    }),
  };
}

const base = sampleDocument('e.pt', 1, sampleLandscape(himmelblau, 9));

/** Whether a text stands alone in another: 1,234 is not in 11,234. */
function holds(text: string, figure: string): boolean {
  const literal = figure.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // The columns of a terminal have no spaces around a sign.
  return new RegExp(`(?<![\\d.,−×])${literal}(?![\\d.,×⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*\\d)`).test(
    text.replaceAll(/\s?±\s?/g, ' ± '),
  );
}

describe('one number has one appearance', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    [12_345.6, '12,346'],
    [0.5, '0.5'],
    [-0.25, '−0.25'],
    [1.234_56e-9, '1.235×10⁻⁹'],
    [6.022_14e23, '6.022×10²³'],
    [1e6, '10⁶'],
  ])('%d in host, panel, command line and report', (error, text) => {
    const document = { ...base, metrics: { loss: 0.125, error, samples: 7 } };
    for (const [place, shown] of Object.entries(places(document))) {
      expect(holds(shown, text), `${place}: ${shown}`).toBe(true);
    }
  });

  it('and so have a share and a loss with the error of its data', () => {
    const metrics = { loss: 0.043_21, accuracy: 0.9, samples: 12_345 };
    for (const [place, shown] of Object.entries(places({ ...base, metrics }))) {
      expect(holds(shown, '90 %'), `${place}: ${shown}`).toBe(true);
      expect(holds(shown, '0.04321'), `${place}: ${shown}`).toBe(true);
    }
    // Two of its digits are left by an error of 0.0012. A study's rows know of none.
    const { host, panel, cli } = places({
      ...base,
      metrics: { ...metrics, samplingError: 1.2e-3 },
    });
    for (const shown of [host, panel, cli]) expect(holds(shown, '0.0432'), shown).toBe(true);
  });

  it('and so have a count and a value with its uncertainty', () => {
    const hessian = sampleHessian(12);
    const uncertain = { value: 31.23, standardError: 0.91, samples: 8 };
    const { host, cli, panel, report } = places({
      ...base,
      hessian: {
        ...hessian,
        trace: uncertain,
        gaussNewton: {
          eigenvalues: [{ value: 3, residual: 0, converged: true }],
          trace: uncertain,
          rest: { trace: uncertain, curvature: 0 },
          fisherOf: null,
          products: 1,
        },
      },
      topology: { ...base.topology!, inner: { minima: 12_346, saddles: 12_345 }, saddles: 12_345 },
    });
    for (const [place, shown] of Object.entries({ host, panel, cli, report })) {
      expect(holds(shown, '31.2 ± 0.9'), `${place}: ${shown}`).toBe(true);
      expect(holds(shown, '12,345'), `${place}: ${shown}`).toBe(true);
    }
  });

  it('and so have bytes, and what a header alone counts', async () => {
    const file = join(import.meta.dirname, '../fixtures/pde/convection/weights.pt');
    let printed = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += text.toString();
      return true;
    });
    await inspectCommand(file, {}, new AbortController().signal);
    const { size } = statSync(file);
    const inspection = await inspect(file);
    const sized = new Tensors({
      names: ['w'],
      dtypes: ['float32'],
      dtype: [0],
      shapes: [[1]],
      bytes: [size],
    });
    const bytes = COLUMNS.find(({ id }) => id === 'bytes')!.text(sized, 0);
    expect(bytes).toMatch(/^[\d.]+ KiB$/);
    expect(holds(printed, bytes), printed).toBe(true);
    expect(holds(fileLine({ size, modified: 0 }), bytes)).toBe(true);

    const values = /[\d,]+ values, buffers included/.exec(printed)?.[0];
    expect(values).toBeDefined();
    expect(describeInspection(inspection)).toContain(values);
    expect(printed).not.toMatch(/scalars|parameters/);
  });
});
