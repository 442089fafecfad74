import type { CheckpointFile } from './runs';

/**
 * Tells files that are still being written from complete ones: a file is complete when its size
 * and its time of modification have not changed for a while. `torch.save` writes in place, so an
 * event about a file says nothing about its end.
 */
export class Settling {
  private readonly known = new Map<string, { size: number; modified: number; since: number }>();

  constructor(
    /** Milliseconds without a change. */
    private readonly quiet = 1000,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes note of a file as it is now, and says whether it is complete. */
  observe(file: CheckpointFile): boolean {
    const now = this.now();
    const last = this.known.get(file.path);
    if (last?.size === file.size && last.modified === file.modified) {
      return now - last.since >= this.quiet;
    }
    // First seen: it has been as it is since it was modified, unless its clock is ahead of ours.
    const since = last === undefined ? Math.min(now, file.modified) : now;
    this.known.set(file.path, { size: file.size, modified: file.modified, since });
    return now - since >= this.quiet;
  }

  forget(path: string): void {
    this.known.delete(path);
  }
}
