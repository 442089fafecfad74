import { fillIn, inWords, type Message, type Templates } from '../../shared/words/message';

type Value = string | number;

/** Gives the text in the user's language, with `{0}`, `{1}` … filled in. */
export type Translation = (message: string, ...values: Value[]) => string;

/** English is what the source says. */
const english: Translation = (message, ...values) => fillIn(message, values);

let translation = english;
let templates = (): Templates => ({});

/**
 * Takes the language of the window, once, when the extension starts: `vscode.l10n.t`. It is the one
 * thing the whole process shares, so that what only puts words together needs no editor.
 *
 * @param ofEngine its sentences, asked for when the first of them is shown.
 */
export function speak(with_: Translation = english, ofEngine = (): Templates => ({})): void {
  translation = with_;
  templates = ofEngine;
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
