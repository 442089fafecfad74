import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { ResultDocument } from '../shared/result';
import type { Discovery } from './checkpoints';
import { inTurns } from './inTurns';
import type { Log } from './log';
import type { ResultPlaces } from './resultPlaces';
import { ResultReader, type StoredResult } from './results';
import type { CheckpointFile, Run } from './runs';
import { Settling } from './settling';

/** What is known of one checkpoint. */
export interface CheckpointRecord {
  readonly file: CheckpointFile;
  readonly run: Run;
  /** Whether the file is still being written. */
  readonly writing: boolean;
  readonly result: StoredResult | null;
  /** Whether the checkpoint or its basin.json is newer than the result. */
  readonly outdated: boolean;
  /** Why the last analysis gave no result, or why the result on disk is of no use. */
  readonly error: string | null;
}

/**
 * Every run, checkpoint and last good result the workspace holds: the one picture that the tree,
 * the panel, hovers and commands show. It never starts the engine.
 */
export class Library implements vscode.Disposable {
  private runList: readonly Run[] = [];
  private problemMap: ReadonlyMap<string, string> = new Map();
  private records = new Map<string, CheckpointRecord>();
  /** Of analyses in this window, by checkpoint: they say more than what is on disk. */
  private readonly failures = new Map<
    string,
    { readonly modified: number; readonly configured: number; readonly message: string }
  >();
  private readonly results = new ResultReader();
  private readonly settling = new Settling();
  private readonly configurationTimes = new Map<string, number>();

  private readonly changeEmitter = new vscode.EventEmitter<void>();
  /** Something changed; ask again. */
  readonly onDidChange = this.changeEmitter.event;

  constructor(
    private readonly places: ResultPlaces,
    private readonly log: Log,
  ) {}

  get runs(): readonly Run[] {
    return this.runList;
  }

  /** Sentences about basin.json files that could not be used, by path. */
  get problems(): ReadonlyMap<string, string> {
    return this.problemMap;
  }

  get(path: string): CheckpointRecord | undefined {
    return this.records.get(path);
  }

  /** All checkpoints, run by run, in the order of training. */
  all(): CheckpointRecord[] {
    return this.runList.flatMap((run) =>
      run.checkpoints.flatMap((file) => this.records.get(file.path) ?? []),
    );
  }

  /** Paths of checkpoints that are still being written. */
  writing(): string[] {
    return [...this.records.values()].filter((r) => r.writing).map((r) => r.file.path);
  }

  /** Takes over what a look at the workspace found. @returns whether anything is different. */
  async update(discovery: Discovery): Promise<boolean> {
    for (const [path, problem] of discovery.problems) {
      if (this.problemMap.get(path) !== problem) this.log.warn(problem);
    }
    await this.readConfigurationTimes(discovery);
    await this.places.look();
    const records = new Map<string, CheckpointRecord>();
    for (const run of discovery.runs) {
      await inTurns(run.checkpoints, async (file) => {
        records.set(file.path, await this.record(file, run));
      });
    }
    for (const path of this.records.keys()) {
      if (!records.has(path)) this.forget(path);
    }
    const changed =
      !sameRecords(this.records, records) || !sameProblems(this.problemMap, discovery.problems);
    this.runList = discovery.runs;
    this.problemMap = discovery.problems;
    this.records = records;
    if (changed) this.changeEmitter.fire();
    return changed;
  }

  /** Looks again at files that an event told of, or that were being written. */
  async refresh(files: readonly CheckpointFile[]): Promise<void> {
    let changed = false;
    for (const file of files) {
      const known = this.records.get(file.path);
      if (known === undefined) continue;
      const record = await this.record(file, known.run);
      if (sameRecord(known, record)) continue;
      this.records.set(file.path, record);
      changed = true;
    }
    if (changed) this.changeEmitter.fire();
  }

  /** A document the engine has just made. @param file that it wrote. */
  setResult(path: string, document: ResultDocument, file: string): void {
    const known = this.records.get(path);
    if (known === undefined) return;
    this.failures.delete(path);
    this.records.set(path, {
      ...known,
      result: { document, written: Date.now(), path: file },
      outdated: false,
      error: null,
    });
    this.changeEmitter.fire();
  }

  /** An analysis that gave no result. The last good one stays. */
  setError(path: string, message: string): void {
    const known = this.records.get(path);
    if (known === undefined) return;
    this.failures.set(path, {
      modified: known.file.modified,
      configured: this.configuredAt(known.run),
      message,
    });
    this.records.set(path, { ...known, error: message });
    this.changeEmitter.fire();
  }

  dispose(): void {
    this.changeEmitter.dispose();
  }

  private forget(path: string): void {
    this.settling.forget(path);
    this.failures.delete(path);
  }

  private async record(file: CheckpointFile, run: Run): Promise<CheckpointRecord> {
    const writing = !this.settling.observe(file) || file.incomplete === true;
    const failure = this.failures.get(file.path);
    // A failure is about the bytes it was met in.
    if (
      failure !== undefined &&
      (failure.modified !== file.modified || failure.configured !== this.configuredAt(run))
    ) {
      this.failures.delete(file.path);
    }
    let error = this.failures.get(file.path)?.message ?? null;
    let result: StoredResult | null = null;
    if (run.configuration !== null) {
      const lookup = await this.results.readNewest(
        this.places.resultPaths(run.configuration, file.path),
      );
      if (lookup.kind === 'found') result = lookup.result;
      else if (lookup.kind === 'unusable') error ??= lookup.message;
    }
    const newest = Math.max(file.modified, this.configuredAt(run));
    return {
      file,
      run,
      writing,
      result,
      outdated: result !== null && result.written < newest,
      error,
    };
  }

  /** When the run's basin.json was changed; 0 where there is none. */
  private configuredAt({ configuration }: Run): number {
    return this.configurationTimes.get(configuration ?? '') ?? 0;
  }

  private async readConfigurationTimes(discovery: Discovery): Promise<void> {
    this.configurationTimes.clear();
    await Promise.all(
      discovery.configurations.map(async ({ path }) => {
        try {
          this.configurationTimes.set(path, (await stat(path)).mtimeMs);
        } catch {
          // Deleted meanwhile: the next look finds out.
        }
      }),
    );
  }
}

function sameRecords(
  a: ReadonlyMap<string, CheckpointRecord>,
  b: ReadonlyMap<string, CheckpointRecord>,
): boolean {
  if (a.size !== b.size) return false;
  for (const [path, record] of a) {
    const other = b.get(path);
    if (other === undefined || !sameRecord(record, other)) return false;
  }
  return true;
}

function sameRecord(a: CheckpointRecord, b: CheckpointRecord): boolean {
  return (
    a.file.size === b.file.size &&
    a.file.modified === b.file.modified &&
    a.run.folder === b.run.folder &&
    a.run.configuration === b.run.configuration &&
    a.writing === b.writing &&
    a.result?.document === b.result?.document &&
    a.outdated === b.outdated &&
    a.error === b.error
  );
}

function sameProblems(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([path, problem]) => b.get(path) === problem);
}
