import { MAX_LAYERS, type NetworkSettings } from './networkSettings';
import type { NetworkWriter } from './networkWriter';

/** What the library's BatchNorm adds to the variance, and how a bottleneck is narrowed. */
const EPSILON = 1e-5;
const REDUCTION = 4;

/**
 * ResNet (He et al. 2016): logits [batch, labels] of `ResNetForImageClassification`.
 *
 * @throws InputError where a setting or head is not one that is built.
 */
export function resnet(w: NetworkWriter, settings: NetworkSettings): string {
  if (settings.architecture !== 'ResNetForImageClassification') {
    throw settings.unknown('architectures');
  }
  const channels = settings.count('num_channels', 3);
  const widths = settings.counts('hidden_sizes', [256, 512, 1024, 2048]);
  const depths = settings.counts('depths', [3, 4, 6, 3], MAX_LAYERS);
  const kind = settings.text('layer_type', 'bottleneck');
  if (kind !== 'basic' && kind !== 'bottleneck') throw settings.unknown('layer_type');
  if (widths.length !== depths.length) throw settings.unknown('depths');
  const active = (x: string): string => w.activation(x, settings, 'hidden_act', 'relu');

  /** A convolution without bias and its normalisation. */
  const block = (
    x: string,
    name: string,
    [from, to]: readonly [number, number],
    kernel: number,
    stride: number,
  ): string => {
    const pad = Math.floor(kernel / 2);
    const weight = w.weight(`${name}.convolution.weight`, [to, from, kernel, kernel]);
    const maps = w.add('Conv', [x, weight], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    });
    const own = (part: string, isBuffer = false): string =>
      w.weight(`${name}.normalization.${part}`, [to], isBuffer);
    return w.add(
      'BatchNormalization',
      [maps, own('weight'), own('bias'), own('running_mean', true), own('running_var', true)],
      { epsilon: { real: EPSILON } },
    );
  };

  const layer = (x: string, name: string, from: number, to: number, stride: number): string => {
    const shortcut =
      from === to && stride === 1 ? x : block(x, `${name}.shortcut`, [from, to], 1, stride);
    let y: string;
    if (kind === 'basic') {
      y = active(block(x, `${name}.layer.0`, [from, to], 3, stride));
      y = block(y, `${name}.layer.1`, [to, to], 3, 1);
    } else {
      const narrow = Math.floor(to / REDUCTION);
      const isEarly = settings.flag('downsample_in_bottleneck', false);
      y = active(block(x, `${name}.layer.0`, [from, narrow], 1, isEarly ? stride : 1));
      y = active(block(y, `${name}.layer.1`, [narrow, narrow], 3, isEarly ? 1 : stride));
      y = block(y, `${name}.layer.2`, [narrow, to], 1, 1);
    }
    return active(w.add('Add', [y, shortcut]));
  };

  const pixels = w.input('pixel_values', ['batch', channels, 'height', 'width'], 'real');
  let width = settings.count('embedding_size', 64);
  let x = active(block(pixels, 'resnet.embedder.embedder', [channels, width], 7, 2));
  x = w.add('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  for (const [stage, to] of widths.entries()) {
    const isWhole = stage === 0 && !settings.flag('downsample_in_first_stage', false);
    for (let i = 0; i < depths[stage]!; i += 1) {
      const stride = i === 0 && !isWhole ? 2 : 1;
      x = layer(x, `resnet.encoder.stages.${stage}.layers.${i}`, width, to, stride);
      width = to;
    }
  }
  const pooled = w.add('Flatten', [w.add('GlobalAveragePool', [x])], { axis: 1 });
  return w.linear(pooled, 'classifier.1', width, settings.labels);
}
