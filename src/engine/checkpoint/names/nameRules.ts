import type { TensorEntry } from '../checkpoint';
import { say, type Message } from '../../../shared/words/message';

/** What DataParallel, torch.compile, DeepSpeed and FSDP put into names, wherever they wrap. */
const WRAPPERS = [
  'module.',
  '_orig_mod.',
  '_forward_module.',
  '_fsdp_wrapped_module.',
  '_checkpoint_wrapped_module.',
];

/** Renames the tensors of a checkpoint, or leaves one out. */
export interface NameRule {
  /** `null` where names are taken as they are. */
  readonly description: Message | null;
  readonly rename: (name: string) => string | null;
  /** What stands before the names that are taken; what people choose a set of weights by. */
  readonly prefix: string;
}

/** How the names of a checkpoint may differ from those of a graph, simple rules first. */
export function rulesFor(
  required: Iterable<string>,
  tensors: ReadonlyMap<string, TensorEntry>,
): NameRule[] {
  const wanted = [...required];
  const rules: NameRule[] = [{ description: null, rename: (name) => name, prefix: '' }];
  const parts = new Set([...tensors.keys()].flatMap((name) => name.split('.')));
  const wrappers = WRAPPERS.filter((wrapper) => parts.has(wrapper.slice(0, -1)));
  const leading = (name: string) => withoutLeading(name, wrappers);
  const anywhere = (name: string) => withoutAny(name, wrappers);
  if (wrappers.length > 0) {
    const list = wrappers.map((wrapper) => `\`${wrapper}\``).join(', ');
    rules.push({ description: say`without the prefix ${list}`, rename: leading, prefix: '' });
    rules.push({ description: say`without ${list} anywhere`, rename: anywhere, prefix: '' });
  }
  for (const { description, rename } of [...rules]) {
    const names = [...tensors.keys()].map((name) => rename(name)!);
    for (const prefix of prefixesOf(names, wanted)) {
      rules.push({
        description:
          description === null
            ? say`without the prefix \`${prefix}\``
            : say`${description}, without the prefix \`${prefix}\``,
        rename: (name) => {
          const base = rename(name)!;
          return base.startsWith(prefix) ? base.slice(prefix.length) : null;
        },
        prefix,
      });
    }
    for (const prefix of prefixesOf(wanted, names)) {
      rules.push({
        description:
          description === null
            ? say`with the prefix \`${prefix}\``
            : say`${description}, with the prefix \`${prefix}\``,
        rename: (name) => prefix + rename(name)!,
        prefix: '',
      });
    }
  }
  return rules;
}

/** How many names are looked at for prefixes, and how many prefixes are tried. */
const SAMPLE = 8;
const MAX_PREFIXES = 16;

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
    .slice(0, MAX_PREFIXES)
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

/**
 * Names without what depends on how a network was wrapped or exported: wrappers, and the prefix all
 * of them have.
 */
export function innerNames(names: readonly string[]): string[] {
  const inner = names.map((name) => withoutAny(name, WRAPPERS));
  const [first = ''] = inner;
  const parts = first.split('.').slice(0, -1);
  let common = parts.length;
  for (const name of inner) {
    const own = name.split('.').slice(0, -1);
    let same = 0;
    while (same < common && own[same] === parts[same]) same += 1;
    common = same;
  }
  const cut = parts.slice(0, common).reduce((length, part) => length + part.length + 1, 0);
  return inner.map((name) => name.slice(cut));
}
