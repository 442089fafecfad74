import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { dirname, join } from 'node:path';

/** Where Linux says what the control groups of a process may use and use, by version. */
const VERSIONS = [
  {
    root: '/sys/fs/cgroup',
    own: /^0::(\/.*)$/m,
    limits: ['memory.max', 'memory.high'],
    used: 'memory.current',
    cache: /^inactive_file (\d+)$/m,
  },
  {
    root: '/sys/fs/cgroup/memory',
    own: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m,
    limits: ['memory.limit_in_bytes'],
    used: 'memory.usage_in_bytes',
    cache: /^total_inactive_file (\d+)$/m,
  },
] as const;

/**
 * Bytes that can still be allocated: what the machine has free, or what the control groups of this
 * process, its own and those above it, may still use, if that is less. What they hold of files read
 * and can let go of is no use.
 *
 * @param read gives the text of a file; throws where there is none.
 */
export function availableMemory(
  free: number = freemem(),
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): number {
  const textOf = (path: string): string | null => {
    try {
      return read(path);
    } catch {
      // Not Linux, or no such group.
      return null;
    }
  };
  let available = free;
  for (const { root, own, limits, used, cache } of VERSIONS) {
    for (const folder of groupsOf(own.exec(textOf('/proc/self/cgroup') ?? '')?.[1] ?? '/')) {
      const group = join(root, folder);
      const bytes = Number(textOf(join(group, used)) ?? NaN);
      const files = Number(cache.exec(textOf(join(group, 'memory.stat')) ?? '')?.[1] ?? 0);
      for (const limit of limits) {
        // "max" is no limit.
        const left = Number(textOf(join(group, limit)) ?? NaN) - Math.max(0, bytes - files);
        if (Number.isFinite(left)) available = Math.min(available, Math.max(0, left));
      }
    }
  }
  return available;
}

/** Share of what is free that an analysis takes, where no limit is given. */
export const MEMORY_SHARE = 0.75;

/** Bytes that an analysis would take at most if it began now. */
export function defaultMemoryLimit(): number {
  return MEMORY_SHARE * availableMemory();
}

/** A group and all above it. Within a container its own is the root. */
function groupsOf(own: string): readonly string[] {
  const groups = [own];
  while (groups.at(-1) !== '/') groups.push(dirname(groups.at(-1)!));
  return groups;
}
