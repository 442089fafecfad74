import { basename } from 'node:path';
import { InputError } from '../../shared/inputError';
import { say, type Message } from '../../shared/words/message';
import type { Checkpoint } from '../checkpoint/checkpoint';
import { matchNames, type NameMatch } from '../checkpoint/names/matchNames';
import { listOf } from '../checkpoint/names/nameMismatch';
import { innerNames } from '../checkpoint/names/nameRules';
import { namesThatFit } from '../checkpoint/names/tensorGlobs';
import type { Tie } from '../correspondence/correspond';
import type { Model } from '../graph/model';
import type { WeightSpecification } from '../graph/onnx/importOnnx';
import { sizeOf } from '../tensor';

/** What basin.json says about the weights. */
export interface WeightSettings {
  /** Patterns of tensors that are constants. */
  readonly frozen?: readonly string[] | undefined;
  /** Patterns of names of the graph, and of the checkpoint's for them. */
  readonly names?: Readonly<Record<string, string>> | undefined;
  /** Tensors the graph takes for one. */
  readonly ties?: readonly Tie[];
  /** Whether the set of weights was chosen. */
  readonly isChosen?: boolean;
  /**
   * The order of the weights: the file's if absent, or that of their names, which is the same in
   * every file, so that sums over all of them round in the same way.
   */
  readonly order?: 'file' | 'names';
}

/** A weight of the graph with the tensor that holds its values. */
export interface MatchedWeight {
  readonly specification: WeightSpecification;
  /** In the checkpoint; null where the graph's own values are taken. */
  readonly source: string | null;
  /** The tensor's name as every file and exporter has it: without wrappers and common prefix. */
  readonly tensor: string;
  /** Whether it is moved and differentiated. */
  readonly isParameter: boolean;
}

/** Two tensors of a checkpoint that must be equal, as the graph takes them for one. */
export interface TiedPair extends Tie {
  readonly first: string;
  readonly second: string;
}

export interface WeightMatch {
  readonly tied: readonly TiedPair[];
  readonly weights: readonly MatchedWeight[];
  readonly notes: readonly Message[];
}

/**
 * Joins a graph's weights with a checkpoint's tensors. Aliases and optional tensors are weights of
 * their own where the checkpoint has them: aliases not where it stores them once, nor where the model's definition
 * ties them and they are equal, as `transformers` reads them.
 *
 * @param areEqual compares two tensors of the checkpoint.
 * @throws InputError when the two do not fit, or a pattern of the settings fits nothing.
 */
export async function matchWeights(
  model: Model,
  checkpoint: Checkpoint,
  areEqual: (first: string, second: string) => Promise<boolean>,
  { frozen = [], names = {}, ties = [], isChosen = false, order = 'file' }: WeightSettings = {},
): Promise<WeightMatch> {
  const shapes = (list: readonly WeightSpecification[]) =>
    new Map(list.map(({ name, shape }) => [name, shape]));
  const isOptional = ({ aliasOf, isOptional: may }: WeightSpecification) => may || aliasOf !== null;
  const twins = new Map([
    ...definedTies(model).map(({ one, other }) => [one, other] as const),
    ...ties.map(({ one, other }) => [one, other] as const),
  ]);
  const found = matchNames(
    shapes(model.weights.filter((weight) => !isOptional(weight))),
    checkpoint,
    { optional: shapes(model.weights.filter(isOptional)), names, twins, isChosen },
  );
  const { mapping } = found;
  const aliases = await joinAliases(model, found, checkpoint, areEqual);
  const present = model.weights.filter(({ name, isOptional: may }) => mapping.has(name) || may);
  const tensors = tensorNames(present, found);
  const isFrozen = frozenNames(frozen, present, tensors, found, checkpoint);
  const place = new Map([...checkpoint.tensors.keys()].map((name, index) => [name, index]));
  // What the checkpoint does not have comes last, in the order of the graph.
  const placeOf = ({ source }: MatchedWeight) => place.get(source ?? '') ?? place.size;
  const weights = present
    .map((specification, i): MatchedWeight => {
      const { name, role } = specification;
      return {
        specification,
        source: mapping.get(name) ?? null,
        tensor: tensors[i]!,
        isParameter: role === 'parameter' && !isFrozen.has(name),
      };
    })
    .sort((a, b) => (order === 'names' ? byNumbers(a.tensor, b.tensor) : placeOf(a) - placeOf(b)));
  if (isFrozen.size > 0 && weights.every(({ isParameter }) => !isParameter)) {
    throw new InputError(
      say`"frozen" in basin.json covers every parameter of the graph, so that nothing is left to move; leave out what was trained.`,
    );
  }
  const tied = tiedPairs(ties, found, checkpoint);
  const seconds = new Set(tied.map(({ second }) => second));
  const storageOf = (name: string | null) => checkpoint.tensors.get(name ?? '')?.storage;
  const used = new Set(weights.map(({ source }) => storageOf(source)));
  const unused = found.unused.filter((name) => !seconds.has(name) && !used.has(storageOf(name)));
  const notes = notesOf(model, checkpoint, { ...found, unused }, weights, isFrozen, aliases);
  return { weights, tied, notes };
}

