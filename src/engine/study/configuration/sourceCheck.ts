import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ResultDocument } from '../../../shared/result';
import { wholeTime, type Change, type Source } from '../../../shared/sources';
import { sha256, sha256OfAll } from '../../checkpoint/bytes/hash';
import { openStudyInputs } from '../openProblem';
import { graphHash } from './graphSource';
import { settingsHash } from './sources';
import type { Study } from './study';

/** Whether results of a study still hold. What all of them follow from is read once. */
export class SourceCheck {
  private readonly study: Study;
  private readonly signal: AbortSignal | undefined;
  private readonly isByTime: boolean;
  private readonly hashes = new Map<string, Promise<string | null>>();

  /** @param isByTime whether a checkpoint whose file has the size and the time it had is taken for the same. */
  constructor(study: Study, signal?: AbortSignal, isByTime = false) {
    this.study = study;
    this.isByTime = isByTime;
    this.signal = signal;
  }

  /**
   * What is another than when a result was made: by content, but for data, probe and the other checkpoints
   * of a run, and all checkpoints where that is wanted, where their files have the size and the time they had.
   *
   * @throws the signal's reason.
   */
  async changes({ checkpoint, sources, timings }: ResultDocument): Promise<readonly Change[]> {
    const written = timings.written ?? {};
    const changes = new Set<Change>();
    const own = sources?.find(({ kind }) => kind === 'checkpoint');
    if (own === undefined || !(await this.isKnownByTime(own, written))) {
      const hash = await this.hashOfFile(checkpoint.path);
      if (hash === null) return ['gone'];
      if (hash !== checkpoint.sha256) changes.add('checkpoint');
    }
    if (sources === undefined) changes.add('unknown');
    for (const source of sources ?? []) {
      if (!(await this.isSame(source, written))) changes.add(source.kind);
    }
    return [...changes];
  }

  private async isSame(
    source: Source,
    written: Readonly<Record<string, number>>,
  ): Promise<boolean> {
    const { kind, sha256: hash, files } = source;
    switch (kind) {
      case 'checkpoint':
      case 'other':
        return (
          (await this.isKnownByTime(source, written)) || (await this.hashOfFiles(files)) === hash
        );
      case 'member':
      case 'probe':
        return (
          (await this.areUntouched(files, written)) || (await this.hashOfFiles(files)) === hash
        );
      case 'settings':
        return (await this.once(kind, () => settingsHash(this.study))) === hash;
      case 'graph':
        return (
          (await this.once(kind, () =>
            graphHash(this.study.folder, this.study.configuration.model, this.signal),
          )) === hash
        );
      case 'data':
        return (
          (await this.areUntouched(files, written)) ||
          (await this.once(kind, () => dataHash(this.study, this.signal))) === hash
        );
    }
  }

  private async isKnownByTime(
    { files }: Source,
    written: Readonly<Record<string, number>>,
  ): Promise<boolean> {
    return this.isByTime && files.length > 0 && (await this.areUntouched(files, written));
  }

  private async areUntouched(
    files: Source['files'],
    written: Readonly<Record<string, number>>,
  ): Promise<boolean> {
    for (const { path, size } of files) {
      const found = await stat(resolve(this.study.folder, path)).catch(() => null);
      if (found?.size !== size || wholeTime(found.mtimeMs) !== written[path]) return false;
    }
    return true;
  }

  private hashOfFile(name: string): Promise<string | null> {
    const path = resolve(this.study.folder, name);
    return this.once(path, () => sha256(path, this.signal));
  }

  /** Of a checkpoint that may be several files. */
  private hashOfFiles(files: Source['files']): Promise<string | null> {
    const paths = files.map(({ path }) => resolve(this.study.folder, path));
    return this.once(paths.join('\0'), () => sha256OfAll(paths, this.signal));
  }

  /** @returns null where it cannot be read: then it is another, too. */
  private once(what: string, read: () => Promise<string>): Promise<string | null> {
    let hash = this.hashes.get(what);
    if (hash === undefined) {
      hash = read().catch(() => {
        this.signal?.throwIfAborted();
        return null;
      });
      this.hashes.set(what, hash);
    }
    return hash;
  }
}

async function dataHash(study: Study, signal?: AbortSignal): Promise<string> {
  const { sources } = await openStudyInputs(study, signal);
  return sources.find(({ source }) => source.kind === 'data')!.source.sha256;
}
