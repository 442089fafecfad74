/** A frame that comes later than this after it was asked for, in milliseconds: below 30 a second. */
const SLOW = 33;
/** One late frame may be anybody's. */
const LATE_FRAMES = 2;
/** Nothing turned for so long, in milliseconds: it stands. */
const REST = 160;

/**
 * Whether the surface is drawn coarsely while it turns: only where this machine has shown that it is
 * too slow otherwise. It is drawn whole as soon as it stands.
 */
export class TurningPace {
  private late = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private turning = false;

  /** @param onRest called when it stands after having been drawn coarsely. */
  constructor(private readonly onRest: () => void) {}

  get isCoarse(): boolean {
    return this.turning && this.late >= LATE_FRAMES;
  }

  turn(): void {
    this.turning = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const wasCoarse = this.isCoarse;
      this.turning = false;
      if (wasCoarse) this.onRest();
    }, REST);
  }

  /** @param waited from when a frame was asked for until it came, in milliseconds. */
  frame(waited: number): void {
    if (!this.turning || this.late >= LATE_FRAMES) return;
    this.late = waited > SLOW ? this.late + 1 : 0;
  }

  dispose(): void {
    clearTimeout(this.timer);
  }
}
