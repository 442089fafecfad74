import type { EChartsCoreOption } from 'echarts/core';
import type { ResultDocument } from '../../shared/result';
import type { DrawingSize } from '../export/drawing';
import type { Chart } from '../plots/chart';
import type { PlotContent } from '../plots/plotSection';

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
