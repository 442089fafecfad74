import { existsSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { CONFIGURATION_FILE } from '../../../shared/configuration';
import { InputError } from '../../../shared/inputError';
import type { ResultDocument } from '../../../shared/result';
import { STORE_FOLDER } from '../../../shared/resultLocation';
import type { Change } from '../../../shared/sources';
import { say, type Message } from '../../../shared/words/message';
import { sha256 } from '../../checkpoint/bytes/hash';
import { SourceCheck } from '../configuration/sourceCheck';
import { readStudy } from '../configuration/study';

/** Whether results on disk still hold, each by the basin.json it belongs to. */
export class ResultChecks {
  private readonly signal: AbortSignal | undefined;
  private readonly isByTime: boolean;
  private readonly studies = new Map<string, Promise<SourceCheck | null>>();

  /** @param isByTime as that of `SourceCheck`: of a hundred thousand checkpoints not all can be read. */
  constructor(signal?: AbortSignal, isByTime = false) {
    this.signal = signal;
    this.isByTime = isByTime;
  }

  /**
   * @param folder of the basin.json, where it is known.
   * @returns why the result no longer holds; empty where it does, and where there is no basin.json to
   *   know it by.
   * @throws the signal's reason.
   */
  async changes(document: ResultDocument, folder: string | null): Promise<readonly Change[]> {
    if (folder === null) return [];
    const configuration = join(folder, CONFIGURATION_FILE);
    if (!existsSync(configuration)) return [];
    let check = this.studies.get(configuration);
    if (check === undefined) {
      check = this.open(configuration);
      this.studies.set(configuration, check);
    }
    // One that cannot be read is not the one it was made with.
    return (await (await check)?.changes(document)) ?? ['settings'];
  }

  /**
   * The same of a document that is taken for a checkpoint's, wherever it comes from.
   *
   * @param checkpoint its path.
   */
  async changesOf(checkpoint: string, document: ResultDocument): Promise<readonly Change[]> {
    const folder = folderOf(document, checkpoint);
    if (folder !== null) return this.changes(document, folder);
    const isSame = (await sha256(checkpoint, this.signal)) === document.checkpoint.sha256;
    return isSame ? [] : ['checkpoint'];
  }

  private async open(configuration: string): Promise<SourceCheck | null> {
    try {
      return new SourceCheck(await readStudy(configuration), this.signal, this.isByTime);
    } catch (error) {
      this.signal?.throwIfAborted();
      if (!(error instanceof InputError)) throw error;
      return null;
    }
  }
}

/** The folder whose basin.json a checkpoint was analysed by: where the document's name leads to it. */
function folderOf(document: ResultDocument, checkpoint: string): string | null {
  const file = resolve(checkpoint);
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const isThere = existsSync(join(folder, CONFIGURATION_FILE));
    if (isThere && resolve(folder, document.checkpoint.path) === file) return folder;
    if (dirname(folder) === folder) return null;
  }
}

/** The folder beside whose basin.json a result document is kept; null where it is not. */
export function folderOfResult(path: string): string | null {
  const at = resolve(path).lastIndexOf(`${sep}${join(STORE_FOLDER, 'results')}${sep}`);
  return at < 0 ? null : resolve(path).slice(0, at);
}

/** What is wrong with a result, for people to read: sentences. */
export function describeChanges(changes: readonly Change[]): readonly Message[] {
  return changes.map((change) => say`The result is outdated: ${CHANGES[change]}; analyze again.`);
}

const CHANGES: Readonly<Record<Change, Message>> = {
  checkpoint: say`the checkpoint is another than the one that was analyzed`,
  graph: say`the graph is another than it was`,
  data: say`the evaluation data are others than they were`,
  settings: say`the settings in basin.json are others than they were`,
  other: say`a checkpoint that its landscape depends on is another than it was`,
  member: say`a checkpoint of its run is another than it was`,
  probe: say`the probe is another than it was`,
  gone: say`its checkpoint is not there any more`,
  unknown: say`an earlier version of Basin made it, which did not write down what it follows from`,
};
