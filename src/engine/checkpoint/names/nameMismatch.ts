import { basename } from 'node:path';
import { InputError } from '../../../shared/inputError';
import { say, type Message, type Value } from '../../../shared/words/message';
import type { Checkpoint, TensorEntry } from '../checkpoint';
import { printable, printableValue } from '../fault';
import { sameShape, type Shape } from '../../tensor';

/** The best that was found where something is missing. */
interface PartialMatch {
  /** How names were read, where not as they are. */
  readonly description: Message | null;
  readonly mapping: ReadonlyMap<string, string>;
  /** Tensors by their names as they were read. */
  readonly renamed: ReadonlyMap<string, TensorEntry>;
  /** Tensors of the checkpoint that nothing takes. */
  readonly unused: readonly string[];
}

const MAX_NAMED = 3;

/** What a graph wants and a checkpoint does not have, with what it has instead. */
export function mismatch(
  required: ReadonlyMap<string, Shape>,
  checkpoint: Checkpoint,
  { description, renamed, unused }: PartialMatch,
): InputError {
  const file = basename(checkpoint.path);
  const how = description === null ? '' : say` (names read ${description})`;
  const missing = [...required.keys()].filter((name) => !renamed.has(name));
  if (missing.length === 0) {
    return new InputError(
      say`${file} does not fit the graph${how}: ${listOf(wrongShapes(required, renamed))}. Export the graph again from the same model.`,
      'mismatch',
    );
  }
  const lacking = say`${file} has no tensor for ${missing.length} of the graph's ${required.size} parameters${how}: ${listOf(missing)}`;
  const pairs = likelyPairs(missing, required, checkpoint, unused);
  if (pairs.length > 0) {
    return new InputError(
      say`${lacking}; of the ${unused.length} tensors that the graph does not use these are of the same shape and alike in name: ${pairs.slice(0, MAX_NAMED).map(inWords).join(', ')}. Where they are the same, say so in basin.json: "names": ${JSON.stringify(asSetting(pairs))}; else export the graph again from the same model.`,
      'mismatch',
    );
  }
  return new InputError(
    unused.length === 0
      ? say`${lacking}. Export the graph again from the same model.`
      : say`${lacking}; the graph does not use ${listOf(unused)}. Export the graph again from the same model.`,
    'mismatch',
  );
}

type Pair = readonly [missing: string, own: string];

function inWords([missing, own]: Pair): string {
  return `${printable(missing)} ↔ ${printable(own)}`;
}

/** For each missing name the one of the same shape that shares most of its parts, taken once. */
function likelyPairs(
  missing: readonly string[],
  required: ReadonlyMap<string, Shape>,
  checkpoint: Checkpoint,
  unused: readonly string[],
): readonly Pair[] {
  const free = new Map<string, string[]>();
  for (const name of unused) {
    const key = checkpoint.tensors.get(name)!.shape.join();
    free.set(key, [...(free.get(key) ?? []), name]);
  }
  const pairs: Pair[] = [];
  for (const name of missing) {
    const candidates = free.get(required.get(name)!.join()) ?? [];
    let best = -1;
    let most = 0;
    // Names of many equal layers are in the same order on both sides: the first of the best is it.
    for (let i = 0; i < Math.min(candidates.length, MAX_LOOKED_AT); i += 1) {
      const common = commonParts(name, candidates[i]!);
      if (common > most) [best, most] = [i, common];
    }
    if (best >= 0) pairs.push([name, candidates.splice(best, 1)[0]!]);
  }
  return pairs;
}

const MAX_LOOKED_AT = 256;

/** Parts two names have in common, in their order, the last ones counting most. */
function commonParts(a: string, b: string): number {
  const [left, right] = [a.split(/[./]/), b.split(/[./]/)];
  let ending = 0;
  while (
    ending < Math.min(left.length, right.length) &&
    left.at(-1 - ending) === right.at(-1 - ending)
  ) {
    ending += 1;
  }
  const others = new Set(right);
  return 2 * ending + left.filter((part) => others.has(part)).length;
}

/** As few patterns as say the pairs: one for what stands before equal endings. */
function asSetting(pairs: readonly Pair[]): Readonly<Record<string, string>> {
  const groups = new Map<string, string>();
  for (const [missing, own] of pairs) {
    let cut = 0;
    while (
      cut < Math.min(missing.length, own.length) &&
      missing.at(-1 - cut) === own.at(-1 - cut)
    ) {
      cut += 1;
    }
    const ending = missing.slice(missing.length - cut);
    const dot = ending.indexOf('.');
    const rest = dot < 0 ? '' : ending.slice(dot);
    const key = rest === '' ? missing : `${missing.slice(0, missing.length - rest.length)}.*`;
    const value = rest === '' ? own : `${own.slice(0, own.length - rest.length)}.*`;
    if (groups.has(key) && groups.get(key) !== value) groups.set(missing, own);
    else groups.set(key, value);
  }
  return Object.fromEntries([...groups].slice(0, MAX_NAMED * 2));
}

function wrongShapes(
  required: ReadonlyMap<string, Shape>,
  renamed: ReadonlyMap<string, TensorEntry>,
): Message[] {
  const wrong: Message[] = [];
  for (const [name, shape] of required) {
    const tensor = renamed.get(name);
    if (!tensor || sameShape(tensor.shape, shape)) continue;
    wrong.push(say`${name} has shape [${tensor.shape.join(', ')}] and not [${shape.join(', ')}]`);
  }
  return wrong;
}

/** The first few of some names, and how many more there are. */
export function listOf(items: readonly (string | Message)[]): Value {
  const rest = items.length - MAX_NAMED;
  const named = items.slice(0, MAX_NAMED).map((item) => printableValue(item));
  return rest > 0 ? say`${named} and ${rest} more` : named;
}
