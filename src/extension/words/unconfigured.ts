import type { Run } from '../checkpoints/runs';
import { t } from '../../shared/words/text';

/** Of a checkpoint that cannot be analysed yet: what is missing, in full sentences. */
export function whyUnconfigured({ implied }: Pick<Run, 'implied'>): string {
  const nobody = t('No basin.json names this checkpoint.');
  return implied === 'no data' ? `${nobody} ${putDataBeside()}` : nobody;
}

/** A model has its graph and loss with it: what else belongs there. */
export function putDataBeside(): string {
  return t(
    'A saved model of Keras or TensorFlow.js needs none: put its data beside it, as data.npz with the arrays x and y, or as x.npy and y.npy.',
  );
}
