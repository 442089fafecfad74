import { formatNumber } from './quantity';
import type { PairMark, Place } from './pairMark';

/** One line about a pair, the same wherever it is pointed at. */
export function pairText(mark: PairMark): string {
  const end = mark.essential ? 'maximum' : 'saddle';
  return [
    mark.essential ? 'Essential pair' : 'Pair',
    `minimum ${formatNumber(mark.birth)}${at(mark.places?.birth)}`,
    `${end} ${formatNumber(mark.death)}${at(mark.places?.death)}`,
    `persistence ${formatNumber(mark.persistence)}`,
  ].join(' · ');
}

function at(place: Place | undefined): string {
  return place === undefined ? '' : ` at ${placeText(place)}`;
}

export function placeText(place: Place): string {
  return `(${place.map((value) => formatNumber(value, 3)).join(', ')})`;
}
