import type { Comparison } from './comparison';
import type { CheckpointFormat, Part, ResultDocument } from './result';

/**
 * Messages between the extension host and the engine process: JSON-RPC 2.0 over the channel of a
 * forked process. Paths are absolute and in the form of the platform.
 */

/** Reads a checkpoint's header; never its weights. Answers in milliseconds. */
export const INSPECT = 'basin/inspect';
export interface InspectParams {
  readonly path: string;
}
export interface Inspection {
  readonly path: string;
  readonly format: CheckpointFormat;
  /** Bytes of the file. */
  readonly size: number;
  readonly tensors: readonly TensorSummary[];
  /** Scalars in all tensors together. */
  readonly parameters: number;
  readonly step: number | null;
  readonly epoch: number | null;
  /** Other plain values found beside the weights, for people to read. */
  readonly metadata: Readonly<Record<string, string | number | boolean | null>>;
}
export interface TensorSummary {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/**
 * Analyses checkpoints of one configuration, one after the other, and answers when all are done.
 * Cancelled through JSON-RPC's own cancellation; what was computed is kept.
 */
export const ANALYZE = 'basin/analyze';
export interface AnalyzeParams {
  /** Chosen by the caller; every notification about this analysis carries it. */
  readonly job: string;
  /** A basin.json. */
  readonly configuration: string;
  /** Of these only; all that the configuration names if absent. */
  readonly checkpoints?: readonly string[];
  readonly only?: readonly Part[];
}
export interface AnalyzeResult {
  readonly outcomes: readonly AnalyzeOutcome[];
}
export type AnalyzeOutcome =
  | { readonly checkpoint: string; readonly ok: true; readonly document: ResultDocument }
  /** One checkpoint that cannot be analysed does not keep the others from it. */
  | { readonly checkpoint: string; readonly ok: false; readonly message: string };

/** Engine to host: how far an analysis is. */
export const PROGRESS = 'basin/progress';
export interface Progress {
  readonly job: string;
  readonly checkpoint: string;
  /** Place of the checkpoint in the job, from 0, and how many there are. */
  readonly index: number;
  readonly count: number;
  readonly part: Part | 'open';
  /** Of this part, in [0, 1]. */
  readonly fraction: number;
}

/** Engine to host: the document of a checkpoint as far as it is known; a whole, not a delta. */
export const PARTIAL = 'basin/partial';
export interface PartialDocument {
  readonly job: string;
  readonly checkpoint: string;
  readonly document: ResultDocument;
}

/**
 * Compares two result documents, two landscapes, or two checkpoints whose results are on disk.
 * Analyses nothing; where a result is missing the answer is an error that says so.
 */
export const COMPARE = 'basin/compare';
export interface CompareParams {
  readonly first: string;
  readonly second: string;
}
export type CompareResult = Comparison;

/** What the engine runs on. */
export const DOCTOR = 'basin/doctor';
export interface DoctorReport {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly runtimes: readonly RuntimeReport[];
}
export interface RuntimeReport {
  readonly name: string;
  readonly found: boolean;
  readonly version: string | null;
  /** Where it is missing: how to get it. */
  readonly advice: string | null;
}

/** Error code of a JSON-RPC answer whose message is for the user as it is (an InputError). */
export const INPUT_ERROR_CODE = 1;
