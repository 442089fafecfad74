import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import { sizeOf } from '../../tensor';
import type { Node } from '../operations';
import { activated } from './activations';
import type { LayerCall, LayerRule, Made } from './layerCall';

function dense(c: LayerCall): Node {
  const { g, x } = c;
  const units = c.settings.count('units');
  const lead = x.shape.slice(0, -1);
  const width = x.shape.at(-1);
  if (width === undefined || lead.length === 0) {
    throw new InputError(
      say`its input has the shape [${x.shape.join(', ')}], where it takes 2 axes`,
      'mismatch',
    );
  }
  const kernel = c.weight('kernel', [width, units]);
  const bias = c.bias([units]);
  const product = g.matmul(g.reshape(x, [sizeOf(lead), width]), kernel);
  const shifted = bias === null ? product : g.add(product, bias);
  return activated(c, g.reshape(shifted, [...lead, units]));
}

function embedding(c: LayerCall): Made {
  const { g, settings, building } = c;
  const { node: x } = c.signal;
  const rows = settings.count('input_dim');
  const width = settings.count('output_dim');
  const table = c.weight(['embeddings', 'embedding'], [rows, width], { unitAxes: [0, 1] });
  const { wholeNumbers } = building.options;
  if (x.operation === 'input') {
    const use = { extent: rows, least: 0, except: null, where: say`layer ${c.layer.name}` };
    wholeNumbers?.places(x, use);
  }
  const count = sizeOf(x.shape);
  const picked = g.take(g.reshape(table, [1, rows, width]), g.reshape(x, [1, count]));
  const isMasked = settings.flag('mask_zero', false);
  if (isMasked && x.shape.length !== 2) {
    throw new InputError(
      say`a mask over other axes than one of steps is not supported`,
      'unsupported',
    );
  }
  const mask = isMasked ? g.sub(g.scalar(1), g.equal(x, g.scalar(0))) : null;
  return { node: g.reshape(picked, [...x.shape, width]), mask };
}

/** Steps all of whose values are `mask_value` do not count, and are 0. */
function masking(c: LayerCall): Made {
  const { g, x } = c;
  if (x.shape.length !== 3) {
    throw new InputError(
      say`its input has the shape [${x.shape.join(', ')}], where it takes 3 axes`,
      'mismatch',
    );
  }
  const value = g.scalar(c.settings.number('mask_value', 0));
  const others = g.sum(g.sub(g.scalar(1), g.equal(x, value)), [2], true);
  const counts = g.less(g.scalar(0), others);
  return { node: g.mul(x, counts), mask: g.reshape(counts, x.shape.slice(0, 2)) };
}

/** Layers that do something in training alone. */
const IDENTITIES = [
  'Dropout',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'SpatialDropout3D',
  'GaussianDropout',
  'GaussianNoise',
  'AlphaDropout',
  'ActivityRegularization',
  'Identity',
  'RandomFlip',
  'RandomRotation',
  'RandomZoom',
  'RandomTranslation',
  'RandomContrast',
  'RandomBrightness',
];

export const coreLayers: readonly (readonly [string, LayerRule])[] = [
  ['Dense', dense],
  ['Embedding', embedding],
  ['Masking', masking],
  ...IDENTITIES.map((kind): readonly [string, LayerRule] => [kind, (c) => c.x]),
];
