import { formatNumber } from '../../shared/words/numbers';
import type { PairMark } from './pairMark';
import { t } from '../../shared/words/text';

/** One line about a pair, the same wherever it is pointed at. */
export function pairText(mark: PairMark): string {
  return [
    mark.essential ? t('Essential pair') : t('Pair'),
    at(t('minimum {0}', formatNumber(mark.birth)), (mark.places ?? mark.coordinates)?.birth),
    at(
      mark.essential
        ? t('maximum {0}', formatNumber(mark.death))
        : t('saddle {0}', formatNumber(mark.death)),
      (mark.places ?? mark.coordinates)?.death,
    ),
    t('persistence {0}', formatNumber(mark.persistence)),
    ...(mark.border ? [borderText(mark)] : []),
  ].join(' · ');
}

/** What its place at the edge means for a pair. */
function borderText({ keptWhenWidened }: PairMark): string {
  if (keptWhenWidened === null) return t('at the border');
  return keptWhenWidened
    ? t('at the border; a wider plane would keep it')
    : t('at the border; a wider plane would lose it');
}

function at(what: string, place: readonly number[] | undefined): string {
  return place === undefined ? what : t('{0} at {1}', what, placeText(place));
}

export function placeText(place: readonly number[]): string {
  return `(${place.map((value) => formatNumber(value, 3)).join(', ')})`;
}
