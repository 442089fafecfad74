import { activationLayers } from './activations';
import { attentionLayers } from './attention';
import { convolutionLayers } from './convolutions';
import { coreLayers } from './core';
import type { LayerRule } from './layerCall';
import { mergingLayers } from './merging';
import { normalizationLayers } from './normalizations';
import { poolingLayers } from './pooling';
import { recurrentLayers } from './recurrent';
import { reshapingLayers } from './reshaping';

/** Layers of Keras by their class, each in terms of Basin's own operations. */
export const layers: ReadonlyMap<string, LayerRule> = new Map<string, LayerRule>([
  ...coreLayers,
  ...activationLayers,
  ...convolutionLayers,
  ...poolingLayers,
  ...normalizationLayers,
  ...recurrentLayers,
  ...attentionLayers,
  ...mergingLayers,
  ...reshapingLayers,
]);

/**
 * Layers that pass on which steps count: what works on each step for itself. Rules that say it
 * themselves are not among them, and any other layer is refused where some steps do not count.
 */
export const masksPass: ReadonlySet<string> = new Set([
  'Dense',
  'Activation',
  'ReLU',
  'LeakyReLU',
  'ELU',
  'PReLU',
  'ThresholdedReLU',
  'Softmax',
  'Dropout',
  'SpatialDropout1D',
  'GaussianDropout',
  'GaussianNoise',
  'AlphaDropout',
  'ActivityRegularization',
  'Identity',
  'BatchNormalization',
  'LayerNormalization',
  'RMSNormalization',
  'UnitNormalization',
  'Rescaling',
]);

/** Layers whose result does not depend on which steps count, in Keras neither. */
export const masksEnd: ReadonlySet<string> = new Set(['Flatten', 'Reshape', 'Permute']);
