import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import { sizeOf } from '../../tensor';
import { pickAlong } from '../onnx/operators/places';
import type { Node } from '../operations';
import { channelsBack, channelsFirst, isChannelsFirst, requireSpatial } from './axes';
import type { LayerCall, LayerRule } from './layerCall';
import { onnxOperator } from './operator';

function flatten(c: LayerCall): Node {
  const { g } = c;
  // The channels come last, whatever their place was.
  const x = isChannelsFirst(c) && c.x.shape.length > 2 ? channelsBack(g, c.x, false) : c.x;
  return g.reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]);
}

function reshape(c: LayerCall): Node {
  const { g, x, settings } = c;
  const wanted = settings.numbers('target_shape') ?? [];
  const size = sizeOf(x.shape.slice(1));
  const known = sizeOf(wanted.filter((extent) => extent !== -1));
  const shape = wanted.map((extent) => (extent === -1 ? size / known : extent));
  return g.reshape(x, [x.shape[0]!, ...shape]);
}

function permute(c: LayerCall): Node {
  const dims = c.settings.numbers('dims') ?? [];
  const sorted = [...dims].sort((a, b) => a - b);
  if (dims.length !== c.x.shape.length - 1 || sorted.some((dim, i) => dim !== i + 1)) {
    throw new InputError(
      say`"dims" [${dims.join(', ')}] are no order of the axes of [${c.x.shape.join(', ')}]`,
      'damaged',
    );
  }
  return c.g.transpose(c.x, [0, ...dims]);
}

function repeatVector(c: LayerCall): Node {
  const { g, x } = c;
  const [batch, width] = x.shape as [number, number];
  const times = c.settings.count('n');
  return g.expand(g.reshape(x, [batch, 1, width]), [batch, times, width]);
}

/** Numbers before and after each axis: one for all, one for each axis, or two for each. */
function sides(c: LayerCall, name: string, axes: number): readonly (readonly [number, number])[] {
  const value = c.settings.raw(name);
  const list: readonly unknown[] = Array.isArray(value)
    ? (value as readonly unknown[])
    : new Array<unknown>(axes).fill(value);
  const isPair = axes === 1 && list.length === 2;
  const each = isPair ? [list] : list;
  const pairs = each.map((one) => (Array.isArray(one) ? (one as readonly unknown[]) : [one, one]));
  const fits = pairs.every(
    (pair) =>
      pair.length === 2 && pair.every((size) => Number.isInteger(size) && Number(size) >= 0),
  );
  if (pairs.length !== axes || !fits) {
    throw new InputError(
      say`"${name}" is ${JSON.stringify(value).slice(0, 60)}, which Keras does not take there`,
      'damaged',
    );
  }
  return pairs as unknown as readonly (readonly [number, number])[];
}

function zeroPadding(axes: number): LayerRule {
  return (c) => {
    const { g } = c;
    requireSpatial(c.x, axes);
    const first = isChannelsFirst(c);
    const x = channelsFirst(g, c.x, first);
    const pads = sides(c, 'padding', axes);
    const starts = [0, 0, ...pads.map(([before]) => before)];
    const shape = x.shape.map(
      (extent, axis) => extent + (pads[axis - 2]?.[0] ?? 0) + (pads[axis - 2]?.[1] ?? 0),
    );
    return channelsBack(
      g,
      g.place(
        x,
        shape,
        starts,
        shape.map(() => 1),
      ),
      first,
    );
  };
}

function cropping(axes: number): LayerRule {
  return (c) => {
    const { g } = c;
    requireSpatial(c.x, axes);
    const first = isChannelsFirst(c);
    const x = channelsFirst(g, c.x, first);
    const crops = sides(c, 'cropping', axes);
    const slice = g.slice(x, {
      starts: x.shape.map((_, axis) => crops[axis - 2]?.[0] ?? 0),
      steps: x.shape.map(() => 1),
      counts: x.shape.map(
        (extent, axis) => extent - (crops[axis - 2]?.[0] ?? 0) - (crops[axis - 2]?.[1] ?? 0),
      ),
    });
    return channelsBack(g, slice, first);
  };
}

function upSampling(axes: number): LayerRule {
  return (c) => {
    const { g, settings } = c;
    requireSpatial(c.x, axes);
    const first = isChannelsFirst(c);
    const x = channelsFirst(g, c.x, first);
    const sizes = settings.sizes('size', axes, { absent: 2 });
    const mode = settings.text('interpolation', 'nearest');
    if (mode === 'nearest') {
      const result = sizes.reduce((node, size, axis) => {
        const count = node.shape[axis + 2]! * size;
        const places = Array.from({ length: count }, (_, i) => Math.floor(i / size));
        return pickAlong(g, node, axis + 2, places);
      }, x);
      return channelsBack(g, result, first);
    }
    if (mode !== 'bilinear') {
      throw new InputError(
        say`the interpolation ${mode} is not supported; use nearest or bilinear, or export the model to ONNX`,
        'unsupported',
      );
    }
    const scales = g.constant(Float64Array.from([1, 1, ...sizes]), [axes + 2]);
    const result = onnxOperator(g, 'Resize', [x, null, scales], { mode: 'linear' });
    return channelsBack(g, result, first);
  };
}

export const reshapingLayers: readonly (readonly [string, LayerRule])[] = [
  ['Flatten', flatten],
  ['Reshape', reshape],
  ['Permute', permute],
  ['RepeatVector', repeatVector],
  ...[1, 2, 3].flatMap((axes): (readonly [string, LayerRule])[] => [
    [`ZeroPadding${axes}D`, zeroPadding(axes)],
    [`Cropping${axes}D`, cropping(axes)],
    [`UpSampling${axes}D`, upSampling(axes)],
  ]),
];
