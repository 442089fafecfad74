import { basename } from 'node:path';
import { InputError } from '../../shared/inputError';
import type { Checkpoint, TensorEntry } from './checkpoint';
import { printable } from './fault';

export interface NameMatch {
  /** Name of each required parameter → name of a tensor in the checkpoint. */
  readonly mapping: Map<string, string>;
  /** How the names were matched, for people: 'exact names', 'without the prefix `module.`'. */
  readonly rule: string;
  /** Tensors of the checkpoint that nothing takes; BatchNorm's counters are not among them. */
  readonly unused: string[];
}

/** What DataParallel, torch.compile, DeepSpeed and FSDP put into names, wherever they wrap. */
const WRAPPERS = [
  'module.',
  '_orig_mod.',
  '_forward_module.',
  '_fsdp_wrapped_module.',
  '_checkpoint_wrapped_module.',
];

/** Renames the tensors of a checkpoint, or leaves one out. */
interface Rule {
  readonly description: string;
  readonly rename: (name: string) => string | null;
}

type Shape = readonly number[];

/**
 * Finds the tensor for each parameter a graph requires, by name and shape. Names may differ by what
 * wrappers put into them and by one prefix, the same for all; the rule that matches most is taken.
 *
 * @param required names and shapes of the graph's parameters.
 * @throws InputError when a parameter has no tensor, or one of another shape.
 */
export function matchNames(
  required: ReadonlyMap<string, Shape>,
  checkpoint: Checkpoint,
): NameMatch {
  let best: Attempt | null = null;
  for (const rule of rulesFor(required, checkpoint.tensors)) {
    const attempt = attemptWith(rule, required, checkpoint.tensors);
    // A simpler rule comes first and wins a tie.
    if (attempt && (!best || attempt.mapping.size > best.mapping.size)) best = attempt;
    if (best?.mapping.size === required.size) break;
  }
  if (!best) throw new Error('exact names never clash');
  if (best.mapping.size < required.size) throw mismatch(required, checkpoint, best);

  const used = new Set(best.mapping.values());
  const unused = [...checkpoint.tensors.keys()].filter(
    (name) => !used.has(name) && !/(^|\.)num_batches_tracked$/.test(name),
  );
  return { mapping: best.mapping, rule: best.rule.description, unused };
}

interface Attempt {
  readonly rule: Rule;
  /** Matched by name and shape. */
  readonly mapping: Map<string, string>;
  /** Tensors by their renamed names. */
  readonly renamed: ReadonlyMap<string, TensorEntry>;
}

function attemptWith(
  rule: Rule,
  required: ReadonlyMap<string, Shape>,
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
  for (const [name, shape] of required) {
    const tensor = renamed.get(name);
    if (tensor && isSame(tensor.shape, shape)) mapping.set(name, tensor.name);
  }
  return { rule, mapping, renamed };
}

function rulesFor(
  required: ReadonlyMap<string, Shape>,
  tensors: ReadonlyMap<string, TensorEntry>,
): Rule[] {
  const rules: Rule[] = [{ description: 'exact names', rename: (name) => name }];
  const parts = new Set([...tensors.keys()].flatMap((name) => name.split('.')));
  const wrappers = WRAPPERS.filter((wrapper) => parts.has(wrapper.slice(0, -1)));
  const leading = (name: string) => withoutLeading(name, wrappers);
  const anywhere = (name: string) => withoutAny(name, wrappers);
  if (wrappers.length > 0) {
    const list = wrappers.map((wrapper) => `\`${wrapper}\``).join(', ');
    rules.push({ description: `without the prefix ${list}`, rename: leading });
    rules.push({ description: `without ${list} anywhere`, rename: anywhere });
  }
  for (const { description, rename } of [...rules]) {
    const names = [...tensors.keys()].map((name) => rename(name)!);
    const behind = description === 'exact names' ? '' : `${description}, `;
    for (const prefix of prefixesOf(names, [...required.keys()])) {
      rules.push({
        description: `${behind}without the prefix \`${prefix}\``,
        rename: (name) => {
          const base = rename(name)!;
          return base.startsWith(prefix) ? base.slice(prefix.length) : null;
        },
      });
    }
    for (const prefix of prefixesOf([...required.keys()], names)) {
      rules.push({
        description: `${behind}with the prefix \`${prefix}\``,
        rename: (name) => prefix + rename(name)!,
      });
    }
  }
  return rules;
}

/** How many names are looked at for prefixes, and how many prefixes are tried. */
const SAMPLE = 8;
const MOST_PREFIXES = 16;

/** What stands before one of `short` in some of `long`, most frequent first: `model.`. */
function prefixesOf(long: readonly string[], short: readonly string[]): string[] {
  const counts = new Map<string, number>();
  const step = Math.max(1, Math.floor(short.length / SAMPLE));
  for (let i = 0; i < short.length; i += step) {
    const ending = `.${short[i]!}`;
    for (const name of long) {
      if (!name.endsWith(ending)) continue;
      const prefix = name.slice(0, name.length - ending.length + 1);
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, MOST_PREFIXES)
    .map(([prefix]) => prefix);
}

function withoutLeading(name: string, wrappers: readonly string[]): string {
  let rest = name;
  for (;;) {
    const wrapper = wrappers.find((candidate) => rest.startsWith(candidate));
    if (wrapper === undefined) return rest;
    rest = rest.slice(wrapper.length);
  }
}

function withoutAny(name: string, wrappers: readonly string[]): string {
  const parts = new Set(wrappers.map((wrapper) => wrapper.slice(0, -1)));
  const names = name.split('.');
  return names.filter((part, i) => i === names.length - 1 || !parts.has(part)).join('.');
}

function isSame(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

const MOST_NAMED = 3;

function mismatch(
  required: ReadonlyMap<string, Shape>,
  checkpoint: Checkpoint,
  { rule, renamed }: Attempt,
): InputError {
  const file = basename(checkpoint.path);
  const missing = [...required.keys()].filter((name) => !renamed.has(name));
  if (missing.some((name) => name.startsWith('onnx::'))) {
    return new InputError(
      `The graph has parameters that its export renamed (${listOf(missing)}), so the weights in ` +
        `${file} cannot be put in their place: export it again in evaluation mode with ` +
        'training=TrainingMode.PRESERVE and do_constant_folding=False.',
      'mismatch',
    );
  }
  const how =
    rule.description === 'exact names' ? '' : ` (names read ${printable(rule.description)})`;
  const problem =
    missing.length > 0
      ? `${file} has no tensor for ${missing.length} of the graph's ${required.size} parameters` +
        `${how}: ${listOf(missing)}`
      : `${file} does not fit the graph${how}: ${listOf(wrongShapes(required, renamed))}`;
  return new InputError(`${problem}. Export the graph again from the same model.`, 'mismatch');
}

function wrongShapes(
  required: ReadonlyMap<string, Shape>,
  renamed: ReadonlyMap<string, TensorEntry>,
): string[] {
  const wrong: string[] = [];
  for (const [name, shape] of required) {
    const tensor = renamed.get(name);
    if (!tensor || isSame(tensor.shape, shape)) continue;
    wrong.push(`${name} has shape [${tensor.shape.join(', ')}] and not [${shape.join(', ')}]`);
  }
  return wrong;
}

function listOf(items: readonly string[]): string {
  const rest = items.length - MOST_NAMED;
  const named = items
    .slice(0, MOST_NAMED)
    .map((item) => printable(item))
    .join(', ');
  return rest > 0 ? `${named} and ${rest} more` : named;
}
