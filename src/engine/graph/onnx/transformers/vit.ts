import type { NetworkSettings } from './networkSettings';
import type { NetworkWriter } from './networkWriter';

/**
 * The vision transformer (Dosovitskiy et al. 2021): logits [batch, labels] of
 * `ViTForImageClassification`.
 *
 * @throws InputError where a setting or head is not one that is built.
 */
export function vit(w: NetworkWriter, settings: NetworkSettings): string {
  if (settings.architecture !== 'ViTForImageClassification') {
    throw settings.unknown('architectures');
  }
  const size = settings.count('hidden_size');
  const inner = settings.count('intermediate_size');
  const heads = settings.count('num_attention_heads');
  const epsilon = settings.real('layer_norm_eps', 1e-12);
  const hasBias = settings.flag('qkv_bias', true);
  const channels = settings.count('num_channels', 3);
  const image = settings.count('image_size');
  const patch = settings.count('patch_size');
  const patches = Math.floor(image / patch) ** 2;

  const pixels = w.input('pixel_values', ['batch', channels, image, image], 'real');
  const projection = 'vit.embeddings.patch_embeddings.projection';
  const maps = w.add(
    'Conv',
    [
      pixels,
      w.weight(`${projection}.weight`, [size, channels, patch, patch]),
      w.weight(`${projection}.bias`, [size]),
    ],
    { strides: [patch, patch], kernel_shape: [patch, patch] },
  );
  const flat = w.add('Reshape', [maps, w.integers([0, size, patches])]);
  const steps = w.add('Transpose', [flat], { perm: [0, 2, 1] });
  const one = w.add('Concat', [w.lengthOf(steps, 0), w.integers([1, size])], { axis: 0 });
  const first = w.add('Expand', [w.weight('vit.embeddings.cls_token', [1, 1, size]), one]);
  const all = w.add('Concat', [first, steps], { axis: 1 });
  const places = w.weight('vit.embeddings.position_embeddings', [1, patches + 1, size]);
  let x = w.add('Add', [all, places]);
  for (let i = 0; i < settings.layers('num_hidden_layers'); i += 1) {
    const layer = `vit.encoder.layer.${i}`;
    const before = w.layerNorm(x, `${layer}.layernorm_before`, size, epsilon);
    const [q, k, v] = ['query', 'key', 'value'].map((name) =>
      w.linear(before, `${layer}.attention.attention.${name}`, size, size, hasBias),
    );
    const mixed = w.add('Attention', [q!, k!, v!], { q_num_heads: heads, kv_num_heads: heads });
    x = w.add('Add', [w.linear(mixed, `${layer}.attention.output.dense`, size, size), x]);
    const after = w.layerNorm(x, `${layer}.layernorm_after`, size, epsilon);
    const wide = w.linear(after, `${layer}.intermediate.dense`, size, inner);
    const active = w.activation(wide, settings, 'hidden_act', 'gelu');
    x = w.add('Add', [w.linear(active, `${layer}.output.dense`, inner, size), x]);
  }
  const last = w.layerNorm(x, 'vit.layernorm', size, epsilon);
  return w.linear(w.firstStep(last), 'classifier', size, settings.labels);
}
