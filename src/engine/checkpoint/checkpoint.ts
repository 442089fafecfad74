import type { CheckpointFormat } from '../../shared/result';
import type { Message } from '../../shared/words/message';
import type { Tensor } from '../tensor';
import type { Architecture } from './architecture';
import type { OptimizerState } from './pytorch/optimizer';
import type { ParameterMoments } from './pytorch/secondMoments';

/** A file of named weights, opened: its header is known, its weights are read when asked for. */
export interface Checkpoint {
  readonly path: string;
  readonly format: CheckpointFormat;
  /** Bytes of the file, or of all its files. */
  readonly size: number;
  /** Other files that its weights are in; absolute or as `path` is. */
  readonly files?: readonly string[];
  /** The weights, in the file's order, by their full names. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /**
   * Where the file has other sets of weights, such as averages over training: what `openCheckpoint`
   * takes as `weights` to open them instead.
   */
  readonly variants?: readonly string[];
  /** Where in such a file these weights are, as `openCheckpoint` takes it; '' for the root. */
  readonly part?: string;
  readonly step: number | null;
  readonly epoch: number | null;
  /** Other plain values found beside the weights, for people to read. */
  readonly metadata: Readonly<Record<string, string | number | boolean | null>>;

  /** Of the training that wrote it, where it says so. */
  readonly optimizer?: OptimizerState | null;
  /** What its Adam keeps of each parameter; null where it keeps none. */
  readonly secondMoments?: () => Promise<readonly ParameterMoments[] | null>;
  /** What the file says of its model; absent or null where it holds weights alone. */
  readonly architecture?: () => Promise<Architecture | null>;
  /** What whoever opens the file should know: full sentences. */
  readonly warnings?: readonly Message[];

  /**
   * Reads one tensor, widened to a type of `DType` (float16 and bfloat16 become float32).
   *
   * @throws InputError when the name is unknown or the bytes are not what the header says.
   */
  read(name: string): Promise<Tensor>;

  /**
   * The elements of one tensor, piece by piece and in the file's order, which need not be the
   * tensor's: for what is summed over tensors too large to be held. Where the format cannot give
   * pieces, `read` is all there is.
   */
  stream?(name: string): AsyncIterable<Tensor>;

  close(): Promise<void>;
}

export interface TensorEntry {
  readonly name: string;
  /** As the file calls it: 'float32', 'float16', 'bfloat16', 'int64'… */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Equal for tensors that share storage, offset and strides in the file: tied weights. */
  readonly storage: string;
}
