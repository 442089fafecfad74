import type { Directions, Landscape } from '../../shared/result/landscape';
import { formatNumber, formatShare } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';

/** What a landscape's directions are, in a few words. */
export function directionsText(directions: Directions): string {
  const { kind, normalization, seed, center, reference } = directions;
  return [
    ofKind(directions),
    kind === 'random' && normalization !== 'none' ? t('{0}-normalized', normalization) : '',
    kind === 'random' && normalization === 'none' ? t('not normalized') : '',
    kind === 'random' && directions.biases === 'keep' ? t('biases too') : '',
    kind === 'random' ? t('seed {0}', seed) : '',
    center === undefined ? '' : t('around {0}', center),
    reference === undefined ? '' : t('directions of {0}', reference),
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** What a landscape was made with: its directions, and what is not as usual. */
export function samplingText({ directions, batchNorm }: Landscape): string {
  const text = directionsText(directions);
  return batchNorm === 'recompute'
    ? `${text} · ${t('BatchNorm statistics recomputed at each point')}`
    : text;
}

function ofKind({ kind, explained, anchors, curve }: Directions): string {
  const ends = (anchors ?? []).map(({ checkpoint }) => checkpoint);
  switch (kind) {
    case 'random':
      return t('random directions');
    case 'hessian':
      return t('top Hessian eigenvectors');
    case 'trajectory': {
      const shares = (explained ?? []).map((share) => formatShare(share));
      return t('principal components of the run ({0} of its squared distance)', shares.join(', '));
    }
    case 'interpolation':
      return t('straight line, {0}', ends.join(' → '));
    case 'bezier':
      return curve === undefined
        ? t('Bézier curve, {0}', ends.join(' → '))
        : t(
            'Bézier curve, {0}; barrier {1}, dashed the straight line {2}',
            ends.join(' → '),
            formatNumber(Number(curve.barrier), 3),
            formatNumber(Number(curve.straightBarrier), 3),
          );
    case 'plane':
      return t('plane through {0}', ends.join(', '));
  }
}
