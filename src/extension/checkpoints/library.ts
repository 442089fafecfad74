import { stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import * as vscode from 'vscode';
import type { ResultDocument } from '../../shared/result';
import type { Change } from '../../shared/sources';
import type { Message } from '../../shared/words/message';
import { changesOf, FileStatuses } from './changes';
import type { Discovery } from './checkpoints';
import { checkpointOfResult } from './checkpointOfResult';
import { FolderListings } from './folderListings';
import { inPieces, inTurns } from '../turns/inTurns';
import type { Log } from '../log';
import { resultPath, type ResultPlaces, type Stores } from './resultPlaces';
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
  /** Whether the result no longer holds, or may not, and why. */
  readonly outdated: boolean;
  readonly changes: readonly Change[];
  /** Why the last analysis gave no result, or why the result on disk is of no use. */
  readonly error: string | Message | null;
}

/** What is different from before. */
export interface LibraryChange {
  /** Whether runs or checkpoints came or went, are in another order or of another basin.json. */
  readonly runs: boolean;
  /** Checkpoints that are new or gone, or of which something else is known. */
  readonly paths: readonly string[];
}

/** Of so many files the folders of results are listed, and not each result looked for. */
const MANY = 32;

/** Where the results of a run may be. */
interface Look {
  readonly stores: readonly string[];
  /** What is in their folders, where many are looked for at once. */
  readonly listings: FolderListings | null;
  readonly statuses: FileStatuses;
}

/**
 * Every run, checkpoint and last good result the workspace holds: the one picture that the tree,
 * the panel, hovers and commands show. It never starts the engine.
 */
export class Library implements vscode.Disposable {
  private runList: readonly Run[] = [];
  private problemMap: ReadonlyMap<string, string> = new Map();
  private records = new Map<string, CheckpointRecord>();
  /** All folders that hold checkpoints, and those above them. */
  private folders: Set<string> | undefined;
  private ordered: readonly CheckpointRecord[] | undefined;
  private unfinished = new Set<string>();
  /** How many checkpoints of a run have a result, by folder. */
  private analyzed = new Map<string, number>();
  /** What became known by another way while the workspace was looked at. */
  private readonly overtaken = new Set<string>();
  /** Of analyses in this window, by checkpoint: they say more than what is on disk. */
  private readonly failures = new Map<
    string,
    { readonly modified: number; configured: number; readonly message: string | Message }
  >();
  private readonly results = new ResultReader();
  private readonly settling = new Settling();
  private readonly configurationTimes = new Map<string, number>();
  /** Hashes of the settings in each basin.json. */
  private settings: ReadonlyMap<string, string> = new Map();

  private readonly changeEmitter = new vscode.EventEmitter<LibraryChange>();
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
  all(): readonly CheckpointRecord[] {
    if (this.ordered !== undefined) return this.ordered;
    const ordered: CheckpointRecord[] = [];
    for (const run of this.runList) {
      for (const { path } of run.checkpoints) {
        const record = this.records.get(path);
        if (record !== undefined) ordered.push(record);
      }
    }
    this.ordered = ordered;
    return ordered;
  }

  /** Whether any checkpoint is in this folder or below it. */
  isAbove(folder: string): boolean {
    if (this.folders === undefined) {
      this.folders = new Set();
      for (const path of this.records.keys()) {
        let above = path.slice(0, path.lastIndexOf(sep));
        for (; !this.folders.has(above); above = dirname(above)) this.folders.add(above);
      }
    }
    return this.folders.has(folder);
  }

  /** How many checkpoints of a run have a result. */
  analyzedIn(folder: string): number {
    return this.analyzed.get(folder) ?? 0;
  }

  /** Paths of checkpoints that are still being written. */
  writing(): string[] {
    return [...this.unfinished];
  }

  /** The checkpoint a file is the result document of, if it is one that is known. */
  ofResult(path: string): string | null {
    const configurations = new Set(this.runList.map(({ configuration }) => configuration));
    for (const configuration of configurations) {
      if (configuration === null) continue;
      for (const store of this.places.stores(configuration)) {
        const checkpoint = checkpointOfResult(configuration, store, path);
        const record = checkpoint === null ? undefined : this.records.get(checkpoint);
        if (record?.run.configuration === configuration) return checkpoint;
      }
    }
    return null;
  }

