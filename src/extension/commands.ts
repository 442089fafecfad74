import * as vscode from 'vscode';
import { checkpointLabel, checkpointName, runFolder } from './words/checkpointLabel';
import { choosePath, compareCheckpoints } from './documents/compareCheckpoints';
import type { Context } from './context';
import { exportReport } from './documents/exportReport';
import type { CheckpointRecord } from './checkpoints/library';
import { newConfiguration } from './configuration/newConfiguration';
import { describeResult } from './words/summary';
import { t } from '../shared/words/text';
import { OPEN_SELECTED_ROW } from './views/tree';

/** Registers every command. Each exists whatever state Basin is in, and says so if it cannot run. */
export function registerCommands(context: Context): vscode.Disposable[] {
  const { library, analyses, log, watch } = context;
  const register = (name: string, run: (...args: unknown[]) => unknown): vscode.Disposable =>
    vscode.commands.registerCommand(`basin.${name}`, run);

  return [
    register('analyzeCheckpoint', async (target, selection) => {
      // A key tells of no row: those that are selected are meant.
      const rows = isKey(target) ? context.selectedRows : selection;
      const records = await chooseCheckpoints(context, target, rows, t('Analyze Checkpoint'));
      if (records.length > 0) await context.userAnalysis.run(records);
    }),
    register('analyzeAll', async (target) => {
      const records = ofRun(library.all(), target).filter(
        ({ run, writing }) => run.configuration !== null && !writing,
      );
      if (records.length === 0) {
        await tellNoneConfigured();
        return;
      }
      const open = records.filter(({ result, outdated }) => result === null || outdated);
      await context.userAnalysis.run(open.length > 0 ? open : records);
    }),
    register('openLandscape', async (target) => {
      if (target === undefined) {
        context.openPanel(analyses.progress?.checkpoint ?? null);
        return;
      }
      const [record] = await chooseCheckpoints(context, target, undefined, t('Open Landscape'));
      if (record !== undefined) context.openPanel(record.file.path);
    }),
    vscode.commands.registerCommand(OPEN_SELECTED_ROW, () => {
      const row = context.selectedRows[0];
      const path = pathOf(row);
      if (path !== undefined && library.get(path)?.run.configuration !== null) {
        context.openPanel(path);
        return;
      }
      // Where no basin.json speaks for it, that is what comes first.
      const folder = folderOf(context, row);
      if (folder !== undefined) void context.setUpRun.run(folder);
    }),
    register('cancelAnalysis', () => {
      analyses.cancelAll();
    }),
    register('compare', async (target, selection) => {
      const pair = await choosePair(context, target, selection);
      if (pair === undefined) return;
      const find = (path: string) => library.get(path);
      await compareCheckpoints(pair, find, context.userAnalysis, context.documents);
    }),
    register('compareAlongPath', async (target, selection) => {
      const pair = await choosePair(context, target, selection);
      if (pair === undefined) return;
      const along = await choosePath();
      if (along === undefined) return;
      const find = (path: string) => library.get(path);
      await compareCheckpoints(pair, find, context.userAnalysis, context.documents, along);
    }),
    register('compareTensors', async (target, selection) => {
      const pair = await choosePair(context, target, selection, true);
      if (pair === undefined) return;
      const [first, second] = pair.map(({ file }) => file.path) as [string, string];
      await context.documents.show({ kind: 'difference', first, second });
    }),
    register('runDoctor', () => context.documents.show({ kind: 'doctor' })),
    register('exportReport', async (target) => {
      const configuration = await chooseConfiguration(context, target);
      if (configuration !== undefined) {
        await exportReport(configuration, library.runs, context.places, () => context.engine());
      }
    }),
    register('showLog', () => {
      log.show(true);
    }),
    register('refresh', () => watch.search()),
    register('setUpRun', (target) => context.setUpRun.run(folderOf(context, target))),
    register('newConfiguration', () => newConfiguration(library.runs)),
  ];
}

/**
 * The checkpoints a command is about: of a row of the tree, files of the explorer, a path from a
 * hover, or the user's choice.
 */
async function chooseCheckpoints(
  context: Context,
  target: unknown,
  selection: unknown,
  title: string,
): Promise<CheckpointRecord[]> {
  const paths = targetPaths(target, selection);
  if (paths === null) {
    const record = await pickCheckpoint(context, title);
    return record === undefined ? [] : [record];
  }
  let known = paths.flatMap((path) => context.library.get(path) ?? []);
  if (known.length < paths.length) {
    // The file may be newer than the last look.
    await context.watch.search();
    known = paths.flatMap((path) => context.library.get(path) ?? []);
  }
  const usable = known.filter(({ run }) => run.configuration !== null);
  const first = paths[0];
  if (usable.length === 0 && first !== undefined) {
    const setUp = t('Set Up This Run');
    const choice = await vscode.window.showWarningMessage(
      t(
        'No basin.json names {0}: it says which model, data and loss belong to a checkpoint.',
        checkpointName(first),
      ),
      setUp,
    );
    if (choice === setUp) await context.setUpRun.run(folderOf(context, first));
  }
  return usable;
}

