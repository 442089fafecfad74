import type { Progress } from '../../shared/engineProtocol';
import { entryExtents } from '../../shared/entryExtents';
import { entryFigures } from '../../shared/entryFigures';
import type {
  EntrySummary,
  FromPanel,
  PanelEntry,
  Readiness,
  Snapshot,
} from '../../shared/panelProtocol';
import type { ResultDocument } from '../../shared/result';
import type { WeightFigures } from '../../shared/weightFigures';
import { checkpointName } from '../words/checkpointLabel';
import type { CheckpointRecord } from '../checkpoints/library';
import type { Run } from '../checkpoints/runs';
import { describeChanges } from '../words/outdated';
import { t, translated } from '../../shared/words/text';
import { whyUnconfigured } from '../words/unconfigured';

/** What the panel is shown: the whole of it, every time. */
export function makeSnapshot(options: {
  readonly records: readonly CheckpointRecord[];
  /** The document of a checkpoint that is being analyzed, as far as it is known. */
  readonly partial: (path: string) => ResultDocument | null;
  /** What is known of a checkpoint's weights. */
  readonly weights?: (record: CheckpointRecord) => WeightFigures | undefined;
  readonly selected: string | null;
  readonly progress: Progress | null;
  readonly readiness: (run: Run) => Readiness;
}): Snapshot {
  const { records, partial, selected, progress } = options;
  const readiness: Record<string, Readiness> = {};
  for (const run of new Set(records.map((record) => record.run))) {
    const known = options.readiness(run);
    if (known.marks !== '') readiness[run.name] = known;
  }
  return {
    type: 'snapshot',
    entries: records
      .filter((record) => record.run.configuration !== null || record.file.path === selected)
      .map((record) => {
        const known = entry(record, partial(record.file.path));
        const weights = options.weights?.(record);
        return weights === undefined ? known : { ...known, weights };
      }),
    selected,
    progress,
    readiness,
  };
}

/** The document of a checkpoint as the panel is to show it; `null` where there is none. */
export function shownDocument(
  record: CheckpointRecord,
  partial: ResultDocument | null,
): ResultDocument | null {
  return partial ?? record.result?.document ?? null;
}

/** Entries of records that have not changed since: there are thousands, and few change. */
const entries = new WeakMap<CheckpointRecord, PanelEntry>();

function entry(record: CheckpointRecord, partial: ResultDocument | null): PanelEntry {
  const known = partial === null ? entries.get(record) : undefined;
  if (known !== undefined) return known;
  const document = shownDocument(record, partial);
  const made: PanelEntry = {
    key: record.file.path,
    run: record.run.name,
    label: checkpointName(record.file.path),
    summary: document === null ? null : summaryOf(document),
    error: record.error === null ? remark(record) : translated(record.error),
  };
  if (partial === null) entries.set(record, made);
  return made;
}

/** What a snapshot says of a document. */
export function summaryOf(document: ResultDocument): EntrySummary {
  const { epoch, step } = document.checkpoint;
  return {
    version: versionOf(document),
    epoch,
    step,
    figures: entryFigures(document),
    extents: entryExtents(document),
  };
}

/** A document that is read or made anew is another object. */
export function versionOf(document: ResultDocument): number {
  let version = versions.get(document);
  if (version === undefined) versions.set(document, (version = ++lastVersion));
  return version;
}

const versions = new WeakMap<ResultDocument, number>();
let lastVersion = 0;

function remark(record: CheckpointRecord): string | null {
  if (record.writing) return t('The checkpoint is being written.');
  if (record.run.configuration === null) {
    return record.run.implied === 'no data'
      ? whyUnconfigured(record.run)
      : t('No basin.json names this checkpoint: create one to analyze it.');
  }
  if (record.outdated) return describeChanges(record.changes);
  return null;
}

/** A message from the panel, or `null` for anything else: a page is not to be believed. */
export function readFromPanel(message: unknown): FromPanel | null {
  if (typeof message !== 'object' || message === null) return null;
  const { type, key, name, base64, text, first, second, setting, value } = message as Record<
    string,
    unknown
  >;
  switch (type) {
    case 'ready':
    case 'cancel':
      return { type };
    case 'document':
    case 'select':
    case 'analyze':
    case 'weights':
      return typeof key === 'string' ? { type, key } : null;
    case 'resample':
      return typeof key === 'string' &&
        (setting === 'range' || setting === 'resolution') &&
        typeof value === 'number' &&
        value > 0 &&
        value < Infinity
        ? { type, key, setting, value }
        : null;
    case 'path':
      return typeof first === 'string' && typeof second === 'string'
        ? { type, first, second }
        : null;
    case 'save':
      return typeof name === 'string' && typeof base64 === 'string' ? { type, name, base64 } : null;
    case 'copy':
      return typeof text === 'string' ? { type, text } : null;
    default:
      return null;
  }
}
