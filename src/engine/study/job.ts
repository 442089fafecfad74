import { setMaxListeners } from 'node:events';
import type { AnalyzeOutcome, Progress } from '../../shared/engineProtocol';
import { InputError, type InputErrorReason } from '../../shared/inputError';
import type { Part, ResultDocument } from '../../shared/result';
import { Analysis } from './analysis';
import type { BegunLandscape } from './landscapes/landscapePart';
import type { Team } from './landscapes/sharedPoints';
import type { Study } from './configuration/study';
import type { WorkerPool } from './pool/workerPool';

export interface JobOptions {
  /** Absolute paths; all of the study if absent. */
  readonly checkpoints?: readonly string[] | undefined;
  readonly only?: readonly Part[] | undefined;
  /** Of checkpoints whose landscape others sample too. */
  readonly teamOf?: ((checkpoint: string) => Team | undefined) | undefined;
  /** Whether documents are written where the extension finds them; they are if absent. */
  readonly isStored?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: Omit<Progress, 'job'>) => void;
  readonly onLandscape?: (checkpoint: string, begun: BegunLandscape) => Promise<void>;
  readonly onPartial?: (checkpoint: string, document: ResultDocument) => void;
  /** Awaited before the next checkpoint. */
  readonly onOutcome?: (outcome: JobOutcome) => void | Promise<void>;
}

export type JobOutcome = AnalyzeOutcome & {
  /** Set where it failed by a fault of Basin and not by its input. */
  readonly fault?: Error;
  /** Set where it failed by its input. */
  readonly reason?: InputErrorReason;
};

/**
 * Analyses the checkpoints of a study. One that fails does not keep the others from it.
 *
 * @throws InputError when what all of them need, the graph or the data, is wrong.
 */
export async function runJob(
  study: Study,
  pool: WorkerPool,
  options: JobOptions,
): Promise<readonly JobOutcome[]> {
  const { signal, onProgress, onPartial, onOutcome } = options;
  const checkpoints = options.checkpoints ?? study.checkpoints;
  // Every task that waits listens to it.
  if (signal !== undefined) setMaxListeners(0, signal);
  const analysis = new Analysis(study, pool);
  await analysis.prepare(signal).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
  const outcomes: JobOutcome[] = [];
  for (const [index, checkpoint] of checkpoints.entries()) {
    let outcome: JobOutcome;
    try {
      const document = await analysis.analyze(checkpoint, {
        only: options.only,
        team: options.teamOf?.(checkpoint),
        isStored: options.isStored !== false,
        signal,
        onProgress: (progress) => {
          onProgress?.({ ...progress, checkpoint, index, count: checkpoints.length });
        },
        onLandscape: async (begun) => options.onLandscape?.(checkpoint, begun),
        onPartial: (partial) => onPartial?.(checkpoint, partial),
      });
      outcome = { checkpoint, ok: true, document };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof InputError) {
        outcome = { checkpoint, ok: false, message: error.said, reason: error.reason };
      } else {
        const fault = error instanceof Error ? error : new Error(String(error));
        outcome = { checkpoint, ok: false, message: fault.message, fault };
      }
    }
    outcomes.push(outcome);
    await onOutcome?.(outcome);
  }
  return outcomes;
}
