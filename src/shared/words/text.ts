import type { Language } from '../language';
import { fillIn, inWords, type Message, type Templates } from './message';
import { formatCount } from './numbers';

type Value = string | number;

/** Gives the text in the user's language, with `{0}`, `{1}` … filled in. */
type Translation = (message: string, ...values: Value[]) => string;

/** English is what the source says. */
const english: Translation = (message, ...values) => fillIn(message, values);

let translation = english;
let templates = (): Templates => ({});

/**
 * Takes the language of the window or the page, once, before anything is said: `vscode.l10n.t` in the
 * editor. It is the one thing all that runs there shares, so that what only puts words together
 * needs no editor.
 *
 * @param ofEngine its sentences, asked for when the first of them is shown.
 */
export function speak(with_: Translation = english, ofEngine = (): Templates => ({})): void {
  translation = with_;
  templates = ofEngine;
}

/** As `speak`, of what a page brings along. */
export function speakAs({ texts, sentences }: Language): void {
  speak(
    (message, ...values) => fillIn(texts[message] ?? message, values),
    () => sentences,
  );
}

/**
 * A text for people, in their language. The message is a literal, the key of
 * `l10n/bundle.l10n.*.json`; what comes from elsewhere is put into its holes.
 */
export function t(message: string, ...values: Value[]): string {
  return translation(message, ...values);
}

/** A message of the engine in the user's language; a text is in it, or has none other. */
export function translated(said: string | Message): string {
  return inWords(said, typeof said === 'string' ? {} : templates());
}

/**
 * A count with its noun: `1 saddle`, `3 saddles`. The keys of the translation are `{0} saddle` and
 * `{0} saddles`.
 */
export function plural(count: number, one: string, many = `${one}s`): string {
  return t(`{0} ${count === 1 ? one : many}`, formatCount(count));
}
