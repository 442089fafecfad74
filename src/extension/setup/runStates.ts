import * as vscode from 'vscode';
import type { RunState, StatePart } from '../../shared/engineProtocol';
import type { Library } from '../checkpoints/library';
import type { EngineClient } from '../client/engineClient';
import { t, translated } from '../words/text';

/** Files that a basin.json names may come and go without an event: what is older is asked again. */
const LONGEST = 5000;

/** What the engine says of a run's basin.json. */
export type KnownState =
  | { readonly ok: true; readonly state: RunState }
  /** The basin.json itself cannot be used. */
  | { readonly ok: false; readonly message: string };

/** Whether runs are ready to be analysed, asked of the engine when somebody looks; in trusted workspaces. */
export class RunStates implements vscode.Disposable {
  private readonly known = new Map<
    string,
    { readonly at: number; readonly state: Promise<KnownState | null> }
  >();
  private readonly subscription: vscode.Disposable;

  constructor(
    library: Library,
    private readonly engine: () => Promise<EngineClient>,
  ) {
    this.subscription = library.onDidChange(({ runs }) => {
      if (runs) this.known.clear();
    });
  }

  /** `null` where it cannot be known. @param configuration a basin.json. */
  get(configuration: string): Promise<KnownState | null> {
    const before = this.known.get(configuration);
    if (before !== undefined && Date.now() - before.at < LONGEST) return before.state;
    const state = this.ask(configuration);
    this.known.set(configuration, { at: Date.now(), state });
    return state;
  }

  forget(configuration: string): void {
    this.known.delete(configuration);
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private async ask(configuration: string): Promise<KnownState | null> {
    if (!vscode.workspace.isTrusted) return null;
    const source = new vscode.CancellationTokenSource();
    try {
      const engine = await this.engine();
      const state = await engine.request('basin/runState', { configuration }, source.token);
      return { ok: true, state };
    } catch (error) {
      const isInput = error instanceof Error && 'reason' in error && error.reason === 'input';
      return isInput ? { ok: false, message: error.message } : null;
    } finally {
      source.dispose();
    }
  }
}

/** `graph ✓ · data ✓ · weights ✓ · probe ✓`. */
export function describeState({ graph, data, weights, probe }: RunState): string {
  const mark = ({ ok, message }: StatePart): string => (ok ? '✓' : message === null ? '?' : '✗');
  return [
    `${t('graph')} ${mark(graph)}`,
    `${t('data')} ${mark(data)}`,
    `${t('weights')} ${mark(weights)}`,
    ...(probe === null ? [] : [`${t('probe')} ${mark(probe)}`]),
  ].join(' · ');
}

/** What keeps a run from being analysed, in sentences. */
export function problemsOf({ graph, data, weights, probe }: RunState): string[] {
  return [graph, data, weights, probe].flatMap((part) => part?.message ?? []);
}

/** A state in full: the marks, and why something is not ready. */
export function stateLines(known: KnownState): string[] {
  if (!known.ok) return [translated(known.message)];
  return [describeState(known.state), ...problemsOf(known.state).map(translated)];
}
