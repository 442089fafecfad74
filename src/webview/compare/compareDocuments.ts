import type { Interpolation } from '../../shared/comparison';
import type { Theme } from '../plots/theme';
import type { ViewState } from '../state/viewState';
import { t } from '../../shared/words/text';
import { compareDiagrams } from './compareDiagrams';
import { compareMaps } from './compareMaps';
import { comparePath } from './comparePath';
import type { Comparison, Side } from './comparison';

/** @returns a sentence where there is nothing to see. */
export function comparisonOf(
  sides: readonly Side[],
  state: ViewState,
  theme: Theme,
  path: Interpolation | string | null,
): Comparison | string {
  switch (state.compareAs) {
    case 'maps':
      return compareMaps(sides, state.scale, theme, false);
    case 'difference':
      return compareMaps(sides.slice(0, 2), state.scale, theme, true);
    case 'diagrams':
      return compareDiagrams(sides[0]!, sides[1]!, state.scale, theme);
    case 'path':
      if (path === 'asked') return t('The loss between the two is being sampled.');
      if (typeof path === 'string') return path;
      return comparePath(sides[0]!, sides[1]!, path, theme);
  }
}
