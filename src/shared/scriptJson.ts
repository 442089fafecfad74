/**
 * JSON in an HTML script element: `<` would let a file's name close the element or open a comment
 * in it, and U+2028 and U+2029 end lines in older JavaScript. All are the same string once parsed.
 */
export function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
