/**
 * A sentence and what is put into it: it is said in the language of whoever reads it, and kept and
 * sent as what it is made of.
 */
export interface Message {
  /** In English, with `{0}`, `{1}` … where the values stand: the key of its translations. */
  readonly template: string;
  readonly values: readonly Value[];
}

/** Names and figures are put in as they are; a part that is a message is translated as well. */
export type Value = string | number | Message | readonly (string | Message)[];

/** Translations by their English templates; what is missing is said in English. */
export type Templates = Readonly<Record<string, string>>;

/**
 * The message a template literal says: say`${name} is damaged: ${what}.` Its fixed text is written
 * at the tag, so that a test finds all there are.
 */
export function say(fixed: TemplateStringsArray, ...values: readonly Value[]): Message {
  return { template: fixed.reduce((text, part, k) => `${text}{${k - 1}}${part}`), values };
}

/** A message, or a sentence of which no more is known, in a language. */
export function inWords(said: Message | string, templates: Templates): string {
  if (typeof said === 'string') return said;
  const text = templates[said.template] ?? said.template;
  return fillIn(
    text,
    said.values.map((value) => valueInWords(value, templates)),
  );
}

/** As the log, the command line and documents have it. */
export function english(said: Message | string): string {
  return inWords(said, {});
}

function valueInWords(value: Value, templates: Templates): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string' || 'template' in value) return inWords(value, templates);
  // Names are written with commas everywhere.
  const between = value.every((each) => typeof each === 'string')
    ? SEPARATOR
    : templates[SEPARATOR];
  return value.map((each) => inWords(each, templates)).join(between ?? SEPARATOR);
}

const { template: SEPARATOR } = say`, `;

/** Each message once. */
export function distinct<Said extends string | Message>(all: readonly Said[]): readonly Said[] {
  return [...new Map(all.map((said) => [english(said), said])).values()];
}

/** A text with values in its holes `{0}`, `{1}` …; a hole that nothing is given for stays. */
export function fillIn(text: string, values: readonly (string | number)[]): string {
  return text.replace(/\{(\d+)\}/g, (hole, index: string) => String(values[Number(index)] ?? hole));
}
