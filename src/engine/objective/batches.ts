/** Samples or collocation points whose losses are averaged. */
export interface PointSet {
  /** Whether the mean is a part of the loss, or only measured. */
  readonly role: 'loss' | 'test';
  readonly points: number;
  /**
   * What the sum of the points' losses is divided by: the number of targets, or the sum of their
   * weights, where a point has several or weighs otherwise. That of the points if absent.
   */
  readonly weight?: number;
  /** Most of them in one run of a program. */
  readonly largestBatch: number;
}

/** Consecutive points of a set. */
export interface Batch {
  readonly index: number;
  /** Number of its set. */
  readonly set: number;
  /** First point. */
  readonly start: number;
  readonly size: number;
  /** What a sum over the batch is multiplied with to be its part of the mean over the set. */
  readonly share: number;
}

/**
 * For each set as few batches as are allowed, of sizes that differ by one at most. The split
 * depends on the sets only, so that results do not depend on who evaluates which batch.
 */
export function splitBatches(sets: readonly PointSet[]): readonly Batch[] {
  const batches: Batch[] = [];
  for (const [set, { points, weight = points, largestBatch }] of sets.entries()) {
    const count = Math.ceil(points / largestBatch);
    for (let i = 0; i < count; i += 1) {
      const start = Math.floor((i * points) / count);
      const size = Math.floor(((i + 1) * points) / count) - start;
      batches.push({ index: batches.length, set, start, size, share: 1 / weight });
    }
  }
  return batches;
}

/** The batches the loss is a sum over: all but those that are only measured. */
export function lossBatches(sets: readonly PointSet[]): readonly Batch[] {
  return splitBatches(sets).filter(({ set }) => sets[set]!.role === 'loss');
}
