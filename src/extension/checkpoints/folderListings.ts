import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/**
 * Which files there are, each folder listed once: for looking for many files, most of which do not
 * exist. It ages, and is for one look.
 */
export class FolderListings {
  private readonly folders = new Map<string, Promise<ReadonlySet<string> | null>>();

  /** Whether there may be a file or folder of this path: an unreadable folder may have it. */
  async has(path: string): Promise<boolean> {
    const folder = dirname(path);
    let listing = this.folders.get(folder);
    if (listing === undefined) {
      listing = list(folder);
      this.folders.set(folder, listing);
    }
    return (await listing)?.has(basename(path)) ?? true;
  }
}

async function list(folder: string): Promise<ReadonlySet<string> | null> {
  try {
    return new Set(await readdir(folder));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' || code === 'ENOTDIR' ? new Set() : null;
  }
}
