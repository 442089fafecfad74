import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';

/** Where Linux says what a container may use and uses: control groups, version 2 and version 1. */
const GROUPS = [
  ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory.current'],
  ['/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory/memory.usage_in_bytes'],
] as const;

/**
 * Bytes that can still be allocated: what the machine has free, or what the container this runs in
 * may still use, if that is less.
 *
 * @param read gives the text of a file; throws where there is none.
 */
export function availableMemory(
  free: number = freemem(),
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): number {
  let available = free;
  for (const [limitFile, usedFile] of GROUPS) {
    try {
      // "max" is no limit.
      const limit = Number(read(limitFile));
      const left = limit - Number(read(usedFile));
      if (Number.isFinite(left)) available = Math.min(available, Math.max(0, left));
    } catch {
      // Not Linux, or no such group.
    }
  }
  return available;
}
