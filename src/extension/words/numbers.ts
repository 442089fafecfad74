import { formatCount } from '../../shared/words/numbers';
import { t } from './text';

/**
 * A count with its noun: `1 saddle`, `3 saddles`. The keys of the translation are `{0} saddle` and
 * `{0} saddles`.
 */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
  return t(`{0} ${value === 1 ? singular : plural}`, formatCount(value));
}
