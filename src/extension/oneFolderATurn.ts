import { readdir } from 'node:fs';
import type { FileSystemAdapter } from 'tinyglobby';

/**
 * The file system for a glob: folders are listed as fast as ever, but what is in them is looked at
 * in a turn for each folder, and not for all that the disk has answered meanwhile.
 */
export function oneFolderATurn(): FileSystemAdapter {
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
