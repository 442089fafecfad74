/** A tensor that is in one of two checkpoints alone. */
export interface LoneTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** How far a tensor of the second checkpoint is from that of the first. */
export interface ChangedTensor {
  readonly name: string;
  /** Its name in the second, where it is another. */
  readonly renamed?: string;
  readonly shape: readonly number[];
  /** ‖b − a‖; null where one of them is not finite. */
  readonly distance: number | null;
  /** ‖b − a‖ / ‖a‖; null where ‖a‖ is 0 or one of them is not finite. */
  readonly relative: number | null;
}

export interface CheckpointDifference {
  readonly first: string;
  readonly second: string;
  readonly onlyFirst: readonly LoneTensor[];
  readonly onlySecond: readonly LoneTensor[];
  /** Tensors of one name whose shapes differ. */
  readonly reshaped: readonly {
    readonly name: string;
    readonly first: readonly number[];
    readonly second: readonly number[];
  }[];
  /** Floating-point tensors in both: the farthest first. */
  readonly tensors: readonly ChangedTensor[];
  /** Of these, how many are the same. */
  readonly equal: number;
  /** Counters and other whole numbers in both that differ; they are no part of θ. */
  readonly integers: readonly string[];
  /** ‖θb − θa‖ over all floating-point tensors in both; the root of the sum of their squares. */
  readonly distance: number | null;
  readonly relative: number | null;
  /** Tensors that are in both and could not be read, with the reason. */
  readonly unread: readonly { readonly name: string; readonly reason: string }[];
}
