import type { Pong } from '../../shared/engineProtocol';

/** What is wrong with an engine whose process runs. */
export type Verdict =
  /** It has not answered for so many seconds: it hangs, or its channel is broken. */
  | { readonly kind: 'silent'; readonly seconds: number }
  /** It has answered everything, and an answer did not arrive. */
  | { readonly kind: 'lost' };

export interface Pulse {
  ping(): Promise<Pong>;
  /** Requests that were sent and have not been answered. */
  readonly waiting: ReadonlySet<object>;
}

/**
 * Asks an engine that has something to do whether it still listens, once a second.
 *
 * Seconds are counted and not measured: a machine that slept has not been silent.
 */
export class Heartbeat {
  private readonly timer: NodeJS.Timeout;
  private asked = false;
  private missed = 0;

  constructor(
    private readonly pulse: Pulse,
    private readonly options: {
      /** Seconds without an answer that are too many; 0: none are. */
      readonly limit: () => number;
      readonly onVerdict: (verdict: Verdict) => void;
      /** Milliseconds of a second. */
      readonly second?: number;
    },
  ) {
    this.timer = setInterval(() => {
      this.beat();
    }, options.second ?? 1000);
    this.timer.unref();
  }

  dispose(): void {
    clearInterval(this.timer);
  }

  private beat(): void {
    const { pulse, options } = this;
    const limit = options.limit();
    if (limit <= 0 || pulse.waiting.size === 0) {
      this.missed = 0;
      return;
    }
    if (this.asked) {
      this.missed++;
      if (this.missed < limit) return;
      this.dispose();
      options.onVerdict({ kind: 'silent', seconds: this.missed });
      return;
    }
    this.missed = 0;
    void this.ask();
  }

  private async ask(): Promise<void> {
    const { pulse, options } = this;
    const before = new Set(pulse.waiting);
    this.asked = true;
    let pong: Pong;
    try {
      pong = await pulse.ping();
    } catch {
      // The connection is closed: who waits is told by the end of the process.
      return;
    }
    this.asked = false;
    // The channel keeps the order: what was answered before the ping has arrived before its answer.
    const open = [...before].filter((request) => pulse.waiting.has(request)).length;
    if (open > pong.working) {
      this.dispose();
      options.onVerdict({ kind: 'lost' });
    }
  }
}
