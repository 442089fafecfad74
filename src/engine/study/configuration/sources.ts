import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse } from 'jsonc-parser';
import {
  dataFilesOf,
  settingsText,
  wholeTime,
  type Source,
  type SourceKind,
} from '../../../shared/sources';
import { hashOf } from './hash';
import { nameInStudy, type Study } from './study';

/** A source, and when each of its files was written, by its path. */
export interface FoundSource {
  readonly source: Source;
  readonly written: Readonly<Record<string, number>>;
}

/**
 * Looks at files that a result is to follow from, before they are read: what is written meanwhile is
 * newer than what was looked at.
 *
 * @param paths absolute; those that are not there are left out.
 * @returns what says so once the content is known.
 */
export async function lookAt(
  study: Study,
  kind: SourceKind,
  paths: readonly string[],
): Promise<(hash: string) => FoundSource> {
  const files: Source['files'][number][] = [];
  const written: Record<string, number> = {};
  for (const path of paths) {
    const found = await stat(path).catch(() => null);
    if (found === null) continue;
    const name = nameInStudy(study, path);
    files.push({ path: name, size: found.size });
    written[name] = wholeTime(found.mtimeMs);
  }
  return (hash) => ({ source: { kind, sha256: hash, files }, written });
}

/** What a document says of all it follows from. */
export function sourcesOf(found: readonly FoundSource[]): {
  readonly sources: readonly Source[];
  readonly timings: { readonly written: Readonly<Record<string, number>> };
} {
  const written: Record<string, number> = {};
  for (const each of found) Object.assign(written, each.written);
  const sources = found.map(({ source }) => source);
  return { sources: sources.filter(({ files }) => files.length > 0), timings: { written } };
}

/** A checkpoint as another's result follows from it. */
export function asOther(
  { source, written }: FoundSource,
  kind: 'other' | 'member' = 'other',
): FoundSource {
  return { source: { ...source, kind }, written };
}

/** Files of one content as one source. */
export function together(first: FoundSource, second: FoundSource): FoundSource {
  const { source, written } = first;
  return {
    source: { ...source, files: [...source.files, ...second.source.files] },
    written: { ...written, ...second.written },
  };
}

/** The settings of a basin.json as a result follows from them. */
export async function settingsSource(study: Study): Promise<FoundSource> {
  const found = await lookAt(study, 'settings', [study.path]);
  return found(await settingsHash(study));
}

/** Where the data of a study are, absolute. */
export async function dataFiles(study: Study): Promise<readonly string[]> {
  const names = dataFilesOf(study.implied.has('data') ? study.configuration : await valueOf(study));
  return names.map((name) => resolve(study.folder, name));
}

export async function settingsHash(study: Study): Promise<string> {
  return hashOf(settingsText(await valueOf(study)));
}

/** An empty object where there is no basin.json. */
async function valueOf({ path, hasFile }: Study): Promise<unknown> {
  if (!hasFile) return {};
  const text = await readFile(path, 'utf8');
  return parse(text.replace(/^\uFEFF/, ''), [], { allowTrailingComma: true });
}
