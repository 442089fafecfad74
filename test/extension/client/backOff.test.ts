import { describe, expect, it } from 'vitest';
import { BackOff } from '../../../src/extension/client/backOff';

describe('back-off', () => {
  function make(): { backOff: BackOff; pass: (milliseconds: number) => void } {
    let time = 1_000_000;
    const backOff = new BackOff({ first: 500, limit: 4000, memory: 60_000 }, () => time);
    return { backOff, pass: (milliseconds) => (time += milliseconds) };
  }

  it('costs the first failure nothing and doubles from the second', () => {
    const { backOff } = make();
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      backOff.failed();
      waits.push(backOff.remaining());
    }
    expect(waits).toEqual([0, 500, 1000, 2000, 4000, 4000]);
  });

  it('counts the wait from the failure', () => {
    const { backOff, pass } = make();
    backOff.failed();
    backOff.failed();
    pass(300);
    expect(backOff.remaining()).toBe(200);
    pass(300);
    expect(backOff.remaining()).toBe(0);
  });

  it('forgets failures that are long past, and all of them after a success', () => {
    const { backOff, pass } = make();
    backOff.failed();
    pass(61_000);
    backOff.failed();
    expect(backOff.remaining()).toBe(0);
    backOff.failed();
    backOff.succeeded();
    expect(backOff.remaining()).toBe(0);
  });
});
