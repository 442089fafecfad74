import type { ScaleKind } from '../state/viewState';
import type { Theme } from '../plots/theme';
import { formatNumber } from '../../shared/words/numbers';
import { pairMarks, type PairMark } from '../pairs/pairMark';
import { persistenceFrame } from '../topology/persistenceFrame';
import { plural, t } from '../../shared/words/text';
import type { Comparison, Side } from './comparison';
import { matchingOf } from './matching';
import type { MatchCost } from './matchingCosts';
import { heightOfMatching, matchingOption } from './matchingDrawing';

/** Two diagrams in one, matched, with the distances. */
export function compareDiagrams(
  first: Side,
  second: Side,
  scale: ScaleKind,
  theme: Theme,
): Comparison | string {
  const [a, b] = [first.document.topology, second.document.topology];
  for (const side of [first, second]) {
    if (side.document.topology === undefined) {
      return t('{0} has no minima and saddles: analyze it again.', side.title);
    }
  }
  if (a === undefined || b === undefined) return '';
  const matching = matchingOf(a, b);
  const marks = [a, b].map((topology, k) =>
    pairMarks(topology, [first, second][k]!.document.landscape?.axes ?? []),
  ) as [readonly PairMark[], readonly PairMark[]];
  const frame = persistenceFrame(marks.flat(), Math.max(a.threshold, b.threshold), scale);
  const titles = [first.title, second.title] as const;
  const costs = [...matching.matches]
    .sort((m, n) => n.cost - m.cost)
    .map((match): MatchCost => {
      const pair = (index: number | null, side: 0 | 1): string => {
        const mark = index === null ? undefined : marks[side][index];
        if (mark === undefined) return t('the diagonal');
        return `(${formatNumber(mark.birth)}, ${formatNumber(mark.death)})`;
      };
      return { pairs: [pair(match.first, 0), pair(match.second, 1)], cost: match.cost };
    });
  const distances = t(
    '2-Wasserstein distance {0} · bottleneck distance {1}',
    formatNumber(matching.wasserstein),
    formatNumber(matching.bottleneck),
  );
  return {
    summary: `${t('Persistence diagrams of {0} and {1}, matched.', ...titles)} ${distances}.`,
    caption: distances,
    notes: [
      t(
        'Costs are max(|Δbirth|, |Δdeath|); dotted lines go to the diagonal; of the essential pairs only births count.',
      ),
      ...(matching.left > 0
        ? [t('{0} of least persistence left out.', plural(matching.left, 'pair'))]
        : []),
    ],
    table: () => ({
      caption: t('Matched pairs, the costliest first'),
      columns: [titles[0], titles[1], t('Cost')],
      rows: costs.map(({ pairs, cost }) => [...pairs, formatNumber(cost)]),
    }),
    data: () => ({
      columns: ['first_birth', 'first_death', 'second_birth', 'second_death', 'cost'],
      rows: matching.matches.map((match) => {
        const [from, to] = [
          match.first === null ? undefined : marks[0][match.first],
          match.second === null ? undefined : marks[1][match.second],
        ];
        return [
          from?.birth ?? null,
          from?.death ?? null,
          to?.birth ?? null,
          to?.death ?? null,
          match.cost,
        ];
      }),
    }),
    option: (size) => matchingOption(marks, titles, matching, costs, frame, theme, size),
    heightOf: heightOfMatching,
    read: () => null,
  };
}
