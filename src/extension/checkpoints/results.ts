import { readFile, stat } from 'node:fs/promises';
import { entryExtents } from '../../shared/entryExtents';
import type { ResultDocument } from '../../shared/result';
import { parseResult } from '../../shared/resultShape';
import type { FolderListings } from './folderListings';
import { turn } from '../turns/inTurns';
import { t, translated } from '../../shared/words/text';

/** A result document as it was found on disk. */
export interface StoredResult {
  readonly document: ResultDocument;
  /** When the document was written, milliseconds since the epoch. */
  readonly written: number;
  /** Of its file, absolute. */
  readonly path: string;
}

export type ResultLookup =
  | { readonly kind: 'found'; readonly result: StoredResult }
  | { readonly kind: 'none' }
  /** There is a file, and it cannot be used: a sentence. */
  | { readonly kind: 'unusable'; readonly message: string };

/** Reading more than this in one piece would hold up the extension host. */
const MAX_BYTES = 24 * 1024 * 1024;

/** Reads result documents from disk, each once until its file changes. */
export class ResultReader {
  private readonly cache = new Map<
    string,
    { readonly size: number; readonly modified: number; readonly lookup: ResultLookup }
  >();

  private parsing: Promise<void> = Promise.resolve();

  /**
   * What was written last of the files that a document may be in.
   *
   * @param listings Where many documents are looked for: most checkpoints have none.
   */
  async readNewest(
    paths: readonly string[],
    listings: FolderListings | null = null,
  ): Promise<ResultLookup> {
    let newest: ResultLookup = { kind: 'none' };
    for (const path of paths) {
      if (listings !== null && !(await listings.has(path))) {
        this.cache.delete(path);
        continue;
      }
      const lookup = await this.read(path);
      if (
        newest.kind === 'none' ||
        (lookup.kind === 'found' &&
          (newest.kind === 'unusable' || lookup.result.written > newest.result.written))
      ) {
        newest = lookup;
      }
    }
    return newest;
  }

  private async read(path: string): Promise<ResultLookup> {
    let status;
    try {
      status = await stat(path);
    } catch {
      this.cache.delete(path);
      return { kind: 'none' };
    }
    const known = this.cache.get(path);
    if (known?.size === status.size && known.modified === status.mtimeMs) return known.lookup;
    const lookup = await this.readFile(path, status.size, status.mtimeMs);
    this.cache.set(path, { size: status.size, modified: status.mtimeMs, lookup });
    return lookup;
  }

  private async readFile(path: string, size: number, modified: number): Promise<ResultLookup> {
    if (size > MAX_BYTES) {
      return {
        kind: 'unusable',
        message: t(
          '{0} has {1} MB, too many to show here: lower "resolution" in basin.json and analyze again.',
          path,
          Math.round(size / 1e6),
        ),
      };
    }
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { kind: 'unusable', message: t('{0} cannot be read: {1}.', path, why) };
    }
    // However many are read at once, between two of them there is a turn for everything else.
    await (this.parsing = this.parsing.then(turn));
    const reading = parseResult(text);
    // In the same turn, so that the first look at a thousand of them does not wait for all.
    if (reading.ok) entryExtents(reading.document);
    return reading.ok
      ? { kind: 'found', result: { document: reading.document, written: modified, path } }
      : {
          kind: 'unusable',
          message: t('{0} is no usable result: {1}. Analyze again.', path, translated(reading.why)),
        };
  }
}
