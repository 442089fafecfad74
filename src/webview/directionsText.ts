import type { Directions } from '../shared/result';
import { formatNumber, formatShare } from './quantity';

/** What a landscape's directions are, in a few words. */
export function directionsText(directions: Directions): string {
  const { kind, normalization, seed, center, reference } = directions;
  return [
    ofKind(directions),
    kind === 'random' && normalization !== 'none' ? `${normalization}-normalized` : '',
    kind === 'random' && normalization === 'none' ? 'not normalized' : '',
    kind === 'random' && directions.biases === 'keep' ? 'biases too' : '',
    kind === 'random' ? `seed ${seed}` : '',
    center === undefined ? '' : `around ${center}`,
    reference === undefined ? '' : `directions of ${reference}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function ofKind({ kind, explained, anchors, curve }: Directions): string {
  const ends = (anchors ?? []).map(({ checkpoint }) => checkpoint);
  switch (kind) {
    case 'random':
      return 'random directions';
    case 'hessian':
      return 'top Hessian eigenvectors';
    case 'trajectory': {
      const shares = (explained ?? []).map((share) => formatShare(share));
      return `principal components of the run (${shares.join(', ')} of its squared distance)`;
    }
    case 'interpolation':
      return `straight line, ${ends.join(' → ')}`;
    case 'bezier':
      return curve === undefined
        ? `Bézier curve, ${ends.join(' → ')}`
        : `Bézier curve, ${ends.join(' → ')}; barrier ${formatNumber(Number(curve.barrier), 3)}, dashed the straight line ${formatNumber(Number(curve.straightBarrier), 3)}`;
    case 'plane':
      return `plane through ${ends.join(', ')}`;
  }
}
