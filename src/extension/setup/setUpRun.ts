import { readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import * as vscode from 'vscode';
import type { InitResult } from '../../shared/engineProtocol';
import type { UserAnalysis } from '../analysis/userAnalysis';
import { checkpointsNamed } from '../checkpoints/checkpointPaths';
import type { Library } from '../checkpoints/library';
import type { Run } from '../checkpoints/runs';
import type { Watch } from '../checkpoints/watch';
import type { EngineClient } from '../client/engineClient';
import { EngineError } from '../client/engineError';
import { findSavedCalls } from '../code/savedCalls';
import { plural, t, translated } from '../../shared/words/text';
import { isBelow } from '../../shared/pathNames';
import { runName } from '../words/checkpointLabel';
import { describeState, problemsOf, type RunStates } from './runStates';
import { runUpToExport } from './runScript';
import { exportLine, findExportPlace, type ExportPlace } from './trainingScript';

/** So many scripts are looked at for the one that trained a run. */
const MAX_SCRIPTS = 300;

/** A script of the workspace that may have trained a run. */
interface Script {
  readonly uri: vscode.Uri;
  readonly place: ExportPlace;
  /** Higher is likelier. */
  readonly score: number;
  /** Whether the line is in it already. */
  readonly isDone: boolean;
}

/**
 * From checkpoints that no basin.json names to the first landscape: writes `basin_export.py`, puts the
 * one line into the training script, runs that up to the line, and analyses.
 */
export class SetUpRun {
  constructor(
    private readonly library: Library,
    private readonly watch: Watch,
    private readonly userAnalysis: UserAnalysis,
    private readonly states: RunStates,
    private readonly engine: () => Promise<EngineClient>,
    private readonly openPanel: (path: string) => void,
  ) {}

  /** @param target folder of the run; the user's choice if absent. */
  async run(target: string | undefined): Promise<void> {
    const folder = target ?? (await this.choose());
    if (folder === undefined) return;
    const prepared = await this.prepare(folder);
    if (prepared === undefined) return;
    const name = runName(folder);
    const found = `${plural(prepared.count, 'checkpoint')} (${prepared.checkpoints.join(', ')})`;
    const left = prepared.left.map(translated);
    if (!prepared.needsExport) {
      await this.withoutExport(prepared.file, folder, [t('{0}: {1}.', name, found), ...left]);
      return;
    }
    const script = await this.findScript(folder);
    if (script === null) {
      await this.withoutScript(folder, [t('{0}: {1}.', name, found), ...left]);
      return;
    }
    const line = exportLine(script.place, pathTo(folder, script.uri)).trim();
    const file = vscode.workspace.asRelativePath(script.uri);
    const insertAndRun = script.isDone ? t('Run the Script {0}', file) : t('Insert and Run');
    const insert = t('Insert');
    const copy = t('Copy the Line');
    const mayRun = vscode.workspace.isTrusted && script.place.isCertain;
    const choice = await vscode.window.showInformationMessage(
      [
        t('{0}: {1}.', name, found),
        ...left,
        script.isDone
          ? t('{0} has the line that exports this run. It is run up to that line.', file)
          : t(
              'One line in {0} exports graph, data and loss: {1} — Python runs the script up to it and nothing is trained again.',
              file,
              line,
            ),
      ].join(' '),
      ...(mayRun ? [insertAndRun] : []),
      ...(script.isDone ? [] : [insert, copy]),
    );
    if (choice === copy) await vscode.env.clipboard.writeText(line);
    if (choice === insert || (choice === insertAndRun && !script.isDone)) {
      await insertLine(script, folder);
    }
    if (choice === insertAndRun) await this.execute(script.uri, folder);
  }

  /** Runs the script up to its line, and offers the analysis. */
  private async execute(script: vscode.Uri, folder: string): Promise<void> {
    const file = vscode.workspace.asRelativePath(script);
    const name = runName(folder);
    const ended = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: t('Basin: Python runs {0} up to the export', file),
      },
      () => runUpToExport(script),
    );
    await this.watch.search();
    const status = ended?.status;
    if (status !== 0 || !(await this.offerAnalysis(folder))) {
      const show = t('Show Terminal');
      const choice = await vscode.window.showErrorMessage(
        status === undefined
          ? t('Python could not be started, or was ended: {0} was not exported.', name)
          : status === 0
            ? t(
                '{0} ended without a basin.json for {1}: is the line reached, and does its folder fit?',
                file,
                name,
              )
            : t(
                '{0} ended with status {1} before the export. The terminal says why. It was run by {2}: the Python chosen in the Python extension, or of a .venv in the folder, comes first.',
                file,
                status,
                ended!.interpreter,
              ),
        show,
      );
      if (choice === show) {
        await vscode.commands.executeCommand('workbench.action.terminal.focus');
      }
    }
  }

  /** Offers the analysis of a run that is set up, or says what it lacks. @returns Whether a basin.json names it. */
  private async offerAnalysis(folder: string): Promise<boolean> {
    const run = this.library.runs.find((each) => each.folder === folder);
    const last = run?.checkpoints.at(-1);
    if (run === undefined || run.configuration === null || last === undefined) return false;
    this.states.forget(run.configuration);
    const known = await this.states.get(run.configuration);
    const problems = known === null ? [] : known.ok ? problemsOf(known.state) : [known.message];
    if (problems.length > 0) {
      await vscode.window.showErrorMessage(
        t('{0} is set up, and cannot be analyzed yet: {1}', run.name, translated(problems[0]!)),
      );
      return true;
    }
    const analyze = t('Analyze');
    const marks = known?.ok === true ? describeState(known.state) : '';
    const choice = await vscode.window.showInformationMessage(
      t('{0} is set up: {1}', run.name, marks),
      analyze,
    );
    const record = this.library.get(last.path);
    if (choice !== analyze || record === undefined) return true;
    this.openPanel(last.path);
    await this.userAnalysis.run([record]);
    return true;
  }

  /** Saved models hold their graph: their basin.json is written, or was there. */
  private async withoutExport(
    configuration: string,
    folder: string,
    sentences: readonly string[],
  ): Promise<void> {
    await this.watch.search();
    if (sentences.length === 1 && (await this.offerAnalysis(folder))) return;
    const open = t('Open {0}', basename(configuration));
    const choice = await vscode.window.showInformationMessage(sentences.join(' '), open);
    if (choice === open) await vscode.window.showTextDocument(vscode.Uri.file(configuration));
  }

  private async prepare(folder: string): Promise<InitResult | undefined> {
    try {
      const engine = await this.engine();
      return await vscode.window.withProgress(
        {
          location: vscode.ProgressLocation.Notification,
          title: t('Basin: looking at the checkpoints of {0}', runName(folder)),
          cancellable: true,
        },
        (_, token) => engine.request('basin/init', { folder }, token),
      );
    } catch (error) {
      const known = error instanceof EngineError;
      if (known && error.reason === 'cancelled') return undefined;
      await vscode.window.showErrorMessage(
        known ? translated(error.said) : t('Basin failed: {0}', String(error)),
      );
      return undefined;
    }
  }

  private async withoutScript(folder: string, before: readonly string[]): Promise<void> {
    const line = 'from basin_export import export; export(model, loader, loss)';
    const copy = t('Copy the Line');
    const open = t('Open {0}', 'basin_export.py');
    const choice = await vscode.window.showInformationMessage(
      [
        ...before,
        t('No script of this workspace trains it. Where model, data and loss are, run: {0}', line),
      ].join(' '),
      copy,
      open,
    );
    if (choice === copy) await vscode.env.clipboard.writeText(line);
    if (choice === open) {
      await vscode.window.showTextDocument(vscode.Uri.file(join(folder, 'basin_export.py')));
    }
  }

  /** A run that no basin.json names: the only one, or the user's choice. */
  private async choose(): Promise<string | undefined> {
    const runs = this.library.runs.filter(({ configuration }) => configuration === null);
    if (runs.length === 0) {
      await vscode.window.showInformationMessage(
        this.library.runs.length === 0
          ? t('No checkpoints were found: train first, or open the folder that has them.')
          : t('Every run of this workspace has a basin.json.'),
      );
      return undefined;
    }
    if (runs.length === 1) return runs[0]!.folder;
    const items = runs.map(({ name, location, folder, checkpoints }: Run) => ({
      label: name,
      description: location,
      detail: plural(checkpoints.length, 'checkpoint'),
      folder,
    }));
    const picked = await vscode.window.showQuickPick(items, { title: t('Basin: Set Up This Run') });
    return picked?.folder;
  }

  /** The script that trained a run: it saves its checkpoints, or it is the nearest that trains. */
  private async findScript(folder: string): Promise<Script | null> {
    const files = await vscode.workspace.findFiles(
      '**/*.py',
      '**/{node_modules,.git,site-packages,.venv,venv,env,__pycache__}/**',
      MAX_SCRIPTS,
    );
    const records = this.library.all().filter(({ run }) => run.folder === folder);
    const roots = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
    let best: Script | null = null;
    for (const uri of files) {
      const text = await readFile(uri.fsPath, 'utf8').catch(() => '');
      if (basename(uri.fsPath) === 'basin_export.py') continue;
      const place = findExportPlace(text);
      if (place === null) continue;
      const surroundings = { folder: dirname(uri.fsPath), roots, runs: this.library.runs };
      const saves = findSavedCalls(text, 'python').some(
        ({ kind, path }) =>
          kind === 'save' && checkpointsNamed(path, surroundings, records).length > 0,
      );
      const beside = dirname(uri.fsPath);
      const above = beside === folder || isBelow(beside, folder, { sep });
      const score =
        (saves ? 8 : 0) +
        (text.includes(basename(folder)) ? 2 : 0) +
        (above ? 2 : 0) +
        (/train/i.test(basename(uri.fsPath)) ? 1 : 0);
      const isDone = /\bbasin_export\b/.test(text);
      if (best === null || score > best.score) best = { uri, place, score, isDone };
    }
    return best;
  }
}

/** How a script finds the file of a run: null beside it, and relative to where it is started. */
function pathTo(folder: string, script: vscode.Uri): string | null {
  if (dirname(script.fsPath) === folder) return null;
  const root = vscode.workspace.getWorkspaceFolder(script)?.uri.fsPath;
  const inside = root === undefined ? folder : relative(root, folder);
  return (inside.startsWith('..') || isAbsolute(inside) ? folder : inside).split(sep).join('/');
}

async function insertLine({ uri, place }: Script, folder: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const editor = await vscode.window.showTextDocument(document);
  const at = new vscode.Position(place.line, 0);
  const line = exportLine(place, pathTo(folder, uri));
  await editor.edit((edit) => {
    edit.insert(at, line);
  });
  const range = new vscode.Range(at, new vscode.Position(place.line, line.length - 1));
  editor.selection = new vscode.Selection(range.start, range.end);
  editor.revealRange(range, vscode.TextEditorRevealType.InCenter);
  if (place.isCertain) await document.save();
}
