import { randomUUID } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { PointShare } from '../../landscape/sharedSampler';
import { PieceLog, recordsOf, type Cache } from '../results/cache';
import { Claim, Watch, type ClaimOptions } from '../results/claim';

/** One of several processes that compute one landscape. */
export interface Team {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** The ending of the files that hold points. */
const POINTS = '.points';

/** How often is looked what the others have, in milliseconds: at first, and after long. */
const MIN_LOOK = 20;
const MAX_LOOK = 500;

/**
 * The points of one landscape that several processes compute, maybe on several machines, in a folder:
 * each writes its own into a file that nobody else writes, and says by a claim which it is at. What
 * two compute is the same twice.
 */
export class SharedPoints implements PointShare {
  readonly team: Team;
  private readonly folder: string;
  private readonly path: string;
  private own: PieceLog;
  private readonly watch: Watch;
  private readonly beat: number | undefined;
  private readonly isDone: () => Promise<boolean>;
  private readonly signal: AbortSignal | undefined;
  /** Bytes that are read of each file. */
  private readonly read = new Map<string, number>();

  /** @param isDone whether somebody has put all of it together. */
  constructor(
    folder: string,
    team: Team,
    isDone: () => Promise<boolean>,
    options: ClaimOptions = {},
  ) {
    this.folder = folder;
    this.team = team;
    this.isDone = isDone;
    this.signal = options.signal;
    // A process that is started again has another file: it need not know how the last record ended.
    this.path = join(folder, `${randomUUID()}${POINTS}`);
    this.own = new PieceLog(this.path);
    this.watch = new Watch(options.silence);
    this.beat = options.beat;
  }

  /** What others wrote since the last look, and all at the first. */
  async news(): Promise<readonly (readonly [number, number])[]> {
    const found: (readonly [number, number])[] = [];
    for (const name of await readdir(this.folder).catch(() => [])) {
      if (!name.endsWith(POINTS)) continue;
      const start = this.read.get(name) ?? 0;
      const { records, end } = recordsOf(await bytesFrom(join(this.folder, name), start));
      // Two may look at once.
      this.read.set(name, Math.max(this.read.get(name) ?? 0, start + end));
      for (const record of records) found.push(record);
    }
    return found;
  }

  async append(points: readonly number[], losses: readonly number[]): Promise<void> {
    try {
      await this.own.append(points, losses);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      // Another put the landscape together and took the folder away.
      this.own = new PieceLog(this.path);
      await this.own.append(points, losses);
    }
  }

  async claim(block: string): Promise<{ release(): Promise<void> } | null> {
    this.signal?.throwIfAborted();
    return Claim.attempt(join(this.folder, `${block}.claim`), this.watch, this.beat);
  }

  isFinished(): Promise<boolean> {
    return this.isDone();
  }

  /** @param looks without anything new. */
  wait(looks: number): Promise<void> {
    const time = Math.min(MAX_LOOK, MIN_LOOK * 2 ** Math.min(looks, 10));
    return pause(time, undefined, { signal: this.signal });
  }
}

/** All points in a folder of shared ones. */
export async function sharedRecords(
  folder: string,
): Promise<readonly (readonly [number, number])[]> {
  const nobody = { index: 0, count: 1 };
  return new SharedPoints(folder, nobody, () => Promise.resolve(false)).news();
}

/** How many points of a landscape are there: in its record, and of all that sample it. */
export async function sampledPoints(cache: Cache, key: string): Promise<number> {
  const points = new Set<number>();
  for (const [point] of await cache.log(key).peek()) points.add(point);
  for (const [point] of await sharedRecords(cache.sharedFolder(key))) points.add(point);
  return points.size;
}

export async function removeShared(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

/** What a file has beyond a place; nothing where it is gone. */
async function bytesFrom(path: string, start: number): Promise<Buffer> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return Buffer.alloc(0);
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.max(0, size - start));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