  /** Takes over what a look at the workspace found. @returns whether anything is different. */
  async update(discovery: Discovery): Promise<boolean> {
    for (const [path, problem] of discovery.problems) {
      if (this.problemMap.get(path) !== problem) this.log.warn(problem);
    }
    await this.readConfigurationTimes(discovery);
    this.settings = new Map(discovery.configurations.map(({ path, settings }) => [path, settings]));
    await this.places.look();
    this.overtaken.clear();
    const records = new Map<string, CheckpointRecord>();
    const listings = new FolderListings();
    const statuses = new FileStatuses();
    for (const run of discovery.runs) {
      const look = await this.look(run, listings, statuses);
      await inTurns(run.checkpoints, async (file) => {
        records.set(file.path, await this.record(file, run, look));
      });
    }
    const { paths, gone, unfinished, analyzed } = await inPieces(compare(this.records, records));
    const runs =
      !sameOrder(this.runList, discovery.runs) ||
      !sameProblems(this.problemMap, discovery.problems);
    const before = this.records;
    this.runList = discovery.runs;
    this.problemMap = discovery.problems;
    this.records = records;
    this.unfinished = unfinished;
    this.analyzed = analyzed;
    for (const path of gone) this.forget(path);
    for (const path of this.overtaken) {
      const record = records.get(path);
      const known = before.get(path);
      if (record === undefined || known === undefined) continue;
      const { result, outdated, changes, error } = known;
      this.put({ ...record, result, outdated, changes, error });
    }
    // The files themselves are other objects now, in the list as in the records.
    this.ordered = undefined;
    if (runs) this.folders = undefined;
    const changed = runs || paths.length > 0;
    if (changed) this.changeEmitter.fire({ runs, paths });
    return changed;
  }

  /** Looks again at files that an event told of, or that were being written. */
  async refresh(files: readonly CheckpointFile[]): Promise<void> {
    const paths: string[] = [];
    const listings = files.length < MANY ? null : new FolderListings();
    const statuses = new FileStatuses();
    const looks = new Map<Run, Promise<Look>>();
    await inTurns(files, async (file) => {
      const known = this.records.get(file.path);
      if (known === undefined) return;
      const { run } = known;
      const look = looks.get(run) ?? this.look(run, listings, statuses);
      looks.set(run, look);
      const record = await this.record(file, run, await look);
      if (sameRecord(known, record)) return;
      this.put(record);
      paths.push(file.path);
    });
    if (paths.length > 0) this.changeEmitter.fire({ runs: false, paths });
  }

  /** A document the engine has just made. @param file that it wrote. */
  setResult(path: string, document: ResultDocument, file: string): void {
    const known = this.records.get(path);
    if (known === undefined) return;
    this.failures.delete(path);
    this.overtaken.add(path);
    this.put({
      ...known,
      result: { document, written: Date.now(), path: file },
      outdated: false,
      changes: [],
      error: null,
    });
    this.changeEmitter.fire({ runs: false, paths: [path] });
  }

  /** An analysis that gave no result. The last good one stays. */
  setError(path: string, message: string | Message): void {
    const known = this.records.get(path);
    if (known === undefined) return;
    const failure = {
      modified: known.file.modified,
      configured: this.configuredAt(known.run),
      message,
    };
    this.failures.set(path, failure);
    void this.configuredNow(known.run).then((configured) => {
      failure.configured = configured;
    });
    this.overtaken.add(path);
    this.put({ ...known, error: message });
    this.changeEmitter.fire({ runs: false, paths: [path] });
  }

  dispose(): void {
    this.changeEmitter.dispose();
  }

  private put(record: CheckpointRecord): void {
    const { path } = record.file;
    const { folder } = record.run;
    const before = this.records.get(path)?.result ?? null;
    const change = Number(record.result !== null) - Number(before !== null);
    if (change !== 0) this.analyzed.set(folder, this.analyzedIn(folder) + change);
    if (record.writing) this.unfinished.add(path);
    else this.unfinished.delete(path);
    this.records.set(path, record);
    this.ordered = undefined;
  }

  private forget(path: string): void {
    this.settling.forget(path);
    this.failures.delete(path);
  }

  private stores({ configuration }: Run): Stores | readonly [] {
    return configuration === null ? [] : this.places.stores(configuration);
  }

