/** A text with values in its holes `{0}`, `{1}` …; a hole that nothing is given for stays. */
export function fillIn(text: string, values: readonly (string | number)[]): string {
  return text.replace(/\{(\d+)\}/g, (hole, index: string) => String(values[Number(index)] ?? hole));
}
