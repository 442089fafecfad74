import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import type { Graph } from '../graph';
import type { Node } from '../operations';
import type { LayerCall } from './layerCall';

/** Whether the channels of images are before their axes. */
export function isChannelsFirst({ settings }: LayerCall): boolean {
  return settings.text('data_format', 'channels_last') === 'channels_first';
}

/** An array with the channels behind the batch, as Basin's convolutions take them. */
export function channelsFirst(g: Graph, x: Node, isFirst: boolean): Node {
  const last = x.shape.length - 1;
  if (isFirst) return x;
  return g.transpose(x, [0, last, ...x.shape.map((_, axis) => axis).slice(1, last)]);
}

/** The inverse of `channelsFirst`. */
export function channelsBack(g: Graph, x: Node, isFirst: boolean): Node {
  if (isFirst) return x;
  return g.transpose(x, [0, ...x.shape.map((_, axis) => axis).slice(2), 1]);
}

/** @throws InputError where the input has not that many axes beside batch and channels. */
export function requireSpatial(x: Node, axes: number): void {
  if (x.shape.length === axes + 2) return;
  throw new InputError(
    say`its input has the shape [${x.shape.join(', ')}], where it takes ${axes + 2} axes`,
    'mismatch',
  );
}

/**
 * What works on each element for itself, done before the axes are put in another order: two changes of
 * order around it are none.
 */
export function elementwise(
  g: Graph,
  inputs: readonly Node[],
  work: (inputs: readonly Node[]) => Node,
): Node {
  const orders = inputs.map((x) =>
    x.operation === 'transpose' ? (x as Node<'transpose'>).attributes.permutation : null,
  );
  const [order] = orders;
  const isSame =
    order !== null &&
    order !== undefined &&
    orders.every((other) => other?.join() === order.join()) &&
    inputs.every((x) => x.shape.join() === inputs[0]!.shape.join());
  if (!isSame) return work(inputs);
  return g.transpose(work(inputs.map((x) => x.inputs[0]!)), order);
}

/** An axis as Keras counts it, from the end where it is below 0. @throws InputError */
export function axisIn(x: Node, axis: number): number {
  const rank = x.shape.length;
  const own = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(own) && own >= 0 && own < rank) return own;
  throw new InputError(say`axis ${axis} is none of [${x.shape.join(', ')}]`, 'damaged');
}

/** A vector along one axis, shaped to broadcast over `like`. */
export function along(g: Graph, vector: Node, like: Node, axis: number): Node {
  return g.reshape(
    vector,
    like.shape.map((extent, other) => (other === axis ? extent : 1)),
  );
}

/** Padding of a window that is moved so that there is a place for each step of `stride`. */
export function samePadding(
  extent: number,
  kernel: number,
  stride: number,
  dilation: number,
): readonly [before: number, after: number] {
  const reach = dilation * (kernel - 1) + 1;
  const total = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + reach - extent);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}