  /** Of the stores of a run those that hold any results. */
  private async look(
    run: Run,
    listings: FolderListings | null,
    statuses: FileStatuses,
  ): Promise<Look> {
    const stores: string[] = [];
    for (const store of this.stores(run)) {
      if (listings === null || (await listings.has(join(store, 'results')))) stores.push(store);
    }
    return { stores, listings, statuses };
  }

  private async record(
    file: CheckpointFile,
    run: Run,
    { stores, listings, statuses }: Look,
  ): Promise<CheckpointRecord> {
    const writing = !this.settling.observe(file) || file.incomplete === true;
    const failure = this.failures.get(file.path);
    // A failure is about the bytes it was met in.
    if (
      failure !== undefined &&
      (failure.modified !== file.modified || failure.configured !== this.configuredAt(run))
    ) {
      this.failures.delete(file.path);
    }
    let error: string | Message | null = this.failures.get(file.path)?.message ?? null;
    let result: StoredResult | null = null;
    const { configuration } = run;
    if (configuration !== null && stores.length > 0) {
      const lookup = await this.results.readNewest(
        stores.map((store) => resultPath(configuration, file.path, store)),
        listings,
      );
      if (lookup.kind === 'found') result = lookup.result;
      else if (lookup.kind === 'unusable') error ??= lookup.message;
    }
    const changes =
      configuration === null || result === null
        ? []
        : await changesOf(
            result.document,
            file,
            configuration,
            this.settings.get(configuration) ?? null,
            statuses,
          );
    return {
      file,
      run,
      writing,
      result,
      outdated: changes.length > 0,
      changes,
      error,
    };
  }

  /** When the run's basin.json was changed; 0 where there is none. */
  private configuredAt({ configuration }: Run): number {
    return this.configurationTimes.get(configuration ?? '') ?? 0;
  }

  /**
   * The same, of the file as it is: an analysis may fail of a basin.json so soon after it was written
   * that no look at the folder has seen it.
   */
  private async configuredNow(run: Run): Promise<number> {
    try {
      return run.configuration === null ? 0 : (await stat(run.configuration)).mtimeMs;
    } catch {
      return this.configuredAt(run);
    }
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

interface Comparison {
  /** Checkpoints that are in one only, or not the same in both. */
  readonly paths: string[];
  readonly gone: string[];
  readonly unfinished: Set<string>;
  /** How many have a result, by the folder of their run. */
  readonly analyzed: Map<string, number>;
}

/** What is known of all checkpoints, before and now. */
function* compare(
  before: ReadonlyMap<string, CheckpointRecord>,
  now: ReadonlyMap<string, CheckpointRecord>,
): Generator<undefined, Comparison> {
  const paths: string[] = [];
  const gone: string[] = [];
  const unfinished = new Set<string>();
  const analyzed = new Map<string, number>();
  let count = 0;
  for (const [path, record] of now) {
    const other = before.get(path);
    if (other === undefined || !sameRecord(record, other)) paths.push(path);
    if (record.writing) unfinished.add(path);
    const { folder } = record.run;
    if (record.result !== null) analyzed.set(folder, (analyzed.get(folder) ?? 0) + 1);
    if (++count % 256 === 0) yield;
  }
  for (const path of before.keys()) {
    if (!now.has(path)) gone.push(path);
    if (++count % 256 === 0) yield;
  }
  return { paths: [...paths, ...gone], gone, unfinished, analyzed };
}

/** Whether these are the same rows, in the same order. */
function sameOrder(a: readonly Run[], b: readonly Run[]): boolean {
  return (
    a.length === b.length &&
    a.every((run, i) => {
      const other = b[i];
      return (
        run.folder === other?.folder &&
        run.location === other.location &&
        run.configuration === other.configuration &&
        run.implied === other.implied &&
        run.checkpoints.length === other.checkpoints.length &&
        run.checkpoints.every(({ path }, j) => path === other.checkpoints[j]?.path)
      );
    })
  );
}

function sameRecord(a: CheckpointRecord, b: CheckpointRecord): boolean {
  return (
    a.file.size === b.file.size &&
    a.file.modified === b.file.modified &&
    a.run.folder === b.run.folder &&
    a.run.configuration === b.run.configuration &&
    a.writing === b.writing &&
    a.result?.document === b.result?.document &&
    a.changes.join() === b.changes.join() &&
    a.error === b.error
  );
}

function sameProblems(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([path, problem]) => b.get(path) === problem);
}
