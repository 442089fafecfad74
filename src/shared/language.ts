import type { Templates } from './words/message';

/** What pages say, in another language than English. */
export interface Language {
  /** Of the language, as BCP 47 has it: `zh-cn`. */
  readonly tag: string;
  /** Translations by their English texts; what is missing is said in English. */
  readonly texts: Readonly<Record<string, string>>;
  /** Of the engine's sentences. */
  readonly sentences: Templates;
}

/** The element of a page whose content is its `Language`, as JSON. */
export const LANGUAGE_ELEMENT = 'basin-language';
