import { dirname, join } from 'node:path';
import { sizeOf, type FloatArray, type Tensor } from '../../tensor';
import type { Checkpoint, TensorEntry } from '../checkpoint';
import { CheckpointFile } from '../bytes/checkpointFile';
import { Fault, naming } from '../fault';
import { say } from '../../../shared/words/message';

/**
 * Low-rank adapters of the library PEFT: beside `adapter_model.safetensors` lies
 * `adapter_config.json`. With their base they are the weights θ = W + s·B·A, s = α/r (α/√r with
 * rsLoRA): Hu et al., "LoRA" (2022), section 4.1.
 *
 * Source: huggingface/peft, src/peft/tuners/lora/layer.py, `get_delta_weight`; utils/save_and_load.py.
 */
const CONFIGURATION = 'adapter_config.json';
const MAX_CONFIGURATION_BYTES = 2 ** 24;
const PREFIX = 'base_model.model.';

/** Whether the tensors are those of an adapter. */
export function isAdapter(checkpoint: Checkpoint): boolean {
  for (const name of checkpoint.tensors.keys()) {
    if (/\.lora_(embedding_)?A(\.weight)?$/.test(name)) return true;
  }
  return false;
}

/** The adapter by itself: what it is, and what its weights need. */
export async function describeAdapter(adapter: Checkpoint): Promise<Checkpoint> {
  const { base } = await configurationOf(adapter).catch(() => ({ base: null }));
  const of = base === null ? '' : say` of ${base}`;
  return {
    ...adapter,
    warnings: [
      ...(adapter.warnings ?? []),
      say`It holds a low-rank adapter${of} and not the weights of a model; name the weights it belongs to as "base" in basin.json, or with --base.`,
    ],
  };
}

interface Configuration {
  readonly base: string | null;
  readonly rank: number;
  readonly alpha: number;
  readonly isRootScaled: boolean;
  readonly isTransposed: boolean;
  readonly ranks: readonly (readonly [pattern: RegExp, value: number])[];
  readonly alphas: readonly (readonly [pattern: RegExp, value: number])[];
}

interface Change {
  readonly a: string;
  readonly b: string;
  readonly scale: number;
  readonly isEmbedding: boolean;
}

/**
 * The weights of a base with an adapter in them, under the base's names. It closes both.
 *
 * @throws Fault when the adapter is not for this base, or of a kind whose weights it does not give.
 */
export async function mergeAdapter(adapter: Checkpoint, base: Checkpoint): Promise<Checkpoint> {
  const configuration = await configurationOf(adapter);
  const changes = new Map<string, Change>();
  const replaced = new Map<string, string>();
  for (const name of adapter.tensors.keys()) {
    const found = /^(.*)\.lora_(embedding_)?([AB])(\.weight)?$/.exec(name);
    if (found === null) {
      if (name.includes('lora_magnitude_vector')) {
        throw new Fault(
          'unsupported',
          say`it is a DoRA adapter, which scales weights as well`,
          MERGE,
        );
      }
      const target = inBase(base, name.replace(/\.modules_to_save(\.\w+)?(?=\.)/, ''));
      if (target === null) throw noPlace(name);
      replaced.set(target, name);
      continue;
    }
    const [, module, embedding, letter] = found;
    if (letter === 'B') continue;
    const isEmbedding = embedding !== undefined;
    const b = name.replace(/lora_(embedding_)?A/, (text) => `${text.slice(0, -1)}B`);
    const target =
      inBase(base, `${module!}.weight`) ?? inBase(base, `${module!}.base_layer.weight`);
    if (target === null || !adapter.tensors.has(b)) throw noPlace(name);
    changes.set(target, { a: name, b, scale: scaleOf(configuration, module!), isEmbedding });
  }
  const tensors = new Map<string, TensorEntry>();
  for (const [name, entry] of base.tensors) {
    const isChanged = changes.has(name) || replaced.has(name);
    // What was tied in the base may no longer be.
    tensors.set(
      name,
      isChanged ? { ...entry, dtype: 'float32', storage: `merged:${name}` } : entry,
    );
  }
  return {
    path: adapter.path,
    format: adapter.format,
    size: adapter.size + base.size,
    files: [...(adapter.files ?? []), base.path, ...(base.files ?? []), besideOf(adapter)],
    tensors,
    step: adapter.step,
    epoch: adapter.epoch,
    metadata: { ...adapter.metadata, base: base.path },
    read: (name) =>
      naming(adapter.path, async () => {
        const other = replaced.get(name);
        if (other !== undefined) return adapter.read(other);
        const weight = await base.read(name);
        const change = changes.get(name);
        if (change === undefined) return weight;
        const [a, b] = [await adapter.read(change.a), await adapter.read(change.b)];
        return merged(name, weight, a, b, change, configuration.isTransposed);
      }),
    async close() {
      await adapter.close();
      await base.close();
    },
  };
}

