import { describe, expect, it } from 'vitest';
import { Settling } from '../../../src/extension/checkpoints/settling';

describe('a file is complete', () => {
  function make(): { settling: Settling; at: (milliseconds: number) => void } {
    let time = 0;
    return { settling: new Settling(1000, () => time), at: (t) => (time = t) };
  }
  const file = (size: number, modified: number) => ({ path: '/e.pt', size, modified });

  it('at once when it is old', () => {
    const { settling, at } = make();
    at(10_000);
    expect(settling.observe(file(5, 3000))).toBe(true);
  });

  it('a second after its last change', () => {
    const { settling, at } = make();
    at(10_000);
    expect(settling.observe(file(5, 10_000))).toBe(false);
    at(10_900);
    expect(settling.observe(file(6, 10_900))).toBe(false);
    at(11_800);
    expect(settling.observe(file(6, 10_900))).toBe(false);
    at(11_900);
    expect(settling.observe(file(6, 10_900))).toBe(true);
  });

  it('not before a second where the clock of the disk is ahead', () => {
    const { settling, at } = make();
    at(10_000);
    expect(settling.observe(file(5, 99_000))).toBe(false);
    at(11_000);
    expect(settling.observe(file(5, 99_000))).toBe(true);
  });
});