/** The folder of the run that a row of the tree, a file or a path stands for. */
function folderOf({ library }: Context, target: unknown): string | undefined {
  if (typeof target === 'object' && target !== null && 'folder' in target) {
    return typeof target.folder === 'string' ? target.folder : undefined;
  }
  const path = pathOf(target);
  return path === undefined ? undefined : (library.get(path)?.run.folder ?? runFolder(path));
}

/** Two checkpoints in the order of training: those that are selected, or the user's choice. */
async function choosePair(
  context: Context,
  target: unknown,
  selection: unknown,
  /** Tensors need no basin.json. */
  isAny = false,
): Promise<readonly [CheckpointRecord, CheckpointRecord] | undefined> {
  const { library } = context;
  const selected = (targetPaths(target, selection) ?? [])
    .flatMap((path) => library.get(path) ?? [])
    .filter(({ run }) => isAny || run.configuration !== null);
  const order = library.all();
  if (selected.length > 2) {
    await vscode.window.showInformationMessage(t('Select two checkpoints to compare.'));
    return undefined;
  }
  const first = selected[0] ?? (await pickCheckpoint(context, t('Compare'), undefined, isAny));
  if (first === undefined) return undefined;
  const second =
    selected[1] ??
    (await pickCheckpoint(
      context,
      t('Compare {0} with', checkpointLabel(first.file.path)),
      first.file.path,
      isAny,
    ));
  if (second === undefined) return undefined;
  return order.indexOf(first) <= order.indexOf(second) ? [first, second] : [second, first];
}

/** A basin.json: of a row of the tree, of a file, the only one there is, or the user's choice. */
async function chooseConfiguration(
  { library }: Context,
  target: unknown,
): Promise<string | undefined> {
  const of = ofRun(library.all(), target);
  const paths = new Set(of.flatMap(({ run }) => run.configuration ?? []));
  if (paths.size === 0) {
    await tellNoneConfigured();
    return undefined;
  }
  if (paths.size === 1) return [...paths][0];
  const items = [...paths].map((path) => ({
    label: vscode.workspace.asRelativePath(path),
    path,
  }));
  const picked = await vscode.window.showQuickPick(items, { title: t('Basin: Export Report') });
  return picked?.path;
}

/** Absolute paths, or `null` where nothing was pointed at. Arguments of links are not trusted. */
function targetPaths(target: unknown, selection: unknown): string[] | null {
  if (Array.isArray(selection) && selection.length > 0) {
    return selection.flatMap((each: unknown) => pathOf(each) ?? []);
  }
  const path = pathOf(target);
  return path === undefined ? null : [path];
}

function pathOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (target instanceof vscode.Uri) return target.scheme === 'file' ? target.fsPath : undefined;
  if (typeof target === 'object' && target !== null && 'path' in target) {
    return typeof target.path === 'string' ? target.path : undefined;
  }
  return undefined;
}

function isKey(target: unknown): boolean {
  return typeof target === 'object' && target !== null && 'selected' in target;
}

/** Of the run a row of the tree or a basin.json stands for; otherwise all. */
function ofRun(records: readonly CheckpointRecord[], target: unknown): readonly CheckpointRecord[] {
  if (target instanceof vscode.Uri) {
    return records.filter(({ run }) => run.configuration === target.fsPath);
  }
  if (typeof target === 'object' && target !== null && 'folder' in target) {
    return records.filter(({ run }) => run.folder === target.folder);
  }
  return records;
}

async function pickCheckpoint(
  { library }: Context,
  title: string,
  other?: string,
  isAny = false,
): Promise<CheckpointRecord | undefined> {
  const records = library
    .all()
    .filter(({ run, file }) => (isAny || run.configuration !== null) && file.path !== other);
  if (records.length === 0) {
    if (isAny) await vscode.window.showInformationMessage(t('There are no two checkpoints here.'));
    else await tellNoneConfigured();
    return undefined;
  }
  const items: (vscode.QuickPickItem & { record?: CheckpointRecord })[] = [];
  let folder: string | undefined;
  for (const record of records) {
    if (record.run.folder !== folder) {
      folder = record.run.folder;
      items.push({ label: record.run.location, kind: vscode.QuickPickItemKind.Separator });
    }
    items.push({
      label: checkpointName(record.file.path),
      description: record.run.name,
      detail:
        record.result === null ? t('not analyzed yet') : describeResult(record.result.document),
      record,
    });
  }
  const picked = await vscode.window.showQuickPick(items, {
    title: `Basin: ${title}`,
    placeHolder: t('Checkpoint'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.record;
}

async function tellNoneConfigured(): Promise<void> {
  const setUp = t('Set Up This Run');
  const choice = await vscode.window.showInformationMessage(
    t(
      'No basin.json in this workspace names a checkpoint. It says which model, data and loss to use.',
    ),
    setUp,
  );
  if (choice === setUp) await vscode.commands.executeCommand('basin.setUpRun');
}
