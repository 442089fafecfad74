import { basename } from 'node:path';
import { InputError } from '../../shared/inputError';
import { say } from '../../shared/words/message';
import type { Checkpoint } from './checkpoint';
import { printable } from './fault';
import { openCheckpoint, type OpenOptions } from './openCheckpoint';

/**
 * Opens the set of weights that "weights" in basin.json names: a part of a PyTorch file, or in any
 * file the tensors whose names begin with it.
 *
 * @param choice keys and parts of names from the root, joined by dots; '' for all at the root.
 * @throws InputError when there is none, with those there are.
 */
export async function openChosen(
  path: string,
  { weights: choice, ...options }: OpenOptions,
  open: (path: string, options: OpenOptions) => Promise<Checkpoint> = openCheckpoint,
): Promise<Checkpoint> {
  if (choice === undefined) return open(path, options);
  // A part of the file, and of the tensors in it those behind a prefix: the longest part first.
  const parts = choice === '' ? [] : choice.split('.');
  let refusal: unknown;
  for (let length = parts.length; length >= 0; length -= 1) {
    const prefix = parts.slice(length).join('.');
    let checkpoint: Checkpoint;
    try {
      checkpoint = await open(path, { ...options, weights: parts.slice(0, length).join('.') });
    } catch (error) {
      if (!(error instanceof InputError) || error.reason !== 'invalid') throw error;
      refusal ??= error;
      continue;
    }
    // Files without parts are the same whatever is asked of them.
    const isWhole = checkpoint.variants === undefined;
    const found = behind(checkpoint, isWhole ? choice : prefix);
    if (found !== null) return found;
    await checkpoint.close();
    if (isWhole) throw nothingBehind(checkpoint, choice);
  }
  const usual = await open(path, options).catch(() => null);
  if (usual !== null) {
    const found = behind(usual, choice);
    if (found !== null) return found;
    await usual.close();
  }
  throw refusal instanceof Error ? refusal : new Error('One of both was there.');
}

/** The tensors behind a prefix, by the rest of their names; null where there are none. */
function behind(checkpoint: Checkpoint, prefix: string): Checkpoint | null {
  if (prefix === '') return checkpoint;
  const start = `${prefix}.`;
  const names = new Map(
    [...checkpoint.tensors.keys()].flatMap((name) =>
      name.startsWith(start) ? [[name.slice(start.length), name] as const] : [],
    ),
  );
  if (names.size === 0) return null;
  return {
    ...checkpoint,
    tensors: new Map(
      [...names].map(([name, own]) => [name, { ...checkpoint.tensors.get(own)!, name }]),
    ),
    read: (name) => checkpoint.read(names.get(name) ?? start + name),
    ...(checkpoint.stream === undefined
      ? {}
      : { stream: (name: string) => checkpoint.stream!(names.get(name) ?? start + name) }),
    close: () => checkpoint.close(),
  };
}

function nothingBehind({ path, tensors }: Checkpoint, choice: string): InputError {
  const places = [...new Set([...tensors.keys()].map((name) => name.split('.', 1)[0]!))];
  const listed = places.slice(0, 5).map((place) => `"${printable(place)}"`);
  return new InputError(
    say`${basename(path)} holds no weights at "${printable(choice)}"; names in it begin with ${listed.join(', ')}.`,
    'invalid',
  );
}
