import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TurningPace } from '../../../src/webview/landscape/surface/turningPace';

describe('the pace at which a surface turns', () => {
  let rested = 0;
  let pace: TurningPace;
  beforeEach(() => {
    vi.useFakeTimers();
    rested = 0;
    pace = new TurningPace(2, () => {
      rested++;
    });
  });
  afterEach(() => {
    pace.dispose();
    vi.useRealTimers();
  });

  /** Frames that each come so many milliseconds after they were asked for. */
  function turn(frames: number, late: number): void {
    for (let k = 0; k < frames; k++) {
      pace.turn(Date.now());
      vi.advanceTimersByTime(late);
      pace.frame(Date.now());
    }
  }

  it('is whole where frames are on time, and after one that is late', () => {
    turn(100, 16);
    turn(1, 200);
    turn(100, 16);
    expect(pace.level).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(rested).toBe(0);
  });

  it('gets coarser as long as it is too slow, and no coarser than that', () => {
    turn(2, 80);
    expect(pace.level).toBe(1);
    turn(20, 20);
    expect(pace.level).toBe(1);
    turn(20, 40);
    expect(pace.level).toBe(2);
  });

  it('is whole where it stands, and as coarse again when it is turned again', () => {
    turn(2, 80);
    vi.advanceTimersByTime(1000);
    expect([pace.level, rested]).toEqual([0, 1]);
    pace.turn(Date.now());
    expect(pace.level).toBe(1);
  });

  it('does not stand between two frames, however far apart they are', () => {
    turn(30, 900);
    expect([pace.level, rested]).toEqual([2, 0]);
    vi.advanceTimersByTime(2 * 900);
    expect(rested).toBe(0);
    vi.advanceTimersByTime(900);
    expect(rested).toBe(1);
  });

  it('learns nothing from frames that nobody turned', () => {
    for (let k = 0; k < 10; k++) {
      vi.advanceTimersByTime(500);
      pace.frame(Date.now());
    }
    pace.turn(Date.now());
    expect(pace.level).toBe(0);
  });
});
