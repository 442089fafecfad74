/** A frame that comes later than this after it was asked for, in milliseconds: below 30 a second. */
const SLOW = 34;
/** One late frame may be anybody's. */
const LATE_FRAMES = 2;
/** Nothing turned for so long after a frame, in milliseconds: it stands. */
const REST = 160;
/** The same in frames, where they are far apart: then what turns it is too. */
const REST_FRAMES = 2.5;

/**
 * How coarsely the surface is drawn while it turns: only as this machine has shown that it is too slow
 * otherwise. It is drawn whole as soon as it stands.
 */
export class TurningPace {
  private late = 0;
  private reached = 0;
  private turning = false;
  /** When the frame that is to come was asked for. */
  private asked: number | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param coarsest the last level; 0 is everything.
   * @param onRest called when it stands after having been drawn coarsely.
   */
  constructor(
    private readonly coarsest: number,
    private readonly onRest: () => void,
  ) {}

  get level(): number {
    return this.turning ? this.reached : 0;
  }

  /** It is to be drawn from elsewhere. @param now in milliseconds. */
  turn(now: number): void {
    this.turning = true;
    this.asked ??= now;
    clearTimeout(this.timer);
  }

  /** A frame is drawn. */
  frame(now: number): void {
    if (this.asked === null) return;
    const waited = now - this.asked;
    this.asked = null;
    this.late = waited > SLOW ? this.late + 1 : 0;
    if (this.late >= LATE_FRAMES && this.reached < this.coarsest) {
      this.reached++;
      this.late = 0;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => {
        const wasCoarse = this.level > 0;
        this.turning = false;
        if (wasCoarse) this.onRest();
      },
      Math.max(REST, REST_FRAMES * waited),
    );
  }

  dispose(): void {
    clearTimeout(this.timer);
  }
}
