import { fillIn } from '../../shared/fillIn';
import { sentenceTranslation, type Templates } from '../../shared/sentences';

type Value = string | number;

/** Gives the text in the user's language, with `{0}`, `{1}` … filled in. */
export type Translation = (message: string, ...values: Value[]) => string;

/** English is what the source says. */
const english: Translation = (message, ...values) => fillIn(message, values);

let translation = english;
let sentences = (sentence: string): string => sentence;

/**
 * Takes the language of the window, once, when the extension starts: `vscode.l10n.t`. It is the one
 * thing the whole process shares, so that what only puts words together needs no editor.
 *
 * @param templates of the engine's sentences, asked for when the first of them is shown.
 */
export function speak(with_: Translation = english, templates?: () => Templates): void {
  translation = with_;
  sentences = templates === undefined ? (sentence) => sentence : sentenceTranslation(templates);
}

/**
 * A text for people, in their language. The message is a literal, the key of
 * `l10n/bundle.l10n.*.json`; what comes from elsewhere is put into its holes.
 */
export function t(message: string, ...values: Value[]): string {
  return translation(message, ...values);
}

/** A sentence that the engine put together, in the user's language; as it is where none is known. */
export function translated(sentence: string): string {
  return sentences(sentence);
}