const MERGE = say`merge it with merge_and_unload() and save the model`;

function noPlace(name: string): Fault {
  return new Fault(
    'unsupported',
    say`its \`${name}\` has no place in the base`,
    say`name the weights the adapter was trained on as the base`,
  );
}

/** The name in the base of what the adapter calls `base_model.model.…`. */
function inBase(base: Checkpoint, name: string): string | null {
  const plain = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
  for (const candidate of [plain, plain.replace(/^model\./, ''), `model.${plain}`]) {
    if (base.tensors.has(candidate)) return candidate;
  }
  return null;
}

/** W + s·B·A, as matrices of W's first axis and all others. */
function merged(
  name: string,
  weight: Tensor,
  a: Tensor,
  b: Tensor,
  { scale, isEmbedding }: Change,
  isTransposed: boolean,
): Tensor {
  const rank = (isEmbedding ? b.shape[1] : b.shape[1]) ?? 0;
  const rows = b.shape[0] ?? 0;
  const columns = rank === 0 ? 0 : sizeOf(a.shape) / rank;
  const fits =
    a.shape[0] === rank &&
    sizeOf(b.shape) === rows * rank &&
    rows * columns === sizeOf(weight.shape) &&
    [a, b, weight].every(({ dtype }) => dtype.startsWith('float'));
  if (!fits) throw new Fault('damaged', say`its change of \`${name}\` does not fit the base`);
  const [left, right] = [b.data as FloatArray, a.data as FloatArray];
  const data = Float32Array.from(weight.data as FloatArray);
  const row = new Float64Array(columns);
  const isTurned = isEmbedding || isTransposed;
  for (let i = 0; i < rows; i++) {
    row.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = left[i * rank + k]!;
      for (let j = 0; j < columns; j++) row[j]! += factor * right[k * columns + j]!;
    }
    for (let j = 0; j < columns; j++) {
      data[isTurned ? j * rows + i : i * columns + j]! += scale * row[j]!;
    }
  }
  return { dtype: 'float32', shape: [...weight.shape], data };
}

function scaleOf(configuration: Configuration, module: string): number {
  const name = module.startsWith(PREFIX) ? module.slice(PREFIX.length) : module;
  const of = (patterns: Configuration['ranks'], otherwise: number) =>
    patterns.find(([pattern]) => pattern.test(name))?.[1] ?? otherwise;
  const rank = of(configuration.ranks, configuration.rank);
  const alpha = of(configuration.alphas, configuration.alpha);
  return alpha / (configuration.isRootScaled ? Math.sqrt(rank) : rank);
}

function besideOf(adapter: Checkpoint): string {
  return join(dirname(adapter.path), CONFIGURATION);
}

async function configurationOf(adapter: Checkpoint): Promise<Configuration> {
  const path = besideOf(adapter);
  const bytes = await CheckpointFile.readWhole(path, MAX_CONFIGURATION_BYTES);
  let json: Readonly<Record<string, unknown>>;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8')) as typeof json;
  } catch {
    throw new Fault('damaged', say`the ${CONFIGURATION} beside it is no JSON`);
  }
  const { r, lora_alpha: alpha, base_model_name_or_path: base } = json;
  if (typeof r !== 'number' || typeof alpha !== 'number' || !(r > 0)) {
    throw new Fault(
      'unsupported',
      say`the ${CONFIGURATION} beside it is of another adapter than LoRA`,
      MERGE,
    );
  }
  if (json.use_dora === true) {
    throw new Fault('unsupported', say`it is a DoRA adapter, which scales weights as well`, MERGE);
  }
  return {
    base: typeof base === 'string' ? base : null,
    rank: r,
    alpha,
    isRootScaled: json.use_rslora === true,
    isTransposed: json.fan_in_fan_out === true,
    ranks: patternsOf(json.rank_pattern),
    alphas: patternsOf(json.alpha_pattern),
  };
}

/** Ends of module names → numbers; as regular expressions they could take forever, so as names alone. */
function patternsOf(value: unknown): Configuration['ranks'] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).map(([key, number]) => {
    if (typeof number !== 'number' || !/^[\w.^$]*$/.test(key)) {
      throw new Fault('unsupported', say`its adapter has the pattern "${key}" for ranks`, MERGE);
    }
    return [
      new RegExp(`(^|\\.)${key.replace(/^\^/, '').replaceAll('.', '\\.')}$`),
      number,
    ] as const;
  });
}
