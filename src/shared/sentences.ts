import { fillIn } from './fillIn';

/** Translations of sentences by their English templates, with `{0}`, `{1}` … for what is put in. */
export type Templates = Readonly<Record<string, string>>;

interface Template {
  /** What stands before, between and after the holes: one more than there are holes. */
  readonly fixed: readonly string[];
  /** For each hole in turn, the number it has. */
  readonly holes: readonly number[];
  readonly translation: string;
}

/** Longer sentences stay in English: their length is anybody's who names files. */
const LONGEST = 4000;

/** The same sentences are shown again with every change: that of each checkpoint that failed. */
const MOST_KNOWN = 2000;

/** Sentences are put together from sentences, this often at most. */
const DEEPEST = 6;

/**
 * Translates sentences that were put together elsewhere, in English, by finding the template they
 * were made from. What a template's holes hold is translated as well where it is a sentence of its
 * own: NAME is damaged: WHAT; WHAT TO DO.
 *
 * Each template is looked for from left to right once, so that no sentence takes long, whatever the
 * names in it are.
 *
 * @param templates read when the first sentence comes.
 * @returns gives a sentence that fits no template as it is.
 */
export function sentenceTranslation(templates: () => Templates): (sentence: string) => string {
  let sorted: readonly Template[] | undefined;
  const known = new Map<string, string>();
  return (sentence) => {
    if (sentence.length > LONGEST) return sentence;
    const before = known.get(sentence);
    if (before !== undefined) return before;
    sorted ??= byFixedText(templates());
    const text = translate(sentence, sorted, 0)?.text ?? sentence;
    if (known.size === MOST_KNOWN) known.clear();
    known.set(sentence, text);
    return text;
  };
}

interface Translated {
  readonly text: string;
  /** Templates that were found, one in another. */
  readonly found: number;
}

/** By the template with the most text of its own; `null` where none fits. */
function translate(
  sentence: string,
  templates: readonly Template[],
  depth: number,
): Translated | null {
  for (const template of templates) {
    const values = valuesFromLeft(sentence, template);
    if (values === null) continue;
    const first = filledIn(template, values, templates, depth);
    // A name may hold what stands between two holes. Then more is found from the other end.
    const others = valuesFromRight(sentence, template);
    if (others.every((value, k) => value === values[k])) return first;
    const second = filledIn(template, others, templates, depth);
    return second.found > first.found ? second : first;
  }
  return null;
}

/** What is in the holes, each as short as it can be, the first before the others. */
function valuesFromLeft(sentence: string, { fixed }: Template): string[] | null {
  const last = fixed.length - 1;
  if (last === 0) return sentence === fixed[0] ? [] : null;
  const end = sentence.length - fixed[last]!.length;
  let at = fixed[0]!.length;
  if (end < at || !sentence.startsWith(fixed[0]!) || !sentence.endsWith(fixed[last]!)) return null;
  const values: string[] = [];
  for (let k = 1; k < last; k++) {
    const next = sentence.indexOf(fixed[k]!, at);
    if (next === -1 || next + fixed[k]!.length > end) return null;
    values.push(sentence.slice(at, next));
    at = next + fixed[k]!.length;
  }
  values.push(sentence.slice(at, end));
  return values;
}

/** The same with the last before the others, for a sentence that the template fits. */
function valuesFromRight(sentence: string, { fixed }: Template): string[] {
  const last = fixed.length - 1;
  const values: string[] = [];
  let end = sentence.length - fixed[last]!.length;
  for (let k = last - 1; k > 0; k--) {
    const next = sentence.lastIndexOf(fixed[k]!, end - fixed[k]!.length);
    values.unshift(sentence.slice(next + fixed[k]!.length, end));
    end = next;
  }
  if (last > 0) values.unshift(sentence.slice(fixed[0]!.length, end));
  return values;
}

function filledIn(
  { holes, translation }: Template,
  values: readonly string[],
  templates: readonly Template[],
  depth: number,
): Translated {
  let found = 1;
  const translated: string[] = [];
  values.forEach((value, k) => {
    const inner = depth < DEEPEST && value !== '' ? translate(value, templates, depth + 1) : null;
    found += inner?.found ?? 0;
    translated[holes[k]!] = inner?.text ?? value;
  });
  return { text: fillIn(translation, translated), found };
}

function byFixedText(templates: Templates): readonly Template[] {
  return Object.entries(templates)
    .map(([english, translation]): Template & { readonly length: number } => {
      const parts = english.split(/\{(\d+)\}/);
      const fixed = parts.filter((_, k) => k % 2 === 0);
      const holes = parts.filter((_, k) => k % 2 === 1).map(Number);
      return { fixed, holes, translation, length: fixed.join('').length };
    })
    .sort((a, b) => b.length - a.length);
}
