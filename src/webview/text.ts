import type { Language } from '../shared/language';
import { fillIn, inWords, type Message } from '../shared/words/message';
import { formatCount } from '../shared/words/numbers';

type Value = string | number;

/** English is what the source says. */
let texts: Language['texts'] = {};
let sentences: Language['sentences'] = {};

/** Takes the language of the page, once, before anything is shown. */
export function speak(language: Language | null): void {
  texts = language?.texts ?? {};
  sentences = language?.sentences ?? {};
}

/**
 * A text for people, in the language of the page, with `{0}`, `{1}` … filled in. The message is a
 * literal, the key of `l10n/bundle.l10n.*.json`, as in the extension host.
 */
export function t(message: string, ...values: readonly Value[]): string {
  return fillIn(texts[message] ?? message, values);
}

/** A message of the engine in the language of the page. */
export function translated(said: string | Message): string {
  return inWords(said, sentences);
}

/**
 * `1 saddle`, `2 saddles`. The keys of the translation are `{0} saddle` and `{0} saddles`.
 */
export function plural(count: number, one: string, many = `${one}s`): string {
  return t(`{0} ${count === 1 ? one : many}`, formatCount(count));
}
