/** What moves a cursor, changes colours or turns text around: controls, formats, separators, halves of pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const UNPRINTABLE_IN_LINES = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A name as people may see it, whoever chose it: characters that are none to look at are written
 * `\x1b` or `\u202e`, so that different names stay different.
 */
export function escaped(text: string): string {
  return text.replace(UNPRINTABLE, escape);
}

/** The same for text of several lines. */
export function escapedLines(text: string): string {
  return text.replace(UNPRINTABLE_IN_LINES, escape);
}

function escape(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}
