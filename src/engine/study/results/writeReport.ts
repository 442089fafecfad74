import { readFile, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { glob } from 'tinyglobby';
import type { Language } from '../../../shared/language';
import { InputError } from '../../../shared/inputError';
import type { PanelEntry } from '../../../shared/panelProtocol';
import { entryExtents } from '../../../shared/entryExtents';
import { entryFigures } from '../../../shared/entryFigures';
import { RESULT_SUFFIX, type ResultDocument } from '../../../shared/result';
import type { Change } from '../../../shared/sources';
import { STORE_FOLDER } from '../../../shared/resultLocation';
import { english, say, type Message } from '../../../shared/words/message';
import { nameIn } from '../../../shared/pathNames';
import { writeWhole } from './cache';
import { renderReport } from './report';
import { describeChanges, folderOfResult, ResultChecks } from './resultChecks';
import { readResult } from './storedResult';
import { naturalOrder } from '../configuration/study';

export interface ReportOptions {
  /** Absolute; every result document in it and below is in the report. */
  readonly folder: string;
  /** Stores outside of the folder, each with the folder of its basin.json. */
  readonly stores?: readonly { readonly folder: string; readonly store: string }[];
  /** Folder of the panel's script and style sheet. */
  readonly assets: string;
  /** The page's file, absolute. */
  readonly out: string;
  /** English if absent. */
  readonly language?: Language;
}

/**
 * Writes the panel, with the documents of a folder, as one page.
 *
 * A result that no longer holds says so on the page.
 *
 * @returns how many checkpoints are on it, and a sentence on each result that does not hold.
 * @throws InputError where there is none, one is of another version, or the page cannot be written.
 */
export async function writeReport(
  options: ReportOptions,
  signal?: AbortSignal,
): Promise<{ readonly count: number; readonly outdated: readonly string[] }> {
  const { folder, stores = [], assets, out, language } = options;
  const { entries, documents } = await readEntries(
    folder,
    await findDocuments(folder, stores),
    signal,
  );
  if (entries.length === 0) {
    throw new InputError(
      say`${folder} holds no result documents (*${RESULT_SUFFIX}); run "basin analyze" first.`,
      'missing',
    );
  }
  const asset = (name: string): Promise<string> => readFile(join(assets, name), 'utf8');
  const page = renderReport({
    content: {
      snapshot: {
        type: 'snapshot',
        entries,
        selected: entries.at(-1)!.key,
        progress: null,
        readiness: {},
      },
      documents,
    },
    script: await asset('webview.js'),
    style: await asset('webview.css'),
    ...(language === undefined ? {} : { language }),
  });
  await writeWhole(out, page);
  const outdated = entries.flatMap(({ key, error }) =>
    error === null ? [] : [`${key}: ${english(error)}`],
  );
  return { count: entries.length, outdated };
}

const OTHERS: readonly Change[] = ['checkpoint'];

/** A document, and the folder of its basin.json where that is known. */
interface Found {
  readonly path: string;
  readonly folder: string | null;
}

/** Files by what they are called in the folder, as if all were kept in it; the newer of two. */
async function findDocuments(
  folder: string,
  stores: NonNullable<ReportOptions['stores']>,
): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>();
  const places = [
    { root: folder, as: '', of: null },
    ...stores.map((each) => ({
      root: each.store,
      as: `${nameIn(folder, join(each.folder, STORE_FOLDER), { relative, sep })}/`,
      of: each.folder,
    })),
  ];
  for (const { root, as, of } of places) {
    const files = await glob([`**/*${RESULT_SUFFIX}`], {
      cwd: root,
      dot: true,
      onlyFiles: true,
      expandDirectories: false,
      ignore: ['**/node_modules/**', '**/.git/**'],
    });
    for (const file of files) {
      const [key, path] = [as + file, join(root, file)];
      const other = found.get(key);
      if (other === undefined || (await time(other.path)) < (await time(path))) {
        found.set(key, { path, folder: of ?? folderOfResult(path) });
      }
    }
  }
  return found;
}

async function time(path: string): Promise<number> {
  return (await stat(path)).mtimeMs;
}

async function readEntries(
  folder: string,
  found: ReadonlyMap<string, Found>,
  signal: AbortSignal | undefined,
): Promise<{
  readonly entries: readonly PanelEntry[];
  readonly documents: Record<string, ResultDocument>;
}> {
  const entries: PanelEntry[] = [];
  const documents: Record<string, ResultDocument> = {};
  const checks = new ResultChecks(signal);
  for (const [key, file] of [...found].sort(([a], [b]) => naturalOrder(a, b))) {
    const document = await readResult(file.path);
    // One that lies in the place of another checkpoint was copied there.
    const isOwn = file.path.endsWith(`${basename(document.checkpoint.path)}${RESULT_SUFFIX}`);
    const changes = isOwn ? await checks.changes(document, file.folder) : OTHERS;
    const { epoch, step } = document.checkpoint;
    documents[key] = document;
    entries.push({
      key,
      run: runOf(folder, key),
      label: basename(key, RESULT_SUFFIX),
      summary: {
        version: 0,
        epoch,
        step,
        figures: entryFigures(document),
        extents: entryExtents(document),
      },
      error: describeChanges(changes).reduce<Message | null>(
        (before, next) => (before === null ? next : say`${before} ${next}`),
        null,
      ),
    });
  }
  return { entries, documents };
}

/** The folder a checkpoint lies in: of a document's path, without Basin's own folders. */
function runOf(folder: string, key: string): string {
  const segments = [...relative(sep, folder).split(sep), ...key.split('/').slice(0, -1)].filter(
    (segment) => segment !== STORE_FOLDER && segment !== 'results',
  );
  return segments.at(-1) ?? '';
}
