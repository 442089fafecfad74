import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { entryFigures } from '../../shared/entryFigures';
import type { PanelEntry } from '../../shared/panelProtocol';
import type { ResultDocument } from '../../shared/result';
import { writeWhole } from '../study/results/cache';
import { renderReport } from '../study/results/report';
import type { Collected } from './collect';
import { describeFactors, type Factors } from './studyPlan';

/**
 * Writes a study as one page: the panel, with every checkpoint of it.
 *
 * @param assets folder of the panel's script and style sheet.
 * @param out the page's file, absolute.
 */
export async function writeStudyPage(
  collected: readonly Collected[],
  assets: string,
  out: string,
): Promise<void> {
  const entries: PanelEntry[] = [];
  const documents: Record<string, ResultDocument> = {};
  for (const { task, row, document } of collected) {
    if (document === null) {
      const place = placeOf(task.factors, task.name);
      entries.push({ key: task.name, ...place, summary: null, error: row.why });
      continue;
    }
    documents[task.name] = document;
    const { epoch, step } = document.checkpoint;
    entries.push({
      key: task.name,
      ...placeOf(task.factors, task.name),
      summary: { version: 0, epoch, step, figures: entryFigures(document) },
      error: row.status === 'diverged' ? row.why : null,
    });
  }
  const first = entries.find(({ summary }) => summary !== null) ?? entries[0];
  const asset = (name: string): Promise<string> => readFile(join(assets, name), 'utf8');
  const page = renderReport({
    content: {
      snapshot: {
        type: 'snapshot',
        entries,
        selected: first?.key ?? null,
        progress: null,
        readiness: {},
      },
      documents,
    },
    script: await asset('webview.js'),
    style: await asset('webview.css'),
  });
  await writeWhole(out, page);
}

/** A run is what its first factor says; what else there is tells its checkpoints apart. */
function placeOf(factors: Factors, name: string): Pick<PanelEntry, 'run' | 'label' | 'factors'> {
  const [first, ...others] = Object.entries(factors);
  const file = name.slice(name.lastIndexOf('/') + 1);
  if (first === undefined) return { run: name.split('/').at(-2) ?? '', label: file, factors };
  const rest = describeFactors(Object.fromEntries(others));
  return {
    run: describeFactors(Object.fromEntries([first])),
    label: rest === '' ? file : `${rest} · ${file}`,
    factors,
  };
}
