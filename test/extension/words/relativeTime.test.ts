import { describe, expect, it } from 'vitest';
import { relativeTime } from '../../../src/extension/words/relativeTime';

const now = Date.UTC(2026, 10, 23);
const ago = (seconds: number, language = 'en'): string =>
  relativeTime(now - 1000 * seconds, now, language);

describe('how long ago', () => {
  it.each([
    [0, 'now'],
    [59, 'now'],
    [60, '1 min. ago'],
    [3599, '59 min. ago'],
    [2 * 3600, '2 hr. ago'],
    [86_400, 'yesterday'],
    [8 * 86_400, 'last wk.'],
    [400 * 86_400, 'last yr.'],
    [-5, 'now'],
  ])('%i s is %s', (seconds, text) => {
    expect(ago(seconds)).toBe(text);
  });

  it('is told in the language of the window, in English where there is none', () => {
    expect(ago(300, 'zh-cn')).toBe('5分钟前');
    expect(ago(300, 'no such language')).toBe('5 min. ago');
  });
});
