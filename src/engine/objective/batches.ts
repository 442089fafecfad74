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
  /** Most of them in one run of a program of derivatives; `largestBatch` if absent. */
  readonly derivativeBatch?: number;
  /** Whether the loss of a point depends on the others of its batch; not if absent. */
  readonly isCoupled?: boolean;
  /** Sizes of batches are multiples of this, but for the last one; 1 if absent. */
  readonly multiple?: number;
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
 * For each set as few batches as are allowed, of one size but for the last, which may be smaller:
 * every size is a program to compile. The split depends on the sets only, so that results do not
 * depend on who evaluates which batch.
 */
export function splitBatches(sets: readonly PointSet[]): readonly Batch[] {
  const batches: Batch[] = [];
  for (const [set, { points, weight = points, largestBatch, multiple = 1 }] of sets.entries()) {
    const units = Math.ceil(points / multiple);
    const most = Math.max(1, Math.floor(largestBatch / multiple));
    const count = points <= largestBatch ? 1 : Math.ceil(units / most);
    const each = multiple * Math.ceil(units / count);
    for (let start = 0; start < points; start += each) {
      const size = Math.min(each, points - start);
      batches.push({ index: batches.length, set, start, size, share: 1 / weight });
    }
  }
  return batches;
}

/** The batches the loss is a sum over: all but those that are only measured. */
export function lossBatches(sets: readonly PointSet[]): readonly Batch[] {
  return splitBatches(sets).filter(({ set }) => sets[set]!.role === 'loss');
}

/** The batches its derivatives are a sum over: smaller ones, for many workers at once. */
export function derivativeBatches(sets: readonly PointSet[]): readonly Batch[] {
  return lossBatches(
    sets.map((set) => ({ ...set, largestBatch: set.derivativeBatch ?? set.largestBatch })),
  );
}
