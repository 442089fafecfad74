import { entryFigures, type EntryFigures } from '../../shared/entryFigures';
import type { ResultDocument } from '../../shared/result';
import { fromScalar } from '../../shared/result/scalar';
import type { Factors, StudyTask } from './studyPlan';

/** What a study says of one checkpoint. */
export interface StudyRow {
  readonly factors: Factors;
  /** Relative to the study's file; null where the run is missing. */
  readonly checkpoint: string | null;
  readonly status: RowStatus;
  /** Why there are no figures, or why some are missing: a sentence. */
  readonly why: string | null;
  readonly step: number | null;
  readonly epoch: number | null;
  /** Null where nothing is known. */
  readonly figures: EntryFigures | null;
}

export type RowStatus =
  | 'analyzed'
  /** Its loss or its weights are infinite or not a number: there is nothing else to say of it. */
  | 'diverged'
  /** It cannot be analysed. */
  | 'failed'
  /** It was not analysed yet, or not as it is now. */
  | 'pending'
  /** A combination of factors without a checkpoint. */
  | 'missing';

export function analyzedRow({ factors, name }: StudyTask, document: ResultDocument): StudyRow {
  const { checkpoint, metrics } = document;
  const loss = metrics === undefined ? null : fromScalar(metrics.loss);
  const isDiverged = loss !== null && !Number.isFinite(loss);
  return {
    factors,
    checkpoint: name,
    status: isDiverged ? 'diverged' : 'analyzed',
    why: isDiverged ? `Its loss is ${String(loss)}.` : null,
    step: checkpoint.step,
    epoch: checkpoint.epoch,
    figures: entryFigures(document),
  };
}

export function failedRow(
  { factors, name }: StudyTask,
  { status, why }: { readonly status: 'failed' | 'diverged'; readonly why: string },
): StudyRow {
  return { factors, checkpoint: name, status, why, step: null, epoch: null, figures: null };
}

export function pendingRow({ factors, name }: StudyTask, why: string): StudyRow {
  const status = 'pending';
  return { factors, checkpoint: name, status, why, step: null, epoch: null, figures: null };
}

export function missingRow(factors: Factors): StudyRow {
  const why = 'No checkpoint of this run was found.';
  const status = 'missing';
  return { factors, checkpoint: null, status, why, step: null, epoch: null, figures: null };
}
