import type { NetworkSettings } from './networkSettings';
import type { NetworkWriter } from './networkWriter';

/**
 * BERT (Devlin et al. 2019): logits of `BertForSequenceClassification` [batch, labels], of
 * `BertForTokenClassification` [batch, steps, labels] and of `BertForMaskedLM`
 * [batch, steps, vocabulary].
 *
 * @throws InputError where a setting or head is not one that is built.
 */
export function bert(w: NetworkWriter, settings: NetworkSettings): string {
  settings.require('position_embedding_type', 'absolute');
  settings.require('is_decoder', false);
  const size = settings.count('hidden_size');
  const inner = settings.count('intermediate_size');
  const heads = settings.count('num_attention_heads');
  const epsilon = settings.real('layer_norm_eps', 1e-12);
  const vocabulary = settings.count('vocab_size');
  const table = (indices: string, name: string, rows: number): string =>
    w.embedding(indices, `bert.embeddings.${name}.weight`, rows, size);

  const ids = w.input('input_ids', ['batch', 'steps'], 'integer');
  const mask = w.input('attention_mask', ['batch', 'steps'], 'integer');
  const types = w.input('token_type_ids', ['batch', 'steps'], 'integer');
  const rows = settings.count('max_position_embeddings');
  const places = w.weight('bert.embeddings.position_embeddings.weight', [rows, size]);
  const words = w.add('Add', [
    table(ids, 'word_embeddings', vocabulary),
    table(types, 'token_type_embeddings', settings.count('type_vocab_size', 2)),
  ]);
  const placed = w.add('Add', [words, w.slice(places, 0, 0, w.lengthOf(ids, 1))]);
  // [batch, 1, 1, steps], true where a step is looked at.
  const seen = w.add('Unsqueeze', [w.add('Cast', [mask], { to: 9 }), w.integers([1, 2])]);
  let x = w.layerNorm(placed, 'bert.embeddings.LayerNorm', size, epsilon);
  for (let i = 0; i < settings.layers('num_hidden_layers'); i += 1) {
    const layer = `bert.encoder.layer.${i}`;
    const [q, k, v] = ['query', 'key', 'value'].map((name) =>
      w.linear(x, `${layer}.attention.self.${name}`, size, size),
    );
    const mixed = w.add('Attention', [q!, k!, v!, seen], {
      q_num_heads: heads,
      kv_num_heads: heads,
    });
    const attended = w.linear(mixed, `${layer}.attention.output.dense`, size, size);
    const sum = w.add('Add', [attended, x]);
    x = w.layerNorm(sum, `${layer}.attention.output.LayerNorm`, size, epsilon);
    const wide = w.linear(x, `${layer}.intermediate.dense`, size, inner);
    const active = w.activation(wide, settings, 'hidden_act', 'gelu');
    const narrow = w.linear(active, `${layer}.output.dense`, inner, size);
    x = w.layerNorm(w.add('Add', [narrow, x]), `${layer}.output.LayerNorm`, size, epsilon);
  }
  switch (settings.architecture) {
    case 'BertForSequenceClassification': {
      const pooled = w.add('Tanh', [w.linear(w.firstStep(x), 'bert.pooler.dense', size, size)]);
      return w.linear(pooled, 'classifier', size, settings.labels);
    }
    case 'BertForTokenClassification':
      return w.linear(x, 'classifier', size, settings.labels);
    case 'BertForMaskedLM': {
      const head = 'cls.predictions';
      const turned = w.linear(x, `${head}.transform.dense`, size, size);
      const active = w.activation(turned, settings, 'hidden_act', 'gelu');
      const normal = w.layerNorm(active, `${head}.transform.LayerNorm`, size, epsilon);
      const weights = settings.flag('tie_word_embeddings', true)
        ? w.alias(`${head}.decoder.weight`, 'bert.embeddings.word_embeddings.weight')
        : w.weight(`${head}.decoder.weight`, [vocabulary, size]);
      const product = w.add('MatMul', [normal, w.add('Transpose', [weights], { perm: [1, 0] })]);
      return w.add('Add', [product, w.weight(`${head}.bias`, [vocabulary])]);
    }
    default:
      throw settings.unknown('architectures');
  }
}
