import type { LossData } from './lossData';

/** Points below which parts say nothing of each other. */
const MIN_POINTS = 32;

/** Whether another evaluation set of the same size is one more draw of independent samples. */
export function isSample({ kind, sets }: Pick<LossData, 'kind' | 'sets'>): boolean {
  const [only, ...others] = sets.filter(({ role }) => role === 'loss');
  if (kind !== 'samples' || only === undefined || others.length > 0) return false;
  return only.isCoupled !== true && only.points >= MIN_POINTS;
}
