import * as vscode from 'vscode';
import type { RunState, StatePart } from '../../shared/engineProtocol';
import type { Library, LibraryChange } from '../checkpoints/library';
import type { Implied, Run } from '../checkpoints/runs';
import type { Message } from '../../shared/words/message';
import type { EngineClient } from '../client/engineClient';
import { EngineError } from '../client/engineError';
import { t, translated } from '../../shared/words/text';

/** Files that a basin.json names may come and go without an event: what is older is asked again. */
const MAX_AGE = 5000;
/** A run that trains writes checkpoint after checkpoint: what was ready is not asked sooner again. */
const MIN_READY_AGE = 10_000;
/** So many runs are looked at without being pointed at. */
const MAX_RUNS = 100;

/** What the engine says of a run's basin.json. */
export type KnownState =
  | { readonly ok: true; readonly state: RunState }
  /** The basin.json itself cannot be used. */
  | { readonly ok: false; readonly message: string | Message };

interface Entry {
  readonly at: number;
  readonly answer: Promise<KnownState | null>;
  /** What was known when it was asked, then the answer. */
  latest: KnownState | null;
}

/**
 * Whether runs are ready to be analysed. A result that holds says so by itself; of other runs the
 * engine is asked, one after the other and again when files change; in trusted workspaces.
 */
export class RunStates implements vscode.Disposable {
  private readonly known = new Map<string, Entry>();
  /** Runs that somebody looks at, by basin.json, and those that are to be asked again. */
  private readonly shown = new Set<string>();
  private readonly due = new Map<string, NodeJS.Timeout>();
  private asking: Promise<unknown> = Promise.resolve();
  private readonly emitter = new vscode.EventEmitter<string>();
  /** Of a basin.json: what is said of it is another. */
  readonly onDidChange = this.emitter.event;
  private readonly subscriptions: vscode.Disposable[];

  /** @param onDidTouchInputs told when graphs, data or a basin.json came, went or were written. */
  constructor(
    private readonly library: Library,
    onDidTouchInputs: vscode.Event<void>,
    private readonly engine: () => Promise<EngineClient>,
  ) {
    this.subscriptions = [
      library.onDidChange((change) => {
        this.follow(change);
      }),
      onDidTouchInputs(() => {
        for (const configuration of this.shown) this.askSoon(configuration, 0);
      }),
    ];
  }

  /** What is known at once; if it is not up to date, `onDidChange` tells of the answer. */
  peek(run: Run): KnownState | null {
    const { configuration } = run;
    if (configuration === null) return null;
    const result = this.byResult(run);
    if (result !== null) return { ok: true, state: result };
    if (!this.shown.has(configuration) && this.shown.size < MAX_RUNS) {
      this.shown.add(configuration);
      this.askSoon(configuration, 0);
    }
    return this.known.get(configuration)?.latest ?? null;
  }

  /** `null` where it cannot be known. @param configuration a basin.json. */
  get(configuration: string): Promise<KnownState | null> {
    const before = this.known.get(configuration);
    if (before !== undefined && Date.now() - before.at < MAX_AGE) return before.answer;
    const latest = before?.latest ?? null;
    const entry: Entry = { at: Date.now(), latest, answer: this.ask(configuration) };
    this.known.set(configuration, entry);
    void entry.answer.then((answer) => {
      const isOther = JSON.stringify(answer) !== JSON.stringify(entry.latest);
      entry.latest = answer;
      if (isOther) this.emitter.fire(configuration);
    });
    return entry.answer;
  }

  /** What was said of it says nothing any more. */
  forget(configuration: string): void {
    const entry = this.known.get(configuration);
    if (entry !== undefined) this.known.set(configuration, { ...entry, at: 0 });
    if (this.shown.has(configuration)) this.askSoon(configuration, 0);
  }

  dispose(): void {
    for (const timer of this.due.values()) clearTimeout(timer);
    for (const subscription of this.subscriptions) subscription.dispose();
    this.emitter.dispose();
  }

