import * as vscode from 'vscode';
import type { WeightFigures } from '../../shared/weightFigures';
import type { EngineClient } from '../client/engineClient';
import { EngineError, saidBy } from '../client/engineError';
import type { Log } from '../log';
import { translated } from '../../shared/words/text';
import type { CheckpointFile, Run } from './runs';

/** Bytes of what is read for a hover: in a blink. */
const CHEAP = 32 * 2 ** 20;
/** Milliseconds that a hover waits for it. */
const BLINK = 150;

/**
 * Figures of checkpoints' weights: read by the engine when they are asked for, and remembered for each version
 * of a file and of those it is compared with.
 */
export class RunWeights implements vscode.Disposable {
  private readonly known = new Map<string, WeightFigures>();
  private readonly underWay = new Set<string>();
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private jobs = 0;

  constructor(
    private readonly engine: () => Promise<EngineClient>,
    private readonly log: Log,
  ) {}

  dispose(): void {
    this.changed.dispose();
  }

  /** What is known of a checkpoint of a run. */
  peek(run: Run, path: string): WeightFigures | undefined {
    if (this.known.size === 0) return undefined;
    const files = comparedWith(run, path);
    return files === null ? undefined : this.known.get(keyOf(files));
  }

  /** What is known of it, or is found out in a blink; undefined where that takes longer. */
  async soon(run: Run, path: string): Promise<WeightFigures | undefined> {
    const files = comparedWith(run, path);
    if (files === null) return undefined;
    const key = keyOf(files);
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const isToRead = bytes <= CHEAP && vscode.workspace.isTrusted && !this.underWay.has(key);
    if (this.known.has(key) || !isToRead) return this.known.get(key);
    this.underWay.add(key);
    const reading = this.read(files, new vscode.CancellationTokenSource().token, (outcome) => {
      if (outcome.path === path) this.known.set(key, outcome.figures);
    })
      .catch((error: unknown) => {
        // The hover says of the file itself what is wrong with it.
        this.log.debug(error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        this.underWay.delete(key);
      });
    let timer: NodeJS.Timeout | undefined;
    const blink = new Promise<void>((resolve) => (timer = setTimeout(resolve, BLINK)));
    await Promise.race([reading, blink]);
    clearTimeout(timer);
    return this.known.get(key);
  }

  /** Reads the weights of all checkpoints of a run. @throws EngineError */
  async measure(
    run: Run,
    token: vscode.CancellationToken,
    onDone: (count: number) => void,
  ): Promise<void> {
    let done = 0;
    await this.read(run.checkpoints, token, ({ path, figures }) => {
      const files = comparedWith(run, path);
      if (files !== null) this.known.set(keyOf(files), figures);
      onDone(++done);
      this.changed.fire();
    });
  }

  private async read(
    files: readonly CheckpointFile[],
    token: vscode.CancellationToken,
    onFigures: (outcome: { readonly path: string; readonly figures: WeightFigures }) => void,
  ): Promise<void> {
    const job = `weights ${++this.jobs}`;
    const engine = await this.engine();
    const listener = engine.onNotification('basin/weightsDone', ({ job: of, outcome }) => {
      if (of !== job) return;
      if (outcome.ok) onFigures(outcome);
      else this.log.warn(translated(outcome.message));
    });
    try {
      await engine.request('basin/weights', { job, paths: files.map(({ path }) => path) }, token);
    } finally {
      listener.dispose();
    }
  }
}

/** The first of the run, the one before, and the file itself, as far as they are others. */
function comparedWith(run: Run, path: string): readonly CheckpointFile[] | null {
  const place = run.checkpoints.findIndex((file) => file.path === path);
  if (place < 0) return null;
  return run.checkpoints.filter((_, k) => k === 0 || k === place - 1 || k === place);
}

function keyOf(files: readonly CheckpointFile[]): string {
  return files.map(({ path, size, modified }) => `${path}\0${size}\0${modified}`).join('\n');
}

/** Reads the weights of a run while a notice tells how far it is, and stops when that is closed. */
export async function measureWithNotice(
  weights: RunWeights,
  run: Run,
  title: string,
): Promise<void> {
  const { length } = run.checkpoints;
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  await vscode.window.withProgress(options, async (progress, token) => {
    try {
      await weights.measure(run, token, (done) => {
        progress.report({ increment: 100 / length, message: `${done} / ${length}` });
      });
    } catch (error) {
      if (error instanceof EngineError && error.reason === 'cancelled') return;
      void vscode.window.showErrorMessage(translated(saidBy(error)));
    }
  });
}
