import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import { countAlong } from '../onnx/operators/places';
import type { Node } from '../operations';
import { softmax } from '../softmax';
import type { LayerCall, LayerRule, Made, Signal } from './layerCall';

/** Below what any score is: Keras's own stand-in for −∞, whose softmax is 0. */
const NOWHERE = -1e9;

/** x [batch, length, in] by a kernel [in, heads, width] and its bias: [batch, heads, length, width]. */
function projected(c: LayerCall, x: Node, name: string, heads: number, width: number): Node {
  const { g } = c;
  const [batch, length, own] = x.shape as [number, number, number];
  const place = { within: [name], saved: `${name}_dense` };
  const kernel = g.reshape(
    c.weight('kernel', [own, heads, width], { ...place, unitAxes: [1, 3] }),
    [own, heads * width],
  );
  const bias = c.bias([heads, width], place);
  const product = g.matmul(g.reshape(x, [batch * length, own]), kernel);
  const shifted = bias === null ? product : g.add(product, g.reshape(bias, [heads * width]));
  return g.transpose(g.reshape(shifted, [batch, length, heads, width]), [0, 2, 1, 3]);
}

function multiHead(c: LayerCall): Made {
  const { g, settings } = c;
  const query = c.tensor(0, 'query') ?? c.signal;
  const value = c.tensor(1, 'value');
  const key = c.tensor(2, 'key') ?? value;
  if (value === null || key === null) throw new InputError(say`it is given no values`, 'damaged');
  const rest = [query, value, key].every(({ node }) => node.shape.length === 3);
  const isUsual =
    settings.raw('sliding_window') === null &&
    !settings.flag('use_gate', false) &&
    (settings.numbers('attention_axes') ?? [1]).join() === '1';
  if (!rest || !isUsual || c.argument(3, 'attention_mask') !== null) {
    throw new InputError(
      say`attention over other axes than one of steps, in windows, with gates or with a mask of its own is not supported; export the model to ONNX`,
      'unsupported',
    );
  }
  if (c.plain(4, 'return_attention_scores') === true) {
    throw new InputError(
      say`scores that are given out are not supported; export the model to ONNX`,
      'unsupported',
    );
  }
  const heads = settings.count('num_heads');
  const width = settings.count('key_dim');
  const valueWidth = settings.count('value_dim', width);
  const q = projected(c, query.node, 'query', heads, width);
  const k = projected(c, key.node, 'key', heads, width);
  const v = projected(c, value.node, 'value', heads, valueWidth);
  const scores = g.mul(g.matmul(q, g.matrixTranspose(k)), g.scalar(1 / Math.sqrt(width)));
  const masked = withMasks(c, scores, query, value, key);
  const mixed = g.matmul(softmax(g, masked, 3), v);
  const [batch, , length] = mixed.shape as [number, number, number];
  const rows = g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [batch * length, heads * valueWidth]);
  const wanted = settings.numbers('output_shape');
  if (wanted !== null && wanted.length !== 1) {
    throw new InputError(say`an output of several axes is not supported`, 'unsupported');
  }
  const out = wanted?.[0] ?? query.node.shape[2]!;
  const place = { within: ['attention_output'], saved: 'output_dense' };
  const kernel = c.weight('kernel', [heads, valueWidth, out], place);
  const bias = c.bias([out], place);
  const result = g.matmul(rows, g.reshape(kernel, [heads * valueWidth, out]));
  const shifted = bias === null ? result : g.add(result, bias);
  return { node: g.reshape(shifted, [batch, length, out]), mask: query.mask };
}

/** Steps that do not count, and where it is asked for those that come later, get no attention. */
function withMasks(c: LayerCall, scores: Node, query: Signal, value: Signal, key: Signal): Node {
  const { g } = c;
  const [batch, , rows, columns] = scores.shape as [number, number, number, number];
  const masks: Node[] = [];
  if (query.mask !== null) masks.push(g.reshape(query.mask, [batch, 1, rows, 1]));
  for (const { mask } of new Set([value, key])) {
    if (mask !== null) masks.push(g.reshape(mask, [batch, 1, 1, columns]));
  }
  if (c.plain(6, 'use_causal_mask') === true) {
    const later = g.less(countAlong(g, 0, rows, 2), countAlong(g, 1, columns, 2));
    masks.push(g.sub(g.scalar(1), later));
  }
  const [first, ...others] = masks;
  if (first === undefined) return scores;
  const all = others.reduce((product, mask) => g.mul(product, mask), first);
  return g.where(all, scores, g.scalar(NOWHERE));
}

export const attentionLayers: readonly (readonly [string, LayerRule])[] = [
  ['MultiHeadAttention', multiHead],
];
