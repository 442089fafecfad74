/** A string literal in source code. Offsets are in UTF-16 units of the text. */
export interface CodeString {
  /** Of the opening quote, or of the letters before it. */
  readonly start: number;
  /** After the closing quote. */
  readonly end: number;
  /** What is between the quotes, as it is written. */
  readonly text: string;
  /** Letters before the quotes, in lower case: Python's `f`, `r`, `rb`. */
  readonly prefix: string;
}

export interface ScannedCode {
  readonly strings: readonly CodeString[];
  /**
   * The text with comments and the insides of strings blank, line ends kept: as long as the text,
   * so that offsets are the same.
   */
  readonly code: string;
}

export type ScannedLanguage = 'python' | 'javascript';

/**
 * Finds the strings of a source file and tells code from comments, in one pass. It is no parser: a
 * quote in a regular expression can mislead it to the end of that line.
 */
export function scanCode(text: string, language: ScannedLanguage): ScannedCode {
  const strings: CodeString[] = [];
  const code: string[] = [];
  let copied = 0;
  const blank = (from: number, to: number): void => {
    code.push(text.slice(copied, from), text.slice(from, to).replace(/[^\r\n]/g, ' '));
    copied = to;
  };

  const ends = new StringEnds(text);
  let index = 0;
  while (index < text.length) {
    const comment = commentEnd(text, index, language);
    if (comment !== -1) {
      blank(index, comment);
      index = comment;
      continue;
    }
    const quote = quoteAt(text, index, language);
    if (quote === null) {
      index++;
      continue;
    }
    const prefix = language === 'python' ? prefixBefore(text, index) : '';
    const from = index + quote.length;
    const close = ends.find(from, quote, prefix.includes('f'));
    if (close === -1) {
      index = from;
      continue;
    }
    strings.push({
      start: index - prefix.length,
      end: close + quote.length,
      text: text.slice(from, close),
      prefix,
    });
    blank(from, close);
    index = close + quote.length;
  }
  code.push(text.slice(copied));
  return { strings, code: code.join('') };
}

function commentEnd(text: string, index: number, language: ScannedLanguage): number {
  const line =
    language === 'python' ? text[index] === '#' : text[index] === '/' && text[index + 1] === '/';
  if (line) {
    const end = text.indexOf('\n', index);
    return end === -1 ? text.length : end;
  }
  if (language === 'javascript' && text[index] === '/' && text[index + 1] === '*') {
    const end = text.indexOf('*/', index + 2);
    return end === -1 ? text.length : end + 2;
  }
  return -1;
}

function quoteAt(text: string, index: number, language: ScannedLanguage): string | null {
  const character = text[index];
  if (character === '`') return language === 'javascript' ? character : null;
  if (character !== '"' && character !== "'") return null;
  const triple = character.repeat(3);
  return language === 'python' && text.startsWith(triple, index) ? triple : character;
}

function prefixBefore(text: string, index: number): string {
  const before = text.slice(Math.max(0, index - 3), index);
  return (/(?:^|[^A-Za-z0-9_])([rbfu]{1,2})$/i.exec(before)?.[1] ?? '').toLowerCase();
}

/** Finds where strings end; what was searched in vain is not searched again. */
class StringEnds {
  /** By quote: up to here a search that skips what is in braces finds no end. */
  private readonly bracesOpenTo = new Map<string, number>();
  /** The same for a plain search. */
  private readonly openTo = new Map<string, number>();

  constructor(private readonly text: string) {}

  /** @returns Index of the closing quote, or −1 where there is none. */
  find(from: number, quote: string, interpolated: boolean): number {
    // Python before 3.12 has no quotes of the same kind inside of braces, JavaScript does.
    const end = interpolated || quote === '`' ? this.search(from, quote, true) : -1;
    return end !== -1 || quote === '`' ? end : this.search(from, quote, false);
  }

  private search(from: number, quote: string, braces: boolean): number {
    const memory = braces ? this.bracesOpenTo : this.openTo;
    if (from < (memory.get(quote) ?? 0)) return -1;
    const { text } = this;
    const oneLine = quote === '"' || quote === "'";
    const opening = quote === '`' ? '${' : '{';
    let depth = 0;
    let index = from;
    for (; index < text.length; index++) {
      const character = text[index];
      if (character === '\\') index++;
      else if (oneLine && character === '\n') break;
      else if (depth > 0) {
        if (character === '{') depth++;
        else if (character === '}') depth--;
      } else if (text.startsWith(quote, index)) return index;
      else if (braces && text.startsWith('{{', index) && quote !== '`') index++;
      else if (braces && text.startsWith(opening, index)) {
        depth = 1;
        index += opening.length - 1;
      }
    }
    memory.set(quote, index);
    return -1;
  }
}
