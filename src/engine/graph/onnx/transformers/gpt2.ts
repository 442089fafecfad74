import type { NetworkSettings } from './networkSettings';
import type { NetworkWriter } from './networkWriter';

/**
 * GPT-2 (Radford et al. 2019): logits [batch, steps, vocabulary] of `GPT2LMHeadModel`.
 *
 * @throws InputError where a setting or head is not one that is built.
 */
export function gpt2(w: NetworkWriter, settings: NetworkSettings): string {
  if (settings.architecture !== 'GPT2LMHeadModel') throw settings.unknown('architectures');
  settings.require('scale_attn_weights', true);
  settings.require('scale_attn_by_inverse_layer_idx', false);
  settings.require('add_cross_attention', false);
  const vocabulary = settings.count('vocab_size');
  const size = settings.count('n_embd');
  const inner = settings.has('n_inner') ? settings.count('n_inner') : 4 * size;
  const epsilon = settings.real('layer_norm_epsilon', 1e-5);
  const heads = settings.count('n_head');

  /** Weights of its projections are the other way round. */
  const projected = (x: string, name: string, from: number, to: number): string => {
    const product = w.add('MatMul', [x, w.weight(`${name}.weight`, [from, to])]);
    return w.add('Add', [product, w.weight(`${name}.bias`, [to])]);
  };

  const ids = w.input('input_ids', ['batch', 'steps'], 'integer');
  const tokens = w.embedding(ids, 'transformer.wte.weight', vocabulary, size);
  const places = w.weight('transformer.wpe.weight', [settings.count('n_positions'), size]);
  let x = w.add('Add', [tokens, w.slice(places, 0, 0, w.lengthOf(ids, 1))]);
  for (let i = 0; i < settings.layers('n_layer'); i += 1) {
    const layer = `transformer.h.${i}`;
    const normal = w.layerNorm(x, `${layer}.ln_1`, size, epsilon);
    const all = projected(normal, `${layer}.attn.c_attn`, size, 3 * size);
    const [q, k, v] = [0, 1, 2].map((part) => w.slice(all, 2, part * size, (part + 1) * size));
    const mixed = w.add('Attention', [q!, k!, v!], {
      q_num_heads: heads,
      kv_num_heads: heads,
      is_causal: 1,
    });
    x = w.add('Add', [x, projected(mixed, `${layer}.attn.c_proj`, size, size)]);
    const wide = projected(
      w.layerNorm(x, `${layer}.ln_2`, size, epsilon),
      `${layer}.mlp.c_fc`,
      size,
      inner,
    );
    const active = w.activation(wide, settings, 'activation_function', 'gelu_new');
    x = w.add('Add', [x, projected(active, `${layer}.mlp.c_proj`, inner, size)]);
  }
  const last = w.layerNorm(x, 'transformer.ln_f', size, epsilon);
  const isTied = settings.flag('tie_word_embeddings', true);
  const head = isTied
    ? w.alias('lm_head.weight', 'transformer.wte.weight')
    : w.weight('lm_head.weight', [vocabulary, size]);
  return w.add('MatMul', [last, w.add('Transpose', [head], { perm: [1, 0] })]);
}
