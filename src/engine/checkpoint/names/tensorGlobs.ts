import { InputError } from '../../../shared/inputError';
import { say, type Message } from '../../../shared/words/message';
import { printable } from '../fault';

/**
 * A pattern of tensor names: `*` stands for any characters, dots included, and `?` for one.
 *
 * @returns what each `*` and `?` stands for in a name that fits; null for others.
 */
export function tensorGlob(pattern: string): (name: string) => readonly string[] | null {
  const source = pattern
    .replace(/\*+/g, '*')
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replace(/\*/g, '(.*)')
    .replace(/\?/g, '(.)');
  const expression = new RegExp(`^${source}$`, 's');
  return (name) => expression.exec(name)?.slice(1) ?? null;
}

/** A pattern with what its wildcards stand for put in, one after the other. */
export function filledIn(pattern: string, parts: readonly string[]): string {
  let next = 0;
  return pattern.replace(/\*+|\?/g, () => parts[next++] ?? '');
}

/**
 * The names that any of some patterns fits.
 *
 * @param setting of basin.json the patterns are in.
 * @param where the names are, for people.
 * @throws InputError for a pattern that fits none, with the names most like it.
 */
export function namesThatFit(
  patterns: readonly string[],
  names: Iterable<string>,
  setting: string,
  where: string | Message,
): Set<string> {
  const all = [...names];
  const found = new Set<string>();
  for (const pattern of patterns) {
    const fits = tensorGlob(pattern);
    const own = all.filter((name) => fits(name) !== null);
    if (own.length === 0) throw fitsNothing(pattern, all, setting, where);
    for (const name of own) found.add(name);
  }
  return found;
}

/** @param names to choose the nearest from. */
export function fitsNothing(
  pattern: string,
  names: readonly string[],
  setting: string,
  where: string | Message,
): InputError {
  const near = nearNames(pattern, names).map((name) => printable(name));
  return new InputError(
    say`"${setting}" in basin.json has ${printable(pattern)}, which fits no tensor of ${where}; near it are ${near.join(', ')}.`,
    'mismatch',
  );
}

const MAX_NEAR = 4;

/** The names that share most pairs of letters, and most letters, with a pattern, or are below it. */
function nearNames(pattern: string, names: readonly string[]): readonly string[] {
  const text = pattern.replace(/[*?]/g, '').toLowerCase();
  const [pairs, letters] = [piecesOf(text, 2), piecesOf(text, 1)];
  const rated = names.map((name) => {
    const own = name.toLowerCase();
    const isBelow = name.startsWith(`${pattern}.`) ? 2 : 0;
    const alike = likeness(pairs, piecesOf(own, 2)) + likeness(letters, piecesOf(own, 1)) / 2;
    return { name, rate: isBelow + alike };
  });
  return rated
    .sort((a, b) => b.rate - a.rate)
    .slice(0, MAX_NEAR)
    .map(({ name }) => name);
}

/** Dice's coefficient: 1 for equal sets, 0 for disjoint ones. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const piece of a) if (b.has(piece)) common += 1;
  return (2 * common) / Math.max(1, a.size + b.size);
}

function piecesOf(text: string, length: number): Set<string> {
  const pieces = new Set<string>();
  for (let i = 0; i + length <= text.length; i += 1) pieces.add(text.slice(i, i + length));
  return pieces;
}
