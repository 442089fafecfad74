import { t } from '../../shared/words/text';
import { largest } from '../../shared/extremes';
import { formatNumber } from '../../shared/words/numbers';
import { label } from '../plots/shapes';
import { withAlpha, type Theme } from '../plots/theme';

/** What a match costs, and of which pairs it is. */
export interface MatchCost {
  readonly pairs: readonly [string, string];
  readonly cost: number;
}

export interface CostsBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const HEADING = 26;
const ROW = 24;
/** Of the widest pairs in words, and of a cost, in pixels. */
const PAIRS = 250;
const COST = 64;

/** Width from which on bars are to be seen beside the words, in pixels. */
export const MIN_COSTS_WIDTH = PAIRS + COST + 90;

/** @param costs the costliest first: as many as there is room for are drawn, a bar for each. */
export function costShapes(costs: readonly MatchCost[], box: CostsBox, theme: Theme): unknown[] {
  const shown = costs.slice(0, Math.max(0, Math.floor((box.height - HEADING) / ROW)));
  const most = largest(shown.map(({ cost }) => cost));
  const room = box.width - PAIRS - COST;
  return [
    label(t('Matched pairs, the costliest first'), [box.left, box.top + 6], theme),
    ...shown.flatMap(({ pairs, cost }, k) => {
      const y = box.top + HEADING + k * ROW + ROW / 2;
      const long = most > 0 ? Math.max(1, (room * cost) / most) : 1;
      const x = box.left + PAIRS;
      return [
        label(pairs.join(' → '), [box.left, y], theme, { fill: theme.muted }),
        {
          type: 'rect',
          shape: { x, y: y - 5, width: long, height: 10, r: 2 },
          style: { fill: withAlpha(theme.accent, 0.85) },
        },
        label(formatNumber(cost), [x + long + 8, y], theme),
      ];
    }),
  ];
}
