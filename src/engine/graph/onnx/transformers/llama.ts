import { MAX_HEAD, type NetworkSettings } from './networkSettings';
import type { NetworkWriter } from './networkWriter';

/** The base of the frequencies where nothing else is said (Su et al. 2024). */
const THETA = 10_000;

/**
 * Llama (Touvron et al. 2023; Grattafiori et al. 2024): logits [batch, steps, vocabulary] of
 * `LlamaForCausalLM`.
 *
 * @throws InputError where a setting or head is not one that is built.
 */
export function llama(w: NetworkWriter, settings: NetworkSettings): string {
  if (settings.architecture !== 'LlamaForCausalLM') throw settings.unknown('architectures');
  const vocabulary = settings.count('vocab_size');
  const size = settings.count('hidden_size');
  const inner = settings.count('intermediate_size');
  const heads = settings.count('num_attention_heads');
  const shared = settings.count('num_key_value_heads', heads);
  const head = settings.count('head_dim', Math.floor(size / heads), MAX_HEAD);
  const epsilon = settings.real('rms_norm_eps', 1e-6);
  const hasBias = settings.flag('attention_bias', false);
  const isWideBiased = settings.flag('mlp_bias', false);

  const norm = (x: string, name: string): string =>
    w.add('RMSNormalization', [x, w.weight(`${name}.weight`, [size])], {
      axis: -1,
      epsilon: { real: epsilon },
    });
  /** [batch, steps, count · head] as [batch, count, steps, head]. */
  const apart = (x: string, count: number): string => {
    const parts = w.add('Reshape', [x, w.integers([0, 0, count, head])]);
    return w.add('Transpose', [parts], { perm: [0, 2, 1, 3] });
  };

  const ids = w.input('input_ids', ['batch', 'steps'], 'integer');
  const [cosine, sine] = rotation(w, settings, ids, head);
  const rotated = (x: string): string => {
    const halves = [w.slice(x, 3, 0, head / 2), w.slice(x, 3, head / 2, head)] as const;
    const turned = w.add('Concat', [w.add('Neg', [halves[1]]), halves[0]], { axis: 3 });
    return w.add('Add', [w.add('Mul', [x, cosine]), w.add('Mul', [turned, sine])]);
  };
  let x = w.embedding(ids, 'model.embed_tokens.weight', vocabulary, size);
  for (let i = 0; i < settings.layers('num_hidden_layers'); i += 1) {
    const layer = `model.layers.${i}`;
    const before = norm(x, `${layer}.input_layernorm`);
    const own = (name: string, count: number): string =>
      apart(w.linear(before, `${layer}.self_attn.${name}`, size, count * head, hasBias), count);
    const mixed = w.add(
      'Attention',
      [rotated(own('q_proj', heads)), rotated(own('k_proj', shared)), own('v_proj', shared)],
      { is_causal: 1 },
    );
    const joined = w.add('Reshape', [
      w.add('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
      w.integers([0, 0, heads * head]),
    ]);
    x = w.add('Add', [
      x,
      w.linear(joined, `${layer}.self_attn.o_proj`, heads * head, size, hasBias),
    ]);
    const after = norm(x, `${layer}.post_attention_layernorm`);
    const wide = (name: string): string =>
      w.linear(after, `${layer}.mlp.${name}`, size, inner, isWideBiased);
    const gate = w.activation(wide('gate_proj'), settings, 'hidden_act', 'silu');
    const gated = w.add('Mul', [gate, wide('up_proj')]);
    x = w.add('Add', [x, w.linear(gated, `${layer}.mlp.down_proj`, inner, size, isWideBiased)]);
  }
  const last = norm(x, 'model.norm');
  const weights = settings.flag('tie_word_embeddings', false)
    ? w.alias('lm_head.weight', 'model.embed_tokens.weight')
    : w.weight('lm_head.weight', [vocabulary, size]);
  return w.add('MatMul', [last, w.add('Transpose', [weights], { perm: [1, 0] })]);
}

/** Cosines and sines [steps, head] of the rotary embedding (Su et al. 2024), both halves equal. */
function rotation(
  w: NetworkWriter,
  settings: NetworkSettings,
  ids: string,
  head: number,
): readonly [string, string] {
  const frequencies = rotaryFrequencies(settings, head);
  const end = w.add('Squeeze', [w.lengthOf(ids, 1)]);
  const steps = w.add('Range', [w.integers([0], []), end, w.integers([1], [])]);
  const column = w.add('Unsqueeze', [w.add('Cast', [steps], { to: 1 }), w.integers([1])]);
  const angles = w.add('Mul', [
    column,
    w.reals([...frequencies, ...frequencies], [1, 2 * frequencies.length]),
  ]);
  return [w.add('Cos', [angles]), w.add('Sin', [angles])];
}

/** Radians a step of each pair of a head: θ^(−2i/head), or what the setting makes of them. */
function rotaryFrequencies(settings: NetworkSettings, head: number): readonly number[] {
  if (head % 2 !== 0) throw settings.unknown('head_dim');
  const scaling = settings.part('rope_parameters') ?? settings.part('rope_scaling');
  const theta = scaling?.has('rope_theta')
    ? scaling.real('rope_theta', THETA)
    : settings.real('rope_theta', THETA);
  const plain = Array.from({ length: head / 2 }, (_, i) => theta ** ((-2 * i) / head));
  const kind = scaling?.text('rope_type', scaling.text('type', 'default')) ?? 'default';
  if (scaling === null || kind === 'default') return plain;
  const factor = scaling.real('factor', 1);
  if (kind === 'linear') return plain.map((frequency) => frequency / factor);
  if (kind !== 'llama3') {
    throw settings.unknown(settings.has('rope_parameters') ? 'rope_parameters' : 'rope_scaling');
  }
  // Long waves are slowed, short ones stay, and between them it is a mean of both.
  const [low, high] = [scaling.real('low_freq_factor', 1), scaling.real('high_freq_factor', 4)];
  const original = scaling.count('original_max_position_embeddings', 8192);
  return plain.map((frequency) => {
    const waves = (original * frequency) / (2 * Math.PI);
    const share = Math.min(1, Math.max(0, (waves - low) / (high - low)));
    return frequency * (share + (1 - share) / factor);
  });
}
