import type { EChartsCoreOption } from 'echarts/core';
import type { Interpolation } from '../../shared/comparison';
import type { ResultDocument } from '../../shared/result';
import type { DrawingSize } from '../export/drawing';
import type { Chart } from '../plots/chart';
import type { PlotContent } from '../plots/plotSection';
import type { Theme } from '../plots/theme';
import type { ViewState } from '../state/viewState';
import { t } from '../text';
import { compareDiagrams } from './compareDiagrams';
import { compareMaps } from './compareMaps';
import { comparePath } from './comparePath';

export interface Side {
  readonly title: string;
  readonly document: ResultDocument;
}

/** What is to be seen of two or more checkpoints together. */
export interface Comparison extends Omit<PlotContent, 'drawing'> {
  readonly caption: string;
  readonly notes: readonly string[];
  readonly option: (size: DrawingSize) => EChartsCoreOption;
  /** What is under the pointer. */
  readonly read: (chart: Chart, place: { readonly x: number; readonly y: number }) => string | null;
}

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
