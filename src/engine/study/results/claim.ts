import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * A file that says that a part of a result is being computed, so that another window or command on
 * the same folder waits for it instead of computing it too.
 *
 * It is advice and no lock: locks break on network disks, and nothing depends on it. Parts are written
 * whole under the hash of all they follow from, so that who computes one twice has lost time alone.
 * Its holder counts in it; what has not counted on for a while, by the clock of whoever looks, is left
 * over from a crash. Clocks of two machines are never compared.
 */
export class Claim {
  private readonly path: string;
  private readonly own: Pick<Content, 'id' | 'host' | 'pid'>;
  private readonly timer: NodeJS.Timeout;
  private beats = 0;
  private beating: Promise<void> = Promise.resolve();
  private isOver = false;

  private constructor(path: string, own: Pick<Content, 'id' | 'host' | 'pid'>, beat: number) {
    this.path = path;
    this.own = own;
    this.timer = setInterval(() => {
      this.beating = this.beating.then(() => this.beat());
    }, beat);
    this.timer.unref();
  }

  /**
   * Takes a part for oneself, or waits while another does: until `isDone`, or until nothing is heard
   * of the other any more.
   *
   * @param isDone whether the other has finished the part.
   * @returns null when it has; else a claim that must be released.
   * @throws the signal's reason.
   */
  static async take(
    path: string,
    isDone: () => Promise<boolean>,
    { signal, onWait, beat = BEAT, silence = SILENCE, poll = POLL }: ClaimOptions = {},
  ): Promise<Claim | null> {
    const own = { id: randomUUID(), host: hostname(), pid: process.pid };
    const watch = new Watch(silence);
    for (;;) {
      signal?.throwIfAborted();
      if (!(await isTaken(path, { ...own, beats: 0 }))) return new Claim(path, own, beat);
      // Whoever finished it has released it after that.
      const text = await readFile(path, 'utf8').catch(() => '');
      if (await isDone()) return null;
      if (watch.isOver(path, text)) {
        await rm(path, { force: true }).catch(() => undefined);
        continue;
      }
      onWait?.();
      await pause(poll, undefined, { signal });
    }
  }

  /** Takes a part where nobody has it. @returns null while somebody has. */
  static async attempt(path: string, watch: Watch, beat = BEAT): Promise<Claim | null> {
    const own = { id: randomUUID(), host: hostname(), pid: process.pid };
    if (!(await isTaken(path, { ...own, beats: 0 }))) return new Claim(path, own, beat);
    const text = await readFile(path, 'utf8').catch(() => '');
    if (!watch.isOver(path, text)) return null;
    await rm(path, { force: true }).catch(() => undefined);
    return (await isTaken(path, { ...own, beats: 0 })) ? null : new Claim(path, own, beat);
  }

  /** Lets others have it. */
  async release(): Promise<void> {
    this.isOver = true;
    clearInterval(this.timer);
    await this.beating;
    if (await this.isOwn()) await rm(this.path, { force: true }).catch(() => undefined);
  }

  private async beat(): Promise<void> {
    // Who was silent for long, as a machine that slept, may have lost it to another.
    if (this.isOver || !(await this.isOwn())) return;
    this.beats += 1;
    const content: Content = { ...this.own, beats: this.beats };
    await writeFile(this.path, JSON.stringify(content)).catch(() => undefined);
  }

  private async isOwn(): Promise<boolean> {
    const text = await readFile(this.path, 'utf8').catch(() => '');
    return contentOf(text)?.id === this.own.id;
  }
}

/** Who holds claims, as far as one process has seen. */
export class Watch {
  private readonly silence: number;
  private readonly seen = new Map<string, { readonly text: string; readonly since: number }>();

  constructor(silence = SILENCE) {
    this.silence = silence;
  }

  /** Whether nothing is heard of a claim's holder any more. @param text what the file holds now. */
  isOver(path: string, text: string): boolean {
    const now = performance.now();
    const known = this.seen.get(path);
    if (known?.text !== text) this.seen.set(path, { text, since: now });
    const since = known?.text === text ? known.since : now;
    return now - since >= this.silence || isDead(text);
  }
}

export interface ClaimOptions {
  readonly signal?: AbortSignal | undefined;
  /** Another computes it: called again and again. */
  readonly onWait?: (() => void) | undefined;
  /** Milliseconds between two signs of life, without any, and between two looks. */
  readonly beat?: number;
  readonly silence?: number;
  readonly poll?: number;
}

interface Content {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly beats: number;
}

const BEAT = 2000;

/** Longer than the thread of a living analysis is away, in milliseconds. */
const SILENCE = 30_000;

const POLL = 250;

/** Makes the file, unless it is there: where nothing can be written, nobody has the part. */
async function isTaken(path: string, content: Content): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch {
    return false;
  }
  try {
    await writeFile(path, JSON.stringify(content), { flag: 'wx' });
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EEXIST';
  }
}

/** Of one that is being written there is nothing yet. */
function contentOf(text: string): Content | null {
  try {
    return JSON.parse(text) as Content;
  } catch {
    return null;
  }
}

/** Whether it was made on this machine by a process that is no more. */
function isDead(text: string): boolean {
  const content = contentOf(text);
  if (content?.host !== hostname() || !Number.isSafeInteger(content.pid)) return false;
  try {
    process.kill(content.pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
