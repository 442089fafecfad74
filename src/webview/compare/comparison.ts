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
  /** How high it is at a width, in pixels; as high as any comparison where it is left out. */
  readonly heightOf?: (width: number) => number;
  /** What is under the pointer. */
  readonly read: (chart: Chart, place: { readonly x: number; readonly y: number }) => string | null;
}
