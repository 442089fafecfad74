/**
 * How long to wait before starting again something that keeps dying.
 *
 * The first failure costs nothing: the next start is immediate. Each further failure within the
 * memory doubles the wait, up to a limit.
 */
export class BackOff {
  private failures: number[] = [];

  constructor(
    private readonly options: {
      /** Milliseconds of the first wait. */
      readonly first: number;
      /** Milliseconds of the longest wait. */
      readonly limit: number;
      /** Milliseconds after which a failure is forgotten. */
      readonly memory: number;
    } = { first: 500, limit: 30_000, memory: 120_000 },
    private readonly now: () => number = Date.now,
  ) {}

  failed(): void {
    this.forget();
    this.failures.push(this.now());
  }

  /** It did its work: whatever went wrong before is over. */
  succeeded(): void {
    this.failures = [];
  }

  /** Milliseconds still to wait before the next start. */
  remaining(): number {
    this.forget();
    const last = this.failures.at(-1);
    if (last === undefined || this.failures.length < 2) return 0;
    const wait = Math.min(this.options.first * 2 ** (this.failures.length - 2), this.options.limit);
    return Math.max(0, last + wait - this.now());
  }

  private forget(): void {
    const oldest = this.now() - this.options.memory;
    this.failures = this.failures.filter((time) => time > oldest);
  }
}
