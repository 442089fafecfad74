import type { CheckpointDifference } from './checkpointDifference';
import type { Comparison, Interpolation } from './comparison';
import type { Language } from './language';
import type { Precision, RuntimeSetting } from './runtimeSetting';
import type { CheckpointFormat, Part, ResultDocument } from './result';
import type { Scalar } from './result/scalar';
import type { Message } from './words/message';
import type { WeightFigures } from './weightFigures';

/**
 * Messages between the extension host and the engine process: JSON-RPC 2.0, in frames (`frames.ts`),
 * to the engine on its standard input and from it on a pipe of its own. Paths are absolute and in the
 * form of the platform.
 *
 * `Requests` and `Notifications` are the protocol: a request is a row here and a handler in
 * `engine/server/server.ts`, and whoever asks calls `client.request` with its name.
 */

/** The engine's argument where what runs beside it is to keep its cores. */
export const LOW_PRIORITY = '--low-priority';

/** What the host asks the engine: the name on the wire, what goes with it, and the answer. */
export interface Requests {
  readonly 'basin/inspect': Request<InspectParams, Inspection>;
  readonly 'basin/init': Request<InitParams, InitResult>;
  readonly 'basin/runState': Request<RunStateParams, RunState>;
  readonly 'basin/fileChoices': Request<FileChoicesParams, FileChoices>;
  readonly 'basin/tensors': Request<TensorsParams, TensorListing>;
  readonly 'basin/tensorStatistics': Request<TensorStatisticsParams, null>;
  readonly 'basin/weights': Request<WeightsParams, null>;
  readonly 'basin/analyze': Request<AnalyzeParams, AnalyzeResult>;
  readonly 'basin/interpolate': Request<InterpolateParams, Interpolation>;
  readonly 'basin/compare': Request<CompareParams, Comparison>;
  readonly 'basin/diff': Request<DiffParams, CheckpointDifference>;
  readonly 'basin/report': Request<ReportParams, ReportResult>;
  readonly 'basin/doctor': Request<NoParams, DoctorReport>;
  readonly 'basin/ping': Request<NoParams, Pong>;
}

/** What the engine tells the host without being asked. */
export interface Notifications {
  readonly 'basin/progress': Progress;
  readonly 'basin/partial': PartialDocument;
  readonly 'basin/tensorStatisticsDone': TensorStatisticsDone;
  readonly 'basin/weightsDone': WeightsDone;
}

interface Request<Params, Answer> {
  readonly params: Params;
  readonly answer: Answer;
}

/** Of a request that needs nothing said. */
export type NoParams = Readonly<Record<string, never>>;
export type ParamsOf<Name extends keyof Requests> = Requests[Name]['params'];
export type AnswerOf<Name extends keyof Requests> = Requests[Name]['answer'];

/** The engine's descriptor of the pipe it answers on: its standard output is for what is printed. */
export const ANSWERS = 3;

