import { readFile } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { glob } from 'tinyglobby';
import { InputError } from '../../shared/inputError';
import type { PanelEntry } from '../../shared/panelProtocol';
import { RESULT_SCHEMA, RESULT_SUFFIX, type ResultDocument } from '../../shared/result';
import { writeWhole } from '../study/cache';
import { renderReport } from '../study/report';
import { naturalOrder } from '../study/study';
import { ExitStatus } from './exitStatus';

/** Writes the panel, with the documents of a folder, as one page. */
export async function reportCommand(
  folder: string,
  { out }: { readonly out: string },
): Promise<number> {
  const entries = await readEntries(resolve(folder));
  if (entries.length === 0) {
    throw new InputError(
      `${folder} holds no result documents (*${RESULT_SUFFIX}); run "basin analyze" first.`,
      'missing',
    );
  }
  const asset = (name: string): Promise<string> => readFile(join(__dirname, name), 'utf8');
  const page = renderReport({
    snapshot: { type: 'snapshot', entries, selected: entries.at(-1)!.key, progress: null },
    script: await asset('webview.js'),
    style: await asset('webview.css'),
  });
  await writeWhole(resolve(out), page);
  console.log(`${out}: ${entries.length} checkpoints on one page; open it in a browser.`);
  return ExitStatus.done;
}

async function readEntries(folder: string): Promise<readonly PanelEntry[]> {
  const files = await glob([`**/*${RESULT_SUFFIX}`], {
    cwd: folder,
    dot: true,
    onlyFiles: true,
    expandDirectories: false,
    ignore: ['**/node_modules/**', '**/.git/**'],
  });
  const entries: PanelEntry[] = [];
  for (const file of files.sort(naturalOrder)) {
    const path = join(folder, file);
    const document = JSON.parse(await readFile(path, 'utf8')) as ResultDocument;
    if ((document.schema as number) !== RESULT_SCHEMA) {
      throw new InputError(
        `${path} is of schema ${String(document.schema)} and this Basin reads ${RESULT_SCHEMA}; analyse the checkpoint again.`,
        'unsupported',
      );
    }
    entries.push({
      key: file,
      run: runOf(folder, file),
      label: basename(file, RESULT_SUFFIX),
      document,
      error: null,
    });
  }
  return entries;
}

/** The folder a checkpoint lies in: of a document's path, without Basin's own folders. */
function runOf(folder: string, file: string): string {
  const segments = [...relative(sep, folder).split(sep), ...file.split('/').slice(0, -1)].filter(
    (segment) => segment !== '.basin' && segment !== 'results',
  );
  return segments.at(-1) ?? '';
}
