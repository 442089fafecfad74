import { readdir } from 'node:fs';
import type { FileSystemAdapter } from 'tinyglobby';

/** Deleted meanwhile, or never a folder: nothing to say. */
const GONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR']);

/**
 * The file system for a glob: folders are listed as fast as ever, but what is in them is looked at
 * in a turn for each folder, and not for all that the disk has answered meanwhile.
 *
 * @param onUnreadable is told of each folder that is there and cannot be listed; the glob goes on.
 */
export function oneFolderATurn(
  onUnreadable: (folder: string, error: NodeJS.ErrnoException) => void,
): FileSystemAdapter {
  const waiting: (() => void)[] = [];
  const next = (): void => {
    waiting[0]?.();
    waiting.shift();
    if (waiting.length > 0) setImmediate(next);
  };
  const listed: typeof readdir = Object.assign(
    (...args: unknown[]) => {
      const callback = args.pop() as (...results: unknown[]) => void;
      (readdir as (...args: unknown[]) => void)(...args, (...results: unknown[]) => {
        const error = results[0] as NodeJS.ErrnoException | null;
        if (error !== null && !GONE.has(error.code)) onUnreadable(String(args[0]), error);
        waiting.push(() => {
          callback(...results);
        });
        if (waiting.length === 1) setImmediate(next);
      });
    },
    { __promisify__: readdir.__promisify__ },
  );
  return { readdir: listed };
}
