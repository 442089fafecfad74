import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { escapedLines } from '../../shared/escaped';
import { obstacleTo } from '../writing';

/**
 * All that a command says. Names in files are anybody's, so that no control character of one reaches
 * the terminal; within a line they are escaped where the line is made.
 *
 * @throws InputError where it leads to a disk that is full.
 */
export function print(text: string): void {
  printPart(`${text}\n`);
}

/** Of a line that goes on. */
export function printPart(text: string): void {
  write(escapedLines(text), process.stdout);
}

/** @returns whether more may be written at once. */
function write(text: string, out: Writable): boolean {
  try {
    return out.write(text);
  } catch (cause) {
    throw obstacleTo('Standard output', cause);
  }
}

/** A warning, a note, an error: on stderr, so that stdout holds the answer alone. */
export function complain(text: string): void {
  console.error(escapedLines(text));
}

/** Characters that go to the terminal at once. */
const PIECE = 2 ** 16;

/**
 * Prints one JSON document, piece by piece: a document of millions of pairs is longer than a string
 * can be. Controls of eight bits and marks that turn text around are escaped, which is the same JSON.
 *
 * @throws InputError where it leads to a disk that is full.
 */
export async function sayJson(document: unknown, out: Writable = process.stdout): Promise<void> {
  let held: string[] = [];
  let length = 0;
  const flush = async () => {
    const text = held.join('').replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, escapeInJson);
    held = [];
    length = 0;
    if (!write(text, out)) await once(out, 'drain');
  };
  for (const token of jsonTokens(document)) {
    held.push(token);
    length += token.length;
    if (length >= PIECE) await flush();
  }
  held.push('\n');
  await flush();
}

function escapeInJson(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    return `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }).join('');
}

/** Values of which one token is made: small enough to be written at once. */
const SMALL = 64;

/** Items of a list that are written at once. */
const RUN = 256;

/** The pieces of `JSON.stringify(value)`, for documents of any size that are not deeply nested. */
function* jsonTokens(value: unknown): Generator<string> {
  if (isSmall(value)) {
    yield value === undefined ? 'null' : JSON.stringify(value);
  } else if (Array.isArray(value)) {
    yield '[';
    const items = value as readonly unknown[];
    for (let at = 0; at < items.length;) {
      if (at > 0) yield ',';
      let end = at;
      while (end < items.length && end < at + RUN && isSmall(items[end])) end++;
      if (end > at) yield JSON.stringify(items.slice(at, end)).slice(1, -1);
      else yield* jsonTokens(items[end++]);
      at = end;
    }
    yield ']';
  } else {
    let separator = '{';
    for (const [key, item] of Object.entries(value as object)) {
      if (item === undefined || typeof item === 'function') continue;
      yield `${separator}${JSON.stringify(key)}:`;
      yield* jsonTokens(item);
      separator = ',';
    }
    yield separator === '{' ? '{}' : '}';
  }
}

/** Whether there are few values in it, down to two levels. */
function isSmall(value: unknown, levels = 2): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  if (Array.isArray(value)) {
    return value.length <= SMALL && value.every((item) => isSmall(item, levels - 1));
  }
  let count = 0;
  for (const key in value) {
    if (++count > SMALL || !isSmall((value as Record<string, unknown>)[key], levels - 1)) {
      return false;
    }
  }
  return true;
}