/** What the definition of a model makes one tensor. */
function definedTies({ weights }: Model): readonly Tie[] {
  return weights.flatMap(({ name, aliasOf, isTied = false }) =>
    isTied && aliasOf !== null ? [{ one: aliasOf, other: name }] : [],
  );
}

/** Aliases that a checkpoint has. */
interface FoundAliases {
  /** With the weight they stand for. */
  readonly joined: ReadonlySet<string>;
  /** Against the model's definition. */
  readonly apart: readonly Tie[];
}

/** Leaves out of the mapping the aliases that are one with the weight they stand for. */
async function joinAliases(
  model: Model,
  { mapping }: NameMatch,
  { tensors }: Checkpoint,
  areEqual: (first: string, second: string) => Promise<boolean>,
): Promise<FoundAliases> {
  const joined = new Set<string>();
  const apart: Tie[] = [];
  for (const { name, aliasOf, isTied = false } of model.weights) {
    const [own, other] = [mapping.get(name), mapping.get(aliasOf ?? '')];
    if (aliasOf === null || own === undefined || other === undefined) continue;
    const isOne = tensors.get(own)!.storage === tensors.get(other)!.storage;
    if (isOne || (isTied && (await areEqual(own, other)))) {
      mapping.delete(name);
      joined.add(name);
    } else if (isTied) {
      apart.push({ one: aliasOf, other: name });
    }
  }
  return { joined, apart };
}

function tiedPairs(
  ties: readonly Tie[],
  { mapping, rename }: NameMatch,
  { tensors }: Checkpoint,
): readonly TiedPair[] {
  if (ties.length === 0) return [];
  const byName = new Map([...tensors.keys()].map((name) => [rename(name) ?? name, name]));
  return ties.flatMap(({ one, other }) => {
    const [first, second] = [mapping.get(one), byName.get(other)];
    if (first === undefined || second === undefined || first === second) return [];
    return [{ one, other, first, second }];
  });
}

/**
 * What random numbers belong to: a twin keeps the name it stands in for; names the user stated
 * are the checkpoint's, others the graph's.
 */
function tensorNames(
  present: readonly WeightSpecification[],
  { mapping, rename, twinned }: NameMatch,
): readonly string[] {
  const own = new Set(present.map(({ name }) => name));
  return innerNames(
    present.map(({ name, aliasOf }) => {
      const source = mapping.get(name);
      if (source === undefined || aliasOf !== null || twinned.includes(name)) return name;
      const renamed = rename(source) ?? source;
      return own.has(renamed) ? name : renamed;
    }),
  );
}

function frozenNames(
  patterns: readonly string[],
  present: readonly WeightSpecification[],
  tensors: readonly string[],
  { mapping, rename }: NameMatch,
  checkpoint: Checkpoint,
): ReadonlySet<string> {
  if (patterns.length === 0) return new Set();
  const known = new Set([...checkpoint.tensors.keys()].flatMap((name) => [name, rename(name)!]));
  for (const { name } of present) known.add(name);
  for (const tensor of tensors) known.add(tensor);
  known.delete(null!);
  const fitting = namesThatFit(
    patterns,
    known,
    'frozen',
    say`${basename(checkpoint.path)} or the graph`,
  );
  return new Set(
    present.flatMap(({ name, role }, i) => {
      const source = mapping.get(name) ?? name;
      const all = [name, tensors[i]!, source, rename(source) ?? source];
      return role === 'parameter' && all.some((each) => fitting.has(each)) ? [name] : [];
    }),
  );
}

