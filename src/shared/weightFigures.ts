/**
 * Numbers of a checkpoint's weights alone, without graph and data: of all floating-point tensors together,
 * buffers included. `null` where a number is not finite, or a checkpoint has not the same tensors.
 */
export interface WeightFigures {
  /** Values in these tensors. */
  readonly values: number;
  /** ‖θ‖ */
  readonly norm: number | null;
  /** ‖θ − θ′‖ to the first checkpoint of the run, and to the one before; of the first itself 0 and `null`. */
  readonly fromFirst: number | null;
  readonly fromPrevious: number | null;
  /** Rows of matrices, and those of them whose norm is at most 10⁻⁶ of the root mean square in their matrix. */
  readonly units: number;
  readonly deadUnits: number;
}

export const WEIGHT_FIGURES = ['norm', 'fromFirst', 'fromPrevious'] as const;
export type WeightFigure = (typeof WEIGHT_FIGURES)[number];
