import { existsSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { InputError } from '../../shared/inputError';
import { PARTS, type Part, type ResultDocument } from '../../shared/result';
import { resultLocation } from '../../shared/resultLocation';
import { english } from '../../shared/words/message';
import { nameIn } from '../../shared/pathNames';
import { describeChanges, ResultChecks } from '../study/results/resultChecks';
import { readResult } from '../study/results/storedResult';
import { governing } from '../study/configuration/governing';
import type { StudyFile } from './studyFile';
import type { StudyTask } from './studyPlan';
import { analyzedRow, failedRow, pendingRow, type StudyRow } from './studyRow';
import { readRecord } from './taskRecord';

/** A row, and the document it is made from. */
export interface Collected {
  readonly task: StudyTask;
  readonly row: StudyRow;
  /** How its landscape was looked at: what is counted on it compares with what has the same. */
  readonly look: string | null;
  readonly document: ResultDocument | null;
}

export function collected(
  task: StudyTask,
  row: StudyRow,
  document: ResultDocument | null,
): Collected {
  const { landscape, topology } = document ?? {};
  if (landscape === undefined || topology === undefined) return { task, row, look: null, document };
  const spans = landscape.axes.map(({ min, max }) => [min, max]);
  const look = JSON.stringify([landscape.shape, spans, topology.neighborhood]);
  return { task, row, look, document };
}

/** The same without the document, as thousands of them are more than memory holds. */
export function withoutDocument(each: Collected): Collected {
  return { ...each, document: null };
}

/** Finds what is known of a study's tasks, and computes nothing. */
export class Collection {
  private readonly file: StudyFile;
  private readonly checks: ResultChecks;

  constructor(file: StudyFile, signal?: AbortSignal) {
    this.file = file;
    this.checks = new ResultChecks(signal, true);
  }

  /** @throws the signal's reason. */
  async collect(task: StudyTask): Promise<Collected> {
    const record = await readRecord(this.file, task);
    if (record !== null && record.failure !== null) {
      return collected(task, failedRow(task, record.failure), null);
    }
    const pending = (why: string): Collected => collected(task, pendingRow(task, why), null);
    let folder: string;
    try {
      folder = dirname(governing(task.path));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return pending(error.message);
    }
    const result = join(folder, resultLocation(nameIn(folder, task.path, { relative, sep })));
    if (!existsSync(result)) return pending('It was not analyzed yet.');
    let document: ResultDocument;
    try {
      document = await readResult(result);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return pending(error.message);
    }
    const changes = await this.checks.changes(document, folder);
    if (changes.length > 0) return pending(describeChanges(changes).map(english).join(' '));
    const wanted = this.file.only ?? PARTS;
    const lacks = wanted.find((part) => !has(document, part));
    // A checkpoint without curvature has none after the next analysis either.
    const isAll = wanted.every((part) => record?.parts.includes(part) === true);
    if (lacks !== undefined && !isAll) return pending(`Its result has no ${lacks} yet.`);
    return collected(task, analyzedRow(task, document), document);
  }
}

function has(document: ResultDocument, part: Part): boolean {
  return document[part] !== undefined;
}
