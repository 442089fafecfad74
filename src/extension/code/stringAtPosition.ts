/** A string literal in a line of source code. */
export interface StringLiteral {
  /** Column of the opening quote. */
  readonly start: number;
  /** Column after the closing quote. */
  readonly end: number;
  /** What is between the quotes, with backslash escapes of quotes and backslashes undone. */
  readonly text: string;
}

/** Longer literals are no paths. */
const MAX_PATH_LENGTH = 4096;

/**
 * The string literal around a column, in the languages Basin hovers in: single, double and
 * backtick quotes, Python's triple quotes on one line. Raw Python strings keep their backslashes.
 *
 * One line is looked at, without parsing the language: a quote in a comment can mislead it, and
 * then there is no file of that name.
 */
export function stringAt(line: string, column: number): StringLiteral | null {
  let index = 0;
  while (index < line.length && index <= column) {
    const quote = quoteAt(line, index);
    if (quote === null) {
      index++;
      continue;
    }
    const raw = /(^|[^A-Za-z0-9_])([rR][bBfF]?|[bBfF][rR])$/.test(line.slice(0, index));
    const close = closing(line, index + quote.length, quote);
    if (close === -1) {
      // An apostrophe in a comment, or a string that goes on in the next line.
      index += quote.length;
      continue;
    }
    const end = close + quote.length;
    if (column >= index && column < end) {
      const text = line.slice(index + quote.length, close);
      if (text === '' || text.length > MAX_PATH_LENGTH) return null;
      return { start: index, end, text: raw ? text : text.replace(/\\(["'`\\/])/g, '$1') };
    }
    index = end;
  }
  return null;
}

function quoteAt(line: string, index: number): string | null {
  for (const quote of ['"""', "'''", '"', "'", '`']) {
    if (line.startsWith(quote, index)) return quote;
  }
  return null;
}

function closing(line: string, from: number, quote: string): number {
  for (let index = from; index < line.length; index++) {
    if (line[index] === '\\') index++;
    else if (line.startsWith(quote, index)) return index;
  }
  return -1;
}