function notesOf(
  model: Model,
  checkpoint: Checkpoint,
  { mapping, rule, twinned, unused }: NameMatch,
  weights: readonly MatchedWeight[],
  isFrozen: ReadonlySet<string>,
  { joined, apart }: FoundAliases,
): readonly Message[] {
  const notes: Message[] = [];
  if (rule !== null) notes.push(say`Names of the checkpoint were matched ${rule}.`);
  if (unused.length > 0) {
    notes.push(
      say`The graph does not use ${unused.length} tensors of the checkpoint (${listOf(unused)}).`,
    );
  }
  if (isFrozen.size > 0) {
    const frozen = weights.filter(({ specification: { name } }) => isFrozen.has(name));
    const count = frozen.reduce((sum, { specification }) => sum + sizeOf(specification.shape), 0);
    notes.push(
      say`${frozen.length} tensors with ${count} numbers are frozen (${listOf(frozen.map(({ tensor }) => tensor))}): they are neither moved, differentiated nor counted.`,
    );
  }
  for (const name of twinned) {
    notes.push(
      say`The checkpoint has no ${name}, and the graph ties it with ${mapping.get(name)!}: that tensor is taken for both.`,
    );
  }
  const absent = weights.filter(({ source }) => source === null);
  if (absent.length > 0) {
    notes.push(
      say`The checkpoint does not hold ${absent.length} tensors that the model does not save (${listOf(absent.map(({ specification }) => specification.name))}); the values in the graph are used, those of the moment of the export.`,
    );
  }
  for (const { name, aliasOf, isOptional, isTied = false } of model.weights) {
    if (aliasOf === null || isOptional || mapping.has(name) || twinned.includes(aliasOf)) continue;
    if (isTied) {
      notes.push(
        say`${name} is ${aliasOf}, as the model's configuration ties them: one tensor, moved and counted once.`,
      );
    } else if (!joined.has(name)) {
      notes.push(
        say`The checkpoint has no ${name}, which was equal to ${aliasOf} at export: that tensor is taken for both.`,
      );
    }
  }
  for (const { one, other } of apart) {
    notes.push(
      say`The model's configuration ties ${other} and ${one}, and the checkpoint has other values of each: they are taken for two tensors, as transformers takes them.`,
    );
  }
  const likely = likelyBuffers(model, checkpoint, weights);
  if (likely.length > 0) {
    notes.push(
      say`${listOf(likely)} look like saved buffers, not like parameters, and the export does not say which they are: they are moved, differentiated and counted. If training does not change them, name them as "frozen" in basin.json.`,
    );
  }
  return notes;
}

/** Parameters that are used on the data alone, or stored as whole numbers. */
function likelyBuffers(
  model: Model,
  checkpoint: Checkpoint,
  weights: readonly MatchedWeight[],
): readonly string[] {
  return weights.flatMap(({ specification: { name }, source, tensor, isParameter }) => {
    if (!isParameter) return [];
    const dtype = checkpoint.tensors.get(source ?? '')?.dtype ?? 'float32';
    return model.likelyBuffers.has(name) || /^(u?int|bool)/.test(dtype) ? [tensor] : [];
  });
}

/** Names with numbers in them as people count: layer 2 before layer 10. The same everywhere. */
function byNumbers(a: string, b: string): number {
  const [left, right] = [a, b].map((name) => name.split(/(\d+)/)) as [string[], string[]];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const [p, q] = [left[i]!, right[i]!];
    if (p === q) continue;
    // Parts at odd places are digits.
    if (i % 2 === 1 && Number(p) !== Number(q)) return Number(p) - Number(q);
    return p < q ? -1 : 1;
  }
  return left.length - right.length;
}