/** Reads a checkpoint's header; never its weights. Answers in milliseconds. */
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
  /** What whoever opens the file should know: full sentences. */
  readonly warnings?: readonly Message[];
}
export interface TensorSummary {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** What of a run is ready to be analysed; reads headers and data, and computes nothing. */
export interface RunStateParams {
  /** A basin.json, absolute. */
  readonly configuration: string;
}
export interface RunState {
  readonly graph: StatePart;
  readonly data: StatePart;
  /** Of the last checkpoint, by its header. */
  readonly weights: StatePart;
  /** `null` where none is named. */
  readonly probe: StatePart | null;
}
export interface StatePart {
  readonly ok: boolean;
  /** A sentence for the user; `null` where it is ready, or could not be looked at for want of the graph. */
  readonly message: Message | null;
}

/** What the files that a basin.json names leave to choose from; the basin.json may be unfinished. */
export interface FileChoicesParams {
  /** A basin.json, absolute; it need not be there yet. */
  readonly configuration: string;
  /** Its text, as it is typed. */
  readonly text: string;
}
export interface FileChoices {
  /** Inputs of the graph, its outputs, and arrays by the file that holds them. */
  readonly inputs: readonly Choice[];
  readonly outputs: readonly Choice[];
  readonly arrays: Readonly<Record<string, readonly Choice[]>>;
  /** Kinds of objectives; those that fit graph and data come first. */
  readonly kinds: readonly KindChoice[];
}
export interface Choice {
  readonly name: string;
  /** `int64 [24]`; null where the file does not say. */
  readonly shape: string | null;
}
export interface KindChoice {
  readonly kind: string;
  /** Why it does not fit, in a sentence; null where it does or cannot be known. */
  readonly problem: Message | null;
}

/**
 * Looks at the headers of a folder's checkpoints and writes `basin_export.py` beside them. Runs no
 * code, and leaves a basin.json as it is.
 */
export interface InitParams {
  /** Of a run, absolute. */
  readonly folder: string;
}
export interface InitResult {
  readonly folder: string;
  /** What was written, absolute. */
  readonly file: string;
  /** Globs of the checkpoints that are there, relative to the folder. */
  readonly checkpoints: readonly string[];
  /** How many files they name. */
  readonly count: number;
  /** Scalars in each. */
  readonly parameters: number;
  /** A sentence for each kind of checkpoint that is not among them, as it cannot be read or is another network's; and for what is missing still. */
  readonly left: readonly Message[];
  /** Whether a line of Python exports graph, data and loss; models that Keras or TensorFlow.js saved hold them. */
  readonly needsExport: boolean;
  /** Whether there was a basin.json. */
  readonly isConfigured: boolean;
}

/** Lists every tensor of a checkpoint, or the one of an .npy file; never reads weights. */
export interface TensorsParams {
  readonly path: string;
}
export interface TensorListing {
  readonly format: CheckpointFormat | 'npy';
  /** Bytes of the file. */
  readonly size: number;
  /** How many tensors the file has. */
  readonly count: number;
  /** Scalars in all tensors together. */
  readonly parameters: number;
  readonly step: number | null;
  readonly epoch: number | null;
  readonly metadata: Inspection['metadata'];
  readonly warnings?: readonly Message[];
  /** A `TensorTable` as JSON in UTF-8: who only passes it on need not take it apart. */
  readonly table: Uint8Array;
}
/** Tensors in the file's order, a column for each property. */
export interface TensorTable {
  /** For people to read: unprintable characters are escaped, and long names cut. */
  readonly names: readonly string[];
  /** The element types that occur. */
  readonly dtypes: readonly string[];
  /** Of each tensor, its place in `dtypes`. */
  readonly dtype: readonly number[];
  readonly shapes: readonly (readonly number[])[];
  /** Bytes of each tensor's elements as they are stored; `null` where the type is not known. */
  readonly bytes: readonly (number | null)[];
}

/** Reads tensors, one after the other and each in pieces, and tells of each as it is done. */
export interface TensorStatisticsParams {
  /** Chosen by the caller; every notification about this request carries it. */
  readonly job: string;
  readonly path: string;
  /** Places in the file's order. */
  readonly indices: readonly number[];
  /** Of the run: its first checkpoint, and the one before this; absolute. */
  readonly first?: string | undefined;
  readonly previous?: string | undefined;
}
/** The statistics of one tensor. */
export interface TensorStatisticsDone {
  readonly job: string;
  readonly outcome: TensorStatisticsOutcome;
}
export type TensorStatisticsOutcome =
  | { readonly index: number; readonly ok: true; readonly statistics: TensorStatistics }
  /** A sentence for the user. */
  | { readonly index: number; readonly ok: false; readonly message: Message };
/** Of a tensor's finite elements; `null` where there are none. */
export interface TensorStatistics {
  readonly mean: Scalar | null;
  /** Of the elements as they are: the sum of squares is divided by their number. */
  readonly deviation: Scalar | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Elements that are 0, and elements that are NaN or infinite. */
  readonly zeros: number;
  readonly nonFinite: number;
  /** Root of the sum of squares. */
  readonly norm: Scalar | null;
  /** Of floating-point tensors of two axes and more whose elements are finite. */
  readonly matrix?: MatrixStatistics;
  /**
   * ‖θ − θ′‖ to the same tensor of the run's first checkpoint, and of the one before; `null` where that
   * has none of this shape. Absent where none was named.
   */
  readonly fromFirst?: number | null;
  readonly fromPrevious?: number | null;
}
/** Of a tensor as the matrix of its first axis by all others. */
export interface MatrixStatistics {
  readonly rows: number;
  readonly columns: number;
  readonly spectralNorm: number;
  /** ‖W‖² of Frobenius over that of the spectral norm; `null` for a matrix of zeros. */
  readonly stableRank: number | null;
  /** Rows whose norm is at most 10⁻⁶ of the root mean square over all rows. */
  readonly deadUnits: number;
  /** `null` for fewer than 50 eigenvalues that are not 0, and where they were not all computed. */
  readonly powerLaw: PowerLaw | null;
  /** Whether all eigenvalues were computed: up to 1024 rows or columns. */
  readonly isWhole: boolean;
}
/** A fit of p(λ) ∝ λ^−α to the largest eigenvalues λ of WᵀW. */
export interface PowerLaw {
  /** α */
  readonly exponent: number;
  /** λmin: where the tail begins. */
  readonly from: number;
  /** Kolmogorov–Smirnov distance between fit and tail. */
  readonly distance: number;
  /** Eigenvalues in the tail, and in all that are not 0. */
  readonly tail: number;
  readonly eigenvalues: number;
}

/** Reads the weights of checkpoints of one run, one after the other, and tells of each as it is done. */
export interface WeightsParams {
  /** Chosen by the caller; every notification about this request carries it. */
  readonly job: string;
  /** In the order of training, absolute; distances are to the first of them, and to the one before. */
  readonly paths: readonly string[];
}
export interface WeightsDone {
  readonly job: string;
  readonly outcome: WeightsOutcome;
}
export type WeightsOutcome =
  | { readonly path: string; readonly ok: true; readonly figures: WeightFigures }
  /** A sentence for the user. */
  | { readonly path: string; readonly ok: false; readonly message: Message };

/**
 * Answered at once, and in the order of the channel: whether the engine still listens, and whether
 * an answer was lost.
 */
export interface Pong {
  /** Requests the engine has not answered yet, but for this one. */
  readonly working: number;
}

/**
 * Analyses checkpoints of one configuration, one after the other, and answers when all are done.
 * Cancelled through JSON-RPC's own cancellation; what was computed is kept.
 */
export interface AnalyzeParams {
  /** Chosen by the caller; every notification about this analysis carries it. */
  readonly job: string;
  /** A basin.json. */
  readonly configuration: string;
  /** Of these only; all that the configuration names if absent. */
  readonly checkpoints?: readonly string[];
  readonly only?: readonly Part[];
  /**
   * Absolute folders that keep results and finished parts: the first is written to, the others are
   * read as well. `.basin` beside the configuration if absent.
   */
  readonly stores?: readonly [string, ...string[]];
  /** `DEFAULT_RUNTIME` if absent. */
  readonly runtime?: RuntimeSetting;
  /** Absolute, of a trusted workspace: its own TensorFlow.js may be run. */
  readonly tensorflowFolder?: string;
}
export interface AnalyzeResult {
  readonly outcomes: readonly AnalyzeOutcome[];
}
export type AnalyzeOutcome =
  | { readonly checkpoint: string; readonly ok: true; readonly document: ResultDocument }
  /** One checkpoint that cannot be analysed does not keep the others from it. */
  | { readonly checkpoint: string; readonly ok: false; readonly message: string | Message };

/** How far an analysis is. */
export interface Progress {
  readonly job: string;
  readonly checkpoint: string;
  /** Place of the checkpoint in the job, from 0, and how many there are. */
  readonly index: number;
  readonly count: number;
  readonly part: Part | 'open';
  /** Of this part, in [0, 1]. */
  readonly fraction: number;
  /** Another window or command computes the part: it is waited for. */
  readonly isElsewhere?: true;
}

/** The document of a checkpoint as far as it is known; a whole, not a delta. */
export interface PartialDocument {
  readonly job: string;
  readonly checkpoint: string;
  readonly document: ResultDocument;
}

/**
 * Compares two result documents, two landscapes, or two checkpoints whose results are on disk.
 * Analyses nothing; where a result is missing the answer is an error that says so.
 */
export interface CompareParams {
  readonly first: string;
  readonly second: string;
  /** Of checkpoints: where their result documents are, if not beside their basin.json. */
  readonly firstResult?: string;
  readonly secondResult?: string;
}
/**
 * Samples the loss on the way from one checkpoint to another. Cancelled like an analysis; how far it
 * is comes as `Progress` of the part `landscape`.
 */
export interface InterpolateParams extends Pick<
  AnalyzeParams,
  'job' | 'configuration' | 'stores' | 'runtime' | 'tensorflowFolder'
> {
  /** A checkpoint of the configuration's model. */
  readonly from: string;
  /** Another one, of this run or of another. */
  readonly to: string;
  readonly path: Interpolation['path'];
}

/** Compares the tensors of two checkpoints; absolute paths. Reads both whole, a tensor of each at a time. */
export interface DiffParams {
  readonly first: string;
  readonly second: string;
}

/** Writes a folder's result documents as one page of HTML. */
export interface ReportParams {
  /** Absolute; documents in it and below are on the page. */
  readonly folder: string;
  /** Folders elsewhere that keep results, each with the folder of its basin.json; absolute. */
  readonly stores: readonly { readonly folder: string; readonly store: string }[];
  /** The page's file, absolute. */
  readonly out: string;
  /** English if absent. */
  readonly language?: Language;
}
export interface ReportResult {
  /** Checkpoints on the page. */
  readonly count: number;
}

/** What the engine runs on. */
export interface DoctorReport {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** What an analysis takes at most, where no limit is set. */
  readonly memoryLimitBytes: number;
  readonly runtimes: readonly RuntimeReport[];
  readonly gpu: GpuReport;
}
/** Whether a graphics card is used when it is asked for. */
export interface GpuReport {
  /** `software`: a program stands in for it. */
  readonly state: 'gpu' | 'software' | 'none';
  /** It in a sentence, with what is missing. */
  readonly said: Message;
}
export interface RuntimeReport {
  readonly name: string;
  readonly found: boolean;
  readonly version: string | null;
  readonly precisions: readonly Precision[];
  /** Execution providers; empty where it has the processor only. */
  readonly providers: readonly ProviderReport[];
  /** Where it is missing: how to get it. */
  readonly advice: Message | null;
}
export interface ProviderReport {
  readonly name: string;
  /** Whether its libraries come with the package, and not with a driver or by an install of its own. */
  readonly bundled: boolean;
}

/** Error code of a JSON-RPC answer whose message is for the user as it is (an InputError). */
export const INPUT_ERROR_CODE = 1;

/** Error code of the answer to a request that was cancelled: that of the language server protocol. */
export const CANCELLED_CODE = -32800;
