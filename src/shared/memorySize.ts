import { InputError } from './inputError';
import { say } from './words/message';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['mb', 1e6],
  ['mib', 2 ** 20],
  ['gb', 1e9],
  ['gib', 2 ** 30],
  ['tb', 1e12],
  ['tib', 2 ** 40],
]);

/** Less than a runtime and a small network take. */
const MIN_BYTES = 512e6;

/**
 * Bytes of a size as people write it: `20 GB`, `1.5GiB`, `800MB`.
 *
 * @throws InputError where it is no size, or too small for any analysis.
 */
export function parseMemorySize(text: string, what: string): number {
  const parts = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text);
  const unit = UNITS.get(parts?.[2]?.toLowerCase() ?? '');
  if (parts === null || unit === undefined) {
    throw new InputError(
      say`${what} is ${JSON.stringify(text)} and must be a size of memory; write it as "8 GB" or "800 MB".`,
    );
  }
  const bytes = Number(parts[1]) * unit;
  if (bytes < MIN_BYTES) {
    throw new InputError(
      say`${what} is ${JSON.stringify(text)}, which is less than any analysis takes; give 512 MB or more.`,
    );
  }
  return bytes;
}
