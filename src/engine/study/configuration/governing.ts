import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { impliedData, impliedFolder, mayHoldConfiguration } from '../../../shared/impliedRun';
import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';

/** The basin.json of a checkpoint: beside it or above. @throws InputError where there is none. */
export function governing(checkpoint: string): string {
  const found = governingOf(dirname(resolve(checkpoint)));
  if (found !== null) return found;
  const name = basename(checkpoint);
  if (mayHoldConfiguration(name)) {
    const own = dirname(resolve(checkpoint));
    return join(impliedFolder(name, own, dirname(own), hasData), 'basin.json');
  }
  throw new InputError(
    say`${checkpoint} has no basin.json beside or above it, which says which graph and data belong to it; "basin init" prepares its folder.`,
    'missing',
  );
}

function hasData(folder: string): boolean {
  return impliedData((name) => existsSync(join(folder, name))) !== null;
}

/** The basin.json in a folder, or the nearest above it. */
export function governingOf(folder: string): string | null {
  const candidate = join(folder, 'basin.json');
  if (existsSync(candidate)) return candidate;
  return dirname(folder) === folder ? null : governingOf(dirname(folder));
}
