import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import type { ConvAttributes, Node } from '../operations';
import { activated } from './activations';
import { channelsBack, channelsFirst, isChannelsFirst, requireSpatial, samePadding } from './axes';
import type { LayerCall, LayerRule } from './layerCall';

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: string;
}

function windowOf({ settings }: LayerCall, axes: number): Window {
  return {
    kernel: settings.sizes('kernel_size', axes),
    strides: settings.sizes('strides', axes, { absent: 1 }),
    dilations: settings.sizes('dilation_rate', axes, { absent: 1 }),
    padding: settings.text('padding', 'valid'),
  };
}

/** What is put around the axes of x [N, C, …]. */
function padded(
  x: readonly number[],
  { kernel, strides, dilations, padding }: Window,
): Pick<ConvAttributes, 'padsBefore' | 'padsAfter'> {
  const pads = kernel.map((extent, axis): readonly [number, number] => {
    switch (padding) {
      case 'valid':
        return [0, 0];
      case 'causal':
        return [dilations[axis]! * (extent - 1), 0];
      case 'same':
        return samePadding(x[axis + 2]!, extent, strides[axis]!, dilations[axis]!);
      default:
        throw new InputError(
          say`"padding" is ${padding}, which Keras does not take there`,
          'damaged',
        );
    }
  });
  return { padsBefore: pads.map(([before]) => before), padsAfter: pads.map(([, after]) => after) };
}

function attributesOf(x: Node, window: Window, groups: number): ConvAttributes {
  const { strides, dilations } = window;
  return { strides, dilations, ...padded(x.shape, window), groups };
}

/** Bias and activation of a result [N, C, …], in the order of axes the layer has. */
function finished(c: LayerCall, result: Node, isFirst: boolean): Node {
  const { g } = c;
  const channels = result.shape[1]!;
  const bias = c.bias([channels]);
  const shifted =
    bias === null
      ? result
      : g.add(result, g.reshape(bias, [1, channels, ...result.shape.slice(2).map(() => 1)]));
  return activated(c, channelsBack(g, shifted, isFirst));
}

/** A kernel [k…, in, out] as [out, in, k…]. */
function turned(c: LayerCall, kernel: Node, axes: number): Node {
  const spatial = Array.from({ length: axes }, (_, axis) => axis);
  return c.g.transpose(kernel, [axes + 1, axes, ...spatial]);
}

/** A layer that makes of images [N, C, …] others, before its bias and activation. */
function onImages(
  axes: number,
  result: (c: LayerCall, x: Node, window: Window) => Node,
): LayerRule {
  return (c) => {
    const isFirst = isChannelsFirst(c);
    requireSpatial(c.x, axes);
    const x = channelsFirst(c.g, c.x, isFirst);
    return finished(c, result(c, x, windowOf(c, axes)), isFirst);
  };
}

function convolution(axes: number): LayerRule {
  return onImages(axes, (c, x, window) => {
    const filters = c.settings.count('filters');
    const groups = c.settings.count('groups', 1);
    const kernel = c.weight('kernel', [...window.kernel, x.shape[1]! / groups, filters]);
    return c.g.conv(x, turned(c, kernel, axes), attributesOf(x, window, groups));
  });
}

/** Each channel with filters of its own. */
function depthwise(c: LayerCall, x: Node, window: Window, kernel: Node): Node {
  const { g } = c;
  const axes = window.kernel.length;
  const [channels, multiplier] = kernel.shape.slice(axes) as [number, number];
  const spatial = Array.from({ length: axes }, (_, axis) => axis);
  const each = g.reshape(g.transpose(kernel, [axes, axes + 1, ...spatial]), [
    channels * multiplier,
    1,
    ...window.kernel,
  ]);
  return g.conv(x, each, attributesOf(x, window, channels));
}

/** The kernel of `depthwise`. */
function depthwiseKernel(
  c: LayerCall,
  names: string | readonly [string, ...string[]],
  x: Node,
  { kernel }: Window,
): Node {
  const multiplier = c.settings.count('depth_multiplier', 1);
  const axes = kernel.length;
  return c.weight(names, [...kernel, x.shape[1]!, multiplier], { unitAxes: [axes, axes + 2] });
}

function depthwiseLayer(axes: number): LayerRule {
  return onImages(axes, (c, x, window) =>
    depthwise(c, x, window, depthwiseKernel(c, ['depthwise_kernel', 'kernel'], x, window)),
  );
}

function separable(axes: number): LayerRule {
  return onImages(axes, (c, x, window) => {
    const ones = window.kernel.map(() => 1);
    const kernel = depthwiseKernel(c, 'depthwise_kernel', x, window);
    const each = depthwise(c, x, window, kernel);
    const points = c.weight('pointwise_kernel', [
      ...ones,
      each.shape[1]!,
      c.settings.count('filters'),
    ]);
    const point = { kernel: ones, strides: ones, dilations: ones, padding: 'valid' };
    return c.g.conv(each, turned(c, points, axes), attributesOf(each, point, 1));
  });
}

/** The adjoint of a convolution, of a length that Keras chooses. */
function transposed(axes: number): LayerRule {
  return onImages(axes, (c, x, window) => {
    const { g, settings } = c;
    const { kernel: sizes, strides, dilations, padding } = window;
    const filters = settings.count('filters');
    const groups = settings.count('groups', 1);
    if (groups > 1)
      throw new InputError(say`a transposed convolution in groups is not supported`, 'unsupported');
    const more = settings.has('output_padding')
      ? settings.sizes('output_padding', axes, { least: 0 })
      : null;
    const spatial = sizes.map((extent, axis) => {
      const [length, stride] = [x.shape[axis + 2]!, strides[axis]!];
      const reach = dilations[axis]! * (extent - 1) + 1;
      if (more === null) {
        return length * stride + (padding === 'same' ? 0 : Math.max(reach - stride, 0));
      }
      const pad = padding === 'same' ? Math.floor(reach / 2) : 0;
      return (length - 1) * stride + reach - 2 * pad + more[axis]!;
    });
    const kernel = c.weight('kernel', [...sizes, filters, x.shape[1]!], {
      unitAxes: [axes, axes + 1],
    });
    const pads = spatial.map((extent, axis): readonly [number, number] => {
      const reach = dilations[axis]! * (sizes[axis]! - 1) + 1;
      const total = Math.max(0, (x.shape[axis + 2]! - 1) * strides[axis]! + reach - extent);
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    });
    const attributes: ConvAttributes = {
      strides,
      dilations,
      padsBefore: pads.map(([before]) => before),
      padsAfter: pads.map(([, after]) => after),
      groups: 1,
    };
    const shape = [x.shape[0]!, filters, ...spatial];
    return g.convInput(turned(c, kernel, axes), x, attributes, shape);
  });
}

export const convolutionLayers: readonly (readonly [string, LayerRule])[] = [
  ['Conv1D', convolution(1)],
  ['Conv2D', convolution(2)],
  ['Conv3D', convolution(3)],
  ['DepthwiseConv1D', depthwiseLayer(1)],
  ['DepthwiseConv2D', depthwiseLayer(2)],
  ['SeparableConv1D', separable(1)],
  ['SeparableConv2D', separable(2)],
  ['Conv1DTranspose', transposed(1)],
  ['Conv2DTranspose', transposed(2)],
  ['Conv3DTranspose', transposed(3)],
];