  private follow({ runs, paths }: LibraryChange): void {
    const changed = new Set(paths);
    for (const run of this.library.runs) {
      const { configuration, checkpoints } = run;
      if (configuration === null || !this.shown.has(configuration)) continue;
      const last = checkpoints.at(-1);
      if (!runs && (last === undefined || !changed.has(last.path))) continue;
      const known = this.known.get(configuration);
      const wait = isReady(known?.latest ?? null)
        ? (known?.at ?? 0) + MIN_READY_AGE - Date.now()
        : 0;
      this.askSoon(configuration, Math.max(0, wait));
    }
  }

  private askSoon(configuration: string, wait: number): void {
    if (wait > 0 && this.due.has(configuration)) return;
    clearTimeout(this.due.get(configuration));
    this.due.set(
      configuration,
      setTimeout(() => {
        this.due.delete(configuration);
        const entry = this.known.get(configuration);
        if (entry !== undefined) this.known.set(configuration, { ...entry, at: 0 });
        this.asking = this.asking.then(() => this.get(configuration));
      }, wait),
    );
  }

  /** Of a run whose last checkpoint has a result that holds: all it needs is there. */
  private byResult({ checkpoints }: Run): RunState | null {
    const record = this.library.get(checkpoints.at(-1)?.path ?? '');
    if (!record?.result || record.outdated || record.error !== null) return null;
    const hasProbe = record.result.document.sources?.some(({ kind }) => kind === 'probe') === true;
    return { graph: READY, data: READY, weights: READY, probe: hasProbe ? READY : null };
  }

  private async ask(configuration: string): Promise<KnownState | null> {
    if (!vscode.workspace.isTrusted) return null;
    const source = new vscode.CancellationTokenSource();
    try {
      const engine = await this.engine();
      const state = await engine.request('basin/runState', { configuration }, source.token);
      return { ok: true, state };
    } catch (error) {
      const isInput = error instanceof EngineError && error.reason === 'input';
      return isInput ? { ok: false, message: error.said } : null;
    } finally {
      source.dispose();
    }
  }
}

const READY: StatePart = { ok: true, message: null };

/** `graph ✓ data ✓ weights ✓ probe ✓`; what is not ready comes first: a narrow side bar cuts off the rest. */
export function describeState({ graph, data, weights, probe }: RunState): string {
  const marked = (name: string, { ok, message }: StatePart) => ({
    rank: ok ? 2 : message === null ? 1 : 0,
    text: `${name} ${ok ? '✓' : message === null ? '?' : '✗'}`,
  });
  return [
    marked(t('graph'), graph),
    marked(t('data'), data),
    marked(t('weights'), weights),
    ...(probe === null ? [] : [marked(t('probe'), probe)]),
  ]
    .sort((a, b) => a.rank - b.rank)
    .map(({ text }) => text)
    .join(' ');
}

/** What keeps a run from being analysed, in sentences: first what of its checkpoints cannot be read. */
export function problemsOf({ graph, data, weights, probe }: RunState): Message[] {
  return [weights, graph, data, probe].flatMap((part) => part?.message ?? []);
}

/** Whether nothing is in the way of an analysis, as far as it is known. */
export function isReady(known: KnownState | null): boolean {
  return known?.ok === true && problemsOf(known.state).length === 0;
}

/** Whether all that an analysis needs was looked at and is there. */
export function isComplete(known: KnownState | null): boolean {
  if (known?.ok !== true) return false;
  const { graph, data, weights, probe } = known.state;
  return [graph, data, weights, probe].every((part) => part === null || part.ok);
}

/**
 * The marks of a run, and why something is not ready; both empty where nothing is known.
 *
 * @param implied of the run: without a basin.json it is the model that cannot be used.
 */
export function stateWords(
  known: KnownState | null,
  implied: Implied | null,
): {
  readonly marks: string;
  readonly problems: readonly string[];
} {
  if (known === null) return { marks: '', problems: [] };
  if (!known.ok)
    return {
      marks: implied === null ? t('basin.json ✗') : t('model ✗'),
      problems: [translated(known.message)],
    };
  return {
    marks: describeState(known.state),
    problems: problemsOf(known.state).map((problem) => translated(problem)),
  };
}
