import { InputError } from '../../../../shared/inputError';
import type { Graph } from '../../graph';
import type { Node } from '../../operations';
import { say } from '../../../../shared/words/message';
import { softmax } from '../../softmax';
import type { Operator, OperatorCall } from './operatorCall';
import { countAlong } from './places';

/** Scaled dot-product attention as one operator (operator set 23), without a cache of keys. */
function attention(c: OperatorCall): Node {
  const { g } = c;
  if (c.optional(4) !== null || c.optional(5) !== null || c.results > 1) {
    throw new InputError(
      say`attention with a cache of keys and values is not supported; export the model without it`,
      'unsupported',
    );
  }
  const joined = c.node(0).shape.length === 3;
  const heads = c.integer('q_num_heads', c.node(0).shape[1]!);
  const keyHeads = c.integer('kv_num_heads', c.node(1).shape[1]!);
  const q = joined ? apart(g, c.node(0), heads) : c.node(0);
  const k = repeated(g, joined ? apart(g, c.node(1), keyHeads) : c.node(1), heads / keyHeads);
  const v = repeated(g, joined ? apart(g, c.node(2), keyHeads) : c.node(2), heads / keyHeads);

  const scale = c.float('scale', 1 / Math.sqrt(q.shape[3]!));
  let scores = g.mul(g.matmul(q, g.matrixTranspose(k)), g.scalar(scale));
  const [rows, columns] = scores.shape.slice(-2) as [number, number];
  const cap = c.float('softcap', 0);
  const capped = (x: Node): Node =>
    cap === 0 ? x : g.mul(g.scalar(cap), g.tanh(g.mul(g.scalar(1 / cap), x)));
  scores = capped(scores);
  const mask = c.optional(3);
  if (mask !== null) {
    scores =
      c.value(3).type === 'boolean'
        ? g.where(mask, scores, g.scalar(-Infinity))
        : g.add(scores, mask);
  }
  if (c.integer('is_causal', 0) === 1) {
    const ahead = g.less(countAlong(g, 0, rows, 2), countAlong(g, 1, columns, 2));
    scores = g.where(ahead, g.scalar(-Infinity), scores);
  }
  const result = g.matmul(softmax(g, scores, scores.shape.length - 1), v);
  if (!joined) return result;
  const [n, , length, width] = result.shape as [number, number, number, number];
  return g.reshape(g.transpose(result, [0, 2, 1, 3]), [n, length, heads * width]);
}

/** [n, length, heads · width] as [n, heads, length, width]. */
function apart(g: Graph, x: Node, heads: number): Node {
  const [n, length, size] = x.shape as [number, number, number];
  return g.transpose(g.reshape(x, [n, length, heads, size / heads]), [0, 2, 1, 3]);
}

/** Every head `times` times, where several queries share one. */
function repeated(g: Graph, x: Node, times: number): Node {
  if (times === 1) return x;
  const [n, heads, length, width] = x.shape as [number, number, number, number];
  const wide = g.expand(g.reshape(x, [n, heads, 1, length, width]), [
    n,
    heads,
    times,
    length,
    width,
  ]);
  return g.reshape(wide, [n, heads * times, length, width]);
}

/** Attention. */
export const attentionOperators: readonly (readonly [string, Operator])[] = [
  ['Attention', attention],
];
