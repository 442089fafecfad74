import { describe, expect, it } from 'vitest';
import { escaped, escapedLines } from '../../src/shared/escaped';
import { tooDeep } from '../../src/shared/nesting';

describe('brackets in brackets', () => {
  it.each<[string, number | null]>([
    ['[[]]', null],
    ['[[[]]]', 2],
    ['{"a": {"b": [1]}}', 12],
    ['["[[[[", 1]', null],
    ['["\\"[[[[", []]', null],
    ['[/* [[[[ */ [] // [[[[\n]', null],
    ['[[][][][][]]', null],
    ['["[[[\n[[', 7],
  ])('of %j are too deep at %s', (text, offset) => {
    expect(tooDeep(text, 2)).toBe(offset);
  });

  it('are counted without calling itself', () => {
    expect(tooDeep('['.repeat(1_000_000), 2_000_000)).toBeNull();
  });
});

describe('names of unknown people', () => {
  it.each([
    ['\u001b[31mred', '\\x1b[31mred'],
    ['a\r\nb', 'a\\x0d\\x0ab'],
    ['\u009b2J', '\\x9b2J'],
    ['a\u202eb', 'a\\u202eb'],
    ['\u2028', '\\u2028'],
    ['\ud800', '\\ud800'],
    ['\u{e0001}', '\\u{e0001}'],
    ['größe λ 層 🙂', 'größe λ 層 🙂'],
  ])('%j are shown as %s', (text, shown) => {
    expect(escaped(text)).toBe(shown);
  });

  it('keep their lines where they are text', () => {
    expect(escapedLines('a\nb\u0007')).toBe('a\nb\\x07');
  });
});
