import type { Theme } from './theme';
import { ticksAt } from './chart';
import type { CustomApi } from './customApi';
import { linearTicks } from './ticks';
import { formatTick } from '../../shared/words/numbers';

/** A series that is drawn by hand: the elements ECharts is to draw, in pixels. */
export function drawn(
  shapes: (api: CustomApi) => readonly unknown[],
  { clip = false, grid = 0 }: { readonly clip?: boolean; readonly grid?: number } = {},
): Record<string, unknown> {
  return {
    type: 'custom',
    xAxisIndex: grid,
    yAxisIndex: grid,
    silent: true,
    clip,
    data: [0],
    renderItem: (_: unknown, api: CustomApi) => ({ type: 'group', children: shapes(api) }),
  };
}

/** An axis from one value to another, with ticks on round numbers. */
export function valueAxis(
  theme: Theme,
  [min, max]: readonly [number, number],
  most: number,
): Record<string, unknown> {
  const { values, step } = linearTicks(min, max, most);
  return {
    ...ticksAt(
      theme,
      values.map((at) => ({ at, text: formatTick(at, step) })),
    ),
    min,
    max,
  };
}
