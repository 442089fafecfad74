import type { WeightFigures } from '../../shared/weightFigures';
import { formatCount, formatNumber } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';

/** What is known of a checkpoint's weights alone, in one line. */
export function describeWeights(figures: WeightFigures): string {
  const { norm, fromFirst, fromPrevious, deadUnits, units } = figures;
  const parts = [norm === null ? t('some weights are not finite') : `‖θ‖ ${formatNumber(norm)}`];
  if (fromFirst !== null && fromFirst > 0) {
    parts.push(t('{0} from the first checkpoint', formatNumber(fromFirst)));
  }
  if (fromPrevious !== null) {
    parts.push(t('{0} from the one before', formatNumber(fromPrevious)));
  }
  if (units > 0) {
    parts.push(t('{0} of {1} units dead', formatCount(deadUnits), formatCount(units)));
  }
  return parts.join(' · ');
}
