import { fillIn } from '../shared/fillIn';
import type { Language } from '../shared/language';
import { sentenceTranslation } from '../shared/sentences';

type Value = string | number;

/** English is what the source says. */
let texts: Language['texts'] = {};
let sentences = (sentence: string): string => sentence;

/** Takes the language of the page, once, before anything is shown. */
export function speak(language: Language | null): void {
  texts = language?.texts ?? {};
  sentences =
    language === null ? (sentence) => sentence : sentenceTranslation(() => language.sentences);
}

/**
 * A text for people, in the language of the page, with `{0}`, `{1}` … filled in. The message is a
 * literal, the key of `l10n/bundle.l10n.*.json`, as in the extension host.
 */
export function t(message: string, ...values: readonly Value[]): string {
  return fillIn(texts[message] ?? message, values);
}

/** A sentence that the engine put together, in the language of the page. */
export function translated(sentence: string): string {
  return sentences(sentence);
}
