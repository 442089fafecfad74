import type { Progress } from '../../shared/engineProtocol';
import type { Part } from '../../shared/result';
import { contentKey, type Cache } from './results/cache';
import type { OpenedCheckpoint } from './openProblem';
import { removeShared } from './landscapes/sharedPoints';
import type { WorkerPool } from './pool/workerPool';

/** Part of every cache key: raised when a part's computation changes. */
const COMPUTATION = 9;

export interface Computed<T> {
  readonly value: T;
  readonly milliseconds: number;
}

/** What the parts of one analysis are computed with: the workers, and what is known already. */
export class PartWork {
  readonly pool: WorkerPool;
  readonly cache: Cache;
  readonly signal: AbortSignal | undefined;
  readonly onProgress:
    ((progress: Pick<Progress, 'part' | 'fraction' | 'isElsewhere'>) => void) | undefined;
  /** What the workers know. */
  private known: OpenedCheckpoint | undefined;

  constructor(
    pool: WorkerPool,
    cache: Cache,
    options: Partial<Pick<PartWork, 'signal' | 'onProgress'>>,
  ) {
    this.pool = pool;
    this.cache = cache;
    this.signal = options.signal;
    this.onProgress = options.onProgress;
  }

  /** Whether the workers were asked for anything. */
  get isAtWork(): boolean {
    return this.known !== undefined;
  }

  /** The workers are told something else. */
  forgetProblem(): void {
    this.known = undefined;
  }

  /** Tells the workers what they compute, only if anything must be computed. */
  setProblem(opened: OpenedCheckpoint): void {
    if (this.known === opened) return;
    this.pool.setProblem(opened.problem);
    this.known = opened;
  }

  /** The key of what a part follows from. */
  key({ key }: OpenedCheckpoint, part: Part, settings: object): string {
    const own = contentKey(key, this.pool.runtime.identity, { COMPUTATION }, part, settings);
    return `${part}-${own.slice(0, 32)}`;
  }

  /**
   * A part, from the cache where it is there.
   *
   * @param isWhole whether what is stored beside the value is there too.
   */
  async cached<T>(
    part: Part,
    key: string,
    compute: () => Promise<T>,
    isWhole: (value: T) => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<Computed<T>> {
    const { signal, onProgress } = this;
    signal?.throwIfAborted();
    let known: Computed<T> | null = null;
    const isKnown = async (): Promise<boolean> => {
      known = await this.cache.read<Computed<T>>(key);
      if (known !== null && !(await isWhole(known.value))) known = null;
      return known !== null;
    };
    if (!(await isKnown())) {
      onProgress?.({ part, fraction: 0 });
      const claim = await this.cache.claim(key, isKnown, {
        signal,
        onWait: () => onProgress?.({ part, fraction: 0, isElsewhere: true }),
      });
      try {
        // Somebody may have finished it between the look and the claim.
        if (claim !== null && !(await isKnown())) known = await this.compute(key, compute);
      } finally {
        await claim?.release();
      }
    }
    onProgress?.({ part, fraction: 1 });
    return known!;
  }

  private async compute<T>(key: string, compute: () => Promise<T>): Promise<Computed<T>> {
    const started = performance.now();
    const computed = { value: await compute(), milliseconds: performance.now() - started };
    await this.cache.write(key, computed);
    await this.cache.log(key).remove();
    await removeShared(this.cache.sharedFolder(key));
    return computed;
  }
}
