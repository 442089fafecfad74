import { readFile, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { glob } from 'tinyglobby';
import type { Language } from '../../shared/language';
import { InputError } from '../../shared/inputError';
import type { PanelEntry } from '../../shared/panelProtocol';
import { RESULT_SUFFIX } from '../../shared/result';
import { STORE_FOLDER } from '../../shared/resultLocation';
import { writeWhole } from './cache';
import { renderReport } from './report';
import { readResult } from './storedResult';
import { naturalOrder } from './study';

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
 * @returns how many checkpoints are on it.
 * @throws InputError where there is none, one is of another version, or the page cannot be written.
 */
export async function writeReport(options: ReportOptions): Promise<number> {
  const { folder, stores = [], assets, out, language } = options;
  const entries = await readEntries(folder, await findDocuments(folder, stores));
  if (entries.length === 0) {
    throw new InputError(
      `${folder} holds no result documents (*${RESULT_SUFFIX}); run "basin analyze" first.`,
      'missing',
    );
  }
  const asset = (name: string): Promise<string> => readFile(join(assets, name), 'utf8');
  const page = renderReport({
    snapshot: { type: 'snapshot', entries, selected: entries.at(-1)!.key, progress: null },
    script: await asset('webview.js'),
    style: await asset('webview.css'),
    ...(language === undefined ? {} : { language }),
  });
  await writeWhole(out, page);
  return entries.length;
}

/** Files by what they are called in the folder, as if all were kept in it; the newer of two. */
async function findDocuments(
  folder: string,
  stores: NonNullable<ReportOptions['stores']>,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const places = [
    { root: folder, as: '' },
    ...stores.map((each) => ({
      root: each.store,
      as: `${slashed(relative(folder, join(each.folder, STORE_FOLDER)))}/`,
    })),
  ];
  for (const { root, as } of places) {
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
      if (other === undefined || (await time(other)) < (await time(path))) found.set(key, path);
    }
  }
  return found;
}

async function time(path: string): Promise<number> {
  return (await stat(path)).mtimeMs;
}

async function readEntries(
  folder: string,
  documents: ReadonlyMap<string, string>,
): Promise<readonly PanelEntry[]> {
  const entries: PanelEntry[] = [];
  for (const [key, path] of [...documents].sort(([a], [b]) => naturalOrder(a, b))) {
    entries.push({
      key,
      run: runOf(folder, key),
      label: basename(key, RESULT_SUFFIX),
      document: await readResult(path),
      error: null,
    });
  }
  return entries;
}

/** The folder a checkpoint lies in: of a document's path, without Basin's own folders. */
function runOf(folder: string, key: string): string {
  const segments = [...relative(sep, folder).split(sep), ...key.split('/').slice(0, -1)].filter(
    (segment) => segment !== STORE_FOLDER && segment !== 'results',
  );
  return segments.at(-1) ?? '';
}

function slashed(path: string): string {
  return path.split(sep).join('/');
}
