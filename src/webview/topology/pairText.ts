import { formatNumber } from '../quantity';
import type { PairMark, Place } from './pairMark';
import { t } from '../text';

/** One line about a pair, the same wherever it is pointed at. */
export function pairText(mark: PairMark): string {
  return [
    mark.essential ? t('Essential pair') : t('Pair'),
    at(t('minimum {0}', formatNumber(mark.birth)), mark.places?.birth),
    at(
      mark.essential
        ? t('maximum {0}', formatNumber(mark.death))
        : t('saddle {0}', formatNumber(mark.death)),
      mark.places?.death,
    ),
    t('persistence {0}', formatNumber(mark.persistence)),
  ].join(' · ');
}

function at(what: string, place: Place | undefined): string {
  return place === undefined ? what : t('{0} at {1}', what, placeText(place));
}

export function placeText(place: Place): string {
  return `(${place.map((value) => formatNumber(value, 3)).join(', ')})`;
}
