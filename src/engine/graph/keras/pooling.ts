import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import type { Node } from '../operations';
import { channelsBack, channelsFirst, isChannelsFirst, requireSpatial, samePadding } from './axes';
import type { LayerCall, LayerRule } from './layerCall';
import { onnxOperator } from './operator';

function pooling(axes: number, operator: 'MaxPool' | 'AveragePool'): LayerRule {
  return (c) => {
    const { g, settings } = c;
    const isFirst = isChannelsFirst(c);
    requireSpatial(c.x, axes);
    const x = channelsFirst(g, c.x, isFirst);
    const kernel = settings.sizes('pool_size', axes, { absent: 2 });
    const strides = settings.has('strides') ? settings.sizes('strides', axes) : kernel;
    const padding = settings.text('padding', 'valid');
    if (padding !== 'valid' && padding !== 'same') {
      throw new InputError(
        say`"padding" is ${padding}, which Keras does not take there`,
        'damaged',
      );
    }
    const pads = kernel.map((extent, axis) =>
      padding === 'same' ? samePadding(x.shape[axis + 2]!, extent, strides[axis]!, 1) : [0, 0],
    );
    const result = onnxOperator(g, operator, [x], {
      kernel_shape: kernel,
      strides,
      pads: [...pads.map(([before]) => before), ...pads.map(([, after]) => after)],
    });
    return channelsBack(g, result, isFirst);
  };
}

function globalPooling(axes: number, operator: 'GlobalMaxPool' | 'GlobalAveragePool'): LayerRule {
  return (c) => {
    const { g } = c;
    const isFirst = isChannelsFirst(c);
    requireSpatial(c.x, axes);
    const { mask } = c.signal;
    const x = channelsFirst(g, c.x, isFirst);
    const pooled =
      mask === null
        ? onnxOperator(g, operator, [x], {})
        : overSteps(c, x, mask, operator === 'GlobalAveragePool');
    const kept = c.settings.flag('keepdims', false);
    const result = kept
      ? channelsBack(g, pooled, isFirst)
      : g.reshape(pooled, pooled.shape.slice(0, 2));
    return { node: result, mask: null };
  };
}

/** The mean over the steps that count; Keras takes the largest value over all of them. */
function overSteps(c: LayerCall, x: Node, mask: Node, isMean: boolean): Node {
  const { g } = c;
  if (!isMean) return onnxOperator(g, 'GlobalMaxPool', [x], {});
  const row = g.reshape(mask, [mask.shape[0]!, 1, mask.shape[1]!]);
  return g.div(g.sum(g.mul(x, row), [2], true), g.sum(row, [2], true));
}

export const poolingLayers: readonly (readonly [string, LayerRule])[] = [1, 2, 3].flatMap(
  (axes): (readonly [string, LayerRule])[] => [
    [`MaxPooling${axes}D`, pooling(axes, 'MaxPool')],
    [`AveragePooling${axes}D`, pooling(axes, 'AveragePool')],
    [`GlobalMaxPooling${axes}D`, globalPooling(axes, 'GlobalMaxPool')],
    [`GlobalAveragePooling${axes}D`, globalPooling(axes, 'GlobalAveragePool')],
  ],
);
