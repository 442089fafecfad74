import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '../../shared/inputError';

/** The basin.json of a checkpoint: beside it or above. */
export function governing(checkpoint: string): string {
  let folder = dirname(resolve(checkpoint));
  for (;;) {
    const candidate = join(folder, 'basin.json');
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) break;
    folder = dirname(folder);
  }
  throw new InputError(
    `${checkpoint} has no basin.json beside or above it, which says which graph and data belong to it; write one.`,
    'missing',
  );
}
