/** Deeper than anybody writes by hand, and shallower than what fills a stack. */
export const MAX_NESTING = 200;

/**
 * Where JSON with comments nests deeper than it may: parsers of it, and what walks through their
 * values, call themselves for each level.
 *
 * @returns the offset of the first bracket that is too deep; null where none is.
 */
export function tooDeep(text: string, deepest = MAX_NESTING): number | null {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
      case '[':
        if (++depth > deepest) return at;
        break;
      case '}':
      case ']':
        depth--;
        break;
      case '"':
        at = endOfString(text, at);
        break;
      case '/':
        if (text[at + 1] === '/') at = endOr(text, text.indexOf('\n', at));
        else if (text[at + 1] === '*') at = endOr(text, text.indexOf('*/', at + 2));
        break;
      default:
    }
  }
  return null;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    // A string that is not closed ends with its line.
    else if (character === '"' || character === '\n') return at;
  }
  return text.length;
}

function endOr(text: string, found: number): number {
  return found < 0 ? text.length : found;
}
