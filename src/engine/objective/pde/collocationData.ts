import type { PdeObjective } from '../../../shared/configuration';
import type { PointSet } from '../batches';

/** Where the conditions of a differential equation are taken. */
export interface CollocationData {
  readonly kind: 'collocation';
  readonly objective: PdeObjective;
  /** One for each set of conditions, and last the test points where there is an exact solution. */
  readonly sets: readonly PointSet[];
  /** Of the loss; test points are not among them. */
  readonly samples: number;
  /** For each set its points, [points, variables]; 0 where a condition fixes the variable. */
  readonly points: readonly Float64Array[];
  /** Measured values of the unknowns at the points of the data set, [points, unknowns]. */
  readonly measurements: Float64Array | null;
}
