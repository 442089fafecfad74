/**
 * Which files are taken for checkpoints by their names where no basin.json says so, and in which
 * order training wrote them.
 */

/** Endings that checkpoints of PyTorch, safetensors, NumPy, Keras and Flax have. */
const ENDINGS = [
  ...['ckpt', 'pt', 'pth', 'pth.tar', 'bin', 'safetensors', 'npz', 'keras', 'h5', 'msgpack'],
];

/** Glob of files that may be checkpoints; `isCheckpointName` decides. */
export const CHECKPOINT_GLOB = `**/*.{${ENDINGS.join(',')}}`;

/**
 * Glob of files that stand for checkpoints of several: the index of Hugging Face's shards, the
 * metadata of PyTorch's distributed checkpoints, and models of TensorFlow.js, which are one by what
 * is in them.
 */
export const MANIFEST_GLOB = '**/{*.safetensors.index.json,*.bin.index.json,.metadata,model.json}';

/** Folders that never hold a user's checkpoints: packages, environments, Basin's own results. */
const IGNORED_FOLDERS = [
  'node_modules',
  '.git',
  '.basin',
  'site-packages',
  'dist-packages',
  'tmp-checkpoint-*',
];

/** Glob of everything below the ignored folders. */
export const IGNORED_GLOB = `**/{${IGNORED_FOLDERS.join(',')}}/**`;

/** Whether checkpoints are not looked for in a folder of this name. */
export function isIgnoredFolder(name: string): boolean {
  return IGNORED_FOLDERS.includes(name) || name.startsWith('tmp-checkpoint-');
}

const ENDING = new RegExp(`\\.(${ENDINGS.map((e) => e.replace('.', '\\.')).join('|')})$`, 'i');

/** What training code writes beside the weights: optimiser, scheduler, random state. */
const NOT_WEIGHTS = [
  /\.tmp/i,
  /^tmp-checkpoint-/,
  /^optimizer.*\.(pt|bin)$/,
  /^scheduler\.pt$/,
  /^scaler\.pt$/,
  /^rng_state.*\.pth$/,
  /^training_args\.bin$/,
  /^recipe_state\.pt$/,
  // DeepSpeed's partitions of the optimizer, and of the weights under ZeRO-3.
  /zero_pp_rank_\d+_mp_rank_\d+_(optim|model)_states\.pt$/,
];

/** Arrays of any kind are kept in .npz files: such a file is a checkpoint when its name says so. */
const NPZ_CHECKPOINT = /(ckpt|checkpoint|weight|param|model|epoch|step)/i;

/** One file of several that hold the weights together; their index stands for them. */
const SHARD = /-\d{5}-of-\d{5}\.(safetensors|bin)$/;

/** Whether a file of this name may be a checkpoint by itself. */
export function isCheckpointName(fileName: string): boolean {
  if (SHARD.test(fileName)) return false;
  if (!ENDING.test(fileName)) return false;
  if (NOT_WEIGHTS.some((pattern) => pattern.test(fileName))) return false;
  return !/\.npz$/i.test(fileName) || NPZ_CHECKPOINT.test(fileName);
}

/** Whether text ends like a checkpoint's name: what makes a string worth looking up. */
export function hasCheckpointEnding(text: string): boolean {
  return ENDING.test(text);
}

/**
 * Whether a file is an index of shards: `model.safetensors.index.json`.
 *
 * @returns The name of the shards before their numbers, and their ending.
 */
export function shardsOf(fileName: string): { stem: string; ending: string } | null {
  const match = /^(.+)\.(safetensors|bin)\.index\.json$/.exec(fileName);
  const [, stem, ending] = match ?? [];
  return stem === undefined || ending === undefined ? null : { stem, ending };
}

/** How many shards there are of an index, and how many there must be by their names. */
export function countShards(
  { stem, ending }: { readonly stem: string; readonly ending: string },
  fileNames: readonly string[],
): { readonly names: readonly string[]; readonly missing: number } {
  const names: string[] = [];
  let wanted = 1;
  for (const name of fileNames) {
    if (!name.startsWith(`${stem}-`) || !name.endsWith(`.${ending}`)) continue;
    const match = SHARD.exec(name);
    if (match?.index !== stem.length) continue;
    names.push(name);
    wanted = Math.max(wanted, Number(name.slice(match.index + 10, match.index + 15)));
  }
  return { names, missing: Math.max(0, wanted - names.length) };
}

/** Whether the beginning of a `model.json` is that of a TensorFlow.js model. */
export function isTensorflowJsModel(beginning: string): boolean {
  return /"(modelTopology|weightsManifest)"\s*:|"format"\s*:\s*"(layers|graph)-model"/.test(
    beginning,
  );
}

/**
 * Folders that are a checkpoint themselves: `checkpoint-500`, `epoch_3`, `step-100`. What is in
 * them has the same name in each.
 */
export function isCheckpointFolder(name: string): boolean {
  return /^(checkpoint|epoch|step|global_step|ckpt|iter)[-_]?\d+$/i.test(name);
}

/** Names that say nothing beside their folder's. */
const USUAL_NAME =
  /^(model|pytorch_model|adapter_model|diffusion_pytorch_model)\.(safetensors|bin|pt|ckpt)(\.index\.json)?$|^model\.json$|^\.metadata$|^mp_rank_00_model_states\.pt$/;

/**
 * What a checkpoint is called within its run: its file's name, or its folder's where that is the
 * checkpoint.
 *
 * @param parent Name of the folder it is in.
 */
export function nameInRun(parent: string, fileName: string): string {
  if (!isCheckpointFolder(parent)) return fileName;
  return USUAL_NAME.test(fileName) ? parent : `${parent}/${fileName}`;
}

/** `.bin` and `.pt` name many things: these are checkpoints by their first bytes only. */
export function needsMagic(fileName: string): boolean {
  return /\.(bin|pt)$/i.test(fileName);
}

/**
 * Whether the first bytes of a file are those of a PyTorch checkpoint: a zip archive, or the magic
 * number of the legacy format pickled with protocol 2 to 5.
 */
export function isCheckpointMagic(bytes: Uint8Array): boolean {
  const at = (index: number): number => bytes[index] ?? -1;
  if (at(0) === 0x50 && at(1) === 0x4b && at(2) === 0x03 && at(3) === 0x04) return true;
  // \x80 PROTO n, then LONG1 of ten bytes: 0x1950a86a20f9469cfc6c.
  const frame = at(1) >= 4 && at(2) === 0x95 ? 11 : 2;
  return (
    at(0) === 0x80 &&
    at(1) >= 2 &&
    at(1) <= 5 &&
    at(frame) === 0x8a &&
    at(frame + 1) === 10 &&
    at(frame + 2) === 0x6c &&
    at(frame + 3) === 0xfc
  );
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/**
 * Order of training as names tell it: numbered checkpoints by their numbers, then those that are
 * overwritten (`best`, `last`), which have no number.
 */
export function compareCheckpointNames(a: string, b: string): number {
  return compareInTraining(placeInTraining(a), placeInTraining(b));
}

/** What a name is compared by: made once where there are many. */
export interface PlaceInTraining {
  readonly name: string;
  readonly numbered: boolean;
}

export function placeInTraining(name: string): PlaceInTraining {
  return { name, numbered: /\d/.test(stem(name)) };
}

/** As `compareCheckpointNames`. */
export function compareInTraining(a: PlaceInTraining, b: PlaceInTraining): number {
  if (a.numbered !== b.numbered) return a.numbered ? -1 : 1;
  return collator.compare(a.name, b.name) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function stem(name: string): string {
  return name.replace(ENDING, '');
}
