import { basename } from 'node:path';
import { InputError } from '../../../shared/inputError';
import { say, type Message } from '../../../shared/words/message';
import type { Checkpoint, TensorEntry } from '../checkpoint';
import { printable } from '../fault';
import { sameShape, type Shape } from '../../tensor';
import { mismatch } from './nameMismatch';
import { rulesFor, type NameRule } from './nameRules';
import { filledIn, fitsNothing, tensorGlob } from './tensorGlobs';

export interface NameMatch {
  /** Name of each parameter that was found → name of a tensor in the checkpoint. */
  readonly mapping: Map<string, string>;
  /** How the names were matched, for people: 'exact names', 'without the prefix `module.`'. */
  /** How names were read, where not as they are. */
  readonly rule: Message | null;
  /** What that rule makes of a name of the checkpoint; null where it leaves it out. */
  readonly rename: (name: string) => string | null;
  /** Names for which a tied tensor was taken, as the file does not hold their own. */
  readonly twinned: readonly string[];
  /** Tensors of the checkpoint that nothing takes; BatchNorm's counters are not among them. */
  readonly unused: string[];
}

export interface MatchOptions {
  /** Names and shapes that are taken where the checkpoint has them. */
  readonly optional?: ReadonlyMap<string, Shape>;
  /** Patterns of names of the graph, and of the checkpoint's for them, where they differ. */
  readonly names?: Readonly<Record<string, string>>;
  /** Names of tied tensors, by those they stand in for where a file holds one of the two. */
  readonly twins?: ReadonlyMap<string, string>;
  /** Whether the user chose this set of weights: others that fit as well are of no interest. */
  readonly isChosen?: boolean;
  /** Whether what is missing is left to the caller, instead of an error. */
  readonly isPartial?: boolean;
}

/**
 * Finds the tensor for each parameter a graph requires, by name and shape. Names may differ by what
 * wrappers put into them and by one prefix, the same for all; the rule that matches most is taken.
 *
 * @param required names and shapes of the graph's parameters.
 * @throws InputError when a parameter has no tensor, or one of another shape; when two sets of
 *   weights in the file fit equally; when a pattern of `names` fits nothing.
 */
export function matchNames(
  required: ReadonlyMap<string, Shape>,
  checkpoint: Checkpoint,
  options: MatchOptions = {},
): NameMatch {
  const { optional, names = {}, twins = new Map<string, string>() } = options;
  const { isChosen = false, isPartial = false } = options;
  const wanted = new Map([...required, ...(optional ?? [])]);
  const said = saidNames(names, wanted, checkpoint);
  const complete: Attempt[] = [];
  let best: Attempt | null = null;
  for (const rule of rulesFor(required.keys(), checkpoint.tensors)) {
    const attempt = attemptWith(rule, wanted, said, twins, checkpoint.tensors);
    if (attempt === null) continue;
    // A simpler rule comes first and wins a tie.
    if (!best || attempt.mapping.size > best.mapping.size) best = attempt;
    if (attempt.mapping.size === wanted.size) complete.push(attempt);
    if (isChosen && complete.length > 0) break;
  }
  if (!best) throw new Error('exact names never clash');
  const missing = [...required.keys()].filter((name) => !best.mapping.has(name));
  const used = new Set(best.mapping.values());
  const unused = [...checkpoint.tensors.keys()].filter(
    (name) => !used.has(name) && !isCounter(name),
  );
  if (missing.length > 0 && !isPartial) {
    throw mismatch(required, checkpoint, { ...best, description: best.rule.description, unused });
  }
  if (!isChosen && said.size === 0) refuseSeveral(complete, checkpoint);
  const { mapping, rule, twinned } = best;
  return { mapping, rule: rule.description, rename: rule.rename, twinned, unused };
}

function isCounter(name: string): boolean {
  return /(^|\.)num_batches_tracked$/.test(name);
}

interface Attempt {
  readonly rule: NameRule;
  /** Matched by name and shape. */
  readonly mapping: Map<string, string>;
  /** Tensors by their renamed names. */
  readonly renamed: ReadonlyMap<string, TensorEntry>;
  readonly twinned: readonly string[];
}

function attemptWith(
  rule: NameRule,
  wanted: ReadonlyMap<string, Shape>,
  said: ReadonlyMap<string, string>,
  twins: ReadonlyMap<string, string>,
  tensors: ReadonlyMap<string, TensorEntry>,
): Attempt | null {
  const renamed = new Map<string, TensorEntry>();
  for (const tensor of tensors.values()) {
    const name = rule.rename(tensor.name);
    if (name === null) continue;
    // Two tensors of one name: nobody can say which is meant.
    if (renamed.has(name)) return null;
    renamed.set(name, tensor);
  }
  const mapping = new Map<string, string>();
  const twinned: string[] = [];
  for (const [name, shape] of wanted) {
    const own = tensors.get(said.get(name) ?? '') ?? renamed.get(said.get(name) ?? name);
    const tensor = own ?? renamed.get(twins.get(name) ?? '');
    if (tensor === undefined || !sameShape(tensor.shape, shape)) continue;
    mapping.set(name, tensor.name);
    if (own === undefined) twinned.push(name);
  }
  return { rule, mapping, renamed, twinned };
}

/**
 * What the user says each of some names of the graph is called in the checkpoint.
 *
 * @throws InputError for a pattern that fits no name of the graph, or leads to none of the file.
 */
function saidNames(
  names: Readonly<Record<string, string>>,
  wanted: ReadonlyMap<string, Shape>,
  checkpoint: Checkpoint,
): ReadonlyMap<string, string> {
  const said = new Map<string, string>();
  const all = [...checkpoint.tensors.keys()];
  for (const [graph, own] of Object.entries(names)) {
    const fits = tensorGlob(graph);
    const found = [...wanted.keys()].flatMap((name) => {
      const parts = fits(name);
      return parts === null ? [] : [[name, filledIn(own, parts)] as const];
    });
    if (found.length === 0) throw fitsNothing(graph, [...wanted.keys()], 'names', say`the graph`);
    for (const [name, tensor] of found) {
      const ending = `.${tensor}`;
      if (!all.some((other) => other === tensor || other.endsWith(ending))) {
        throw fitsNothing(tensor, all, 'names', basename(checkpoint.path));
      }
      said.set(name, tensor);
    }
  }
  return said;
}

/** @throws InputError when two sets of weights have every tensor of the graph. */
function refuseSeveral(complete: readonly Attempt[], { path }: Checkpoint): void {
  const sets = new Map<string, string>();
  for (const { mapping, rule } of complete) {
    const key = [...mapping].map(([, tensor]) => tensor).join('\0');
    if (!sets.has(key)) sets.set(key, rule.prefix.replace(/\.$/, ''));
  }
  if (sets.size > 1) throw severalSets(basename(path), [...sets.values()]);
}

/** @param places what "weights" in basin.json calls each; '' for the root. */
export function severalSets(file: string, places: readonly string[]): InputError {
  const listed = places.map((place) =>
    place === '' ? say`those at the root ("")` : `"${printable(place)}"`,
  );
  return new InputError(
    say`${file} holds ${places.length} sets of weights that fit the graph equally: ${listed}; say which is meant as "weights" in basin.json.`,
    'invalid',
  );
}
