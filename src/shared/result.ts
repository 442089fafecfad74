import type { Hessian } from './result/hessian';
import type { Landscape } from './result/landscape';
import type { Metrics } from './result/metrics';
import type { Topology } from './result/topology';
import type { Precision } from './runtimeSetting';
import type { Source } from './sources';
import type { Message } from './words/message';

/**
 * The result document: everything Basin knows about one checkpoint.
 *
 * It is what the engine writes, the cache keeps, `basin analyze --json` prints and the panel
 * draws. It is plain JSON; a document made by the command line and one made in the editor are
 * equal but for `timings`. Parts are absent when they were not asked for.
 */
export interface ResultDocument {
  readonly schema: typeof RESULT_SCHEMA;
  readonly checkpoint: CheckpointIdentity;
  /** Number of trainable scalars: the dimension of θ. */
  readonly parameters: number;
  readonly runtime: RuntimeIdentity;
  /** Seed of every random choice: directions, probes, starting vectors. */
  readonly seed: number;
  /** How well what is computed agrees with the framework, where a probe was given. */
  readonly probe?: ProbeAgreement;
  readonly metrics?: Metrics;
  readonly landscape?: Landscape;
  readonly topology?: Topology;
  readonly hessian?: Hessian;
  /** What a reader must know to judge the numbers: full sentences. */
  readonly notes: readonly string[];
  /** What each of the notes is made of, to say it in another language; absent in documents of before. */
  readonly messages?: readonly Message[];
  /** What it follows from; absent in documents of before. */
  readonly sources?: readonly Source[];
  readonly timings: Timings;
}

export const RESULT_SCHEMA = 1;

export interface CheckpointIdentity {
  /** Relative to the folder of the configuration that was analysed, with forward slashes. */
  readonly path: string;
  readonly format: CheckpointFormat;
  /** Of the file's bytes, hexadecimal; of the hashes of all files where there are several. */
  readonly sha256: string;
  readonly step: number | null;
  readonly epoch: number | null;
}

export type CheckpointFormat =
  | 'pytorch'
  | 'pytorch-legacy'
  | 'pytorch-distributed'
  | 'safetensors'
  | 'npz'
  | 'keras'
  | 'hdf5'
  | 'tfjs'
  | 'onnx'
  | 'gguf'
  | 'flax';

export interface RuntimeIdentity {
  readonly name: string;
  readonly version: string;
  readonly precision: Precision;
  /** Execution provider of ONNX Runtime where it is not the processor. */
  readonly provider?: string;
}

/** Milliseconds of elapsed time. */
export type Timings = Readonly<Partial<Record<Part | 'open' | 'total', number>>> & {
  /** When the files of `sources` were written, by path: whole milliseconds since the epoch. */
  readonly written?: Readonly<Record<string, number>>;
};

/** Relative differences on the probe's samples, with the weights of the export; `null` where it does not tell. */
export interface ProbeAgreement {
  /** Version of PyTorch; `null` where the probe does not tell. */
  readonly torch: string | null;
  readonly output: number | null;
  readonly loss: number | null;
  /** The largest of a tensor's gradient, relative to the whole gradient. */
  readonly gradient: number | null;
}

export const PARTS = ['metrics', 'landscape', 'topology', 'hessian'] as const;
export type Part = (typeof PARTS)[number];

/** File name ending of a result document. */
export const RESULT_SUFFIX = '.basin.json';
