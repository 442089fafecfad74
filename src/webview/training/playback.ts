import type { Disposable } from '../disposable';

/** Time from one checkpoint to the next, in milliseconds; more where motion is to be reduced. */
const STEP = 550;
const CALM_STEP = 1600;

/** Goes through a training by itself, one checkpoint after the other. */
export class Playback implements Disposable {
  private timer: ReturnType<typeof setInterval> | null = null;

  /**
   * @param step goes on by one where what is shown has arrived; false at the end.
   * @param onChange told when it starts and when it ends.
   */
  constructor(
    private readonly step: () => boolean,
    private readonly onChange: () => void,
  ) {}

  get playing(): boolean {
    return this.timer !== null;
  }

  start(): void {
    if (this.timer !== null) return;
    const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.timer = setInterval(
      () => {
        if (!this.step()) this.stop();
      },
      calm ? CALM_STEP : STEP,
    );
    this.onChange();
  }

  stop(): void {
    if (this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
    this.onChange();
  }

  dispose(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }
}
