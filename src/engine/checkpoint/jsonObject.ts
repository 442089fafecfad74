/** An object of a JSON file, of which nothing is known yet. */
export type Json = Readonly<Record<string, unknown>>;

/** null for lists and everything else that is no object. */
export function objectOf(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : null;
}
