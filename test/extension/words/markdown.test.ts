import { describe, expect, it } from 'vitest';
import { commandLink, escapeMarkdown } from '../../../src/extension/words/markdown';

describe('text from a file in markdown', () => {
  it('stays text', () => {
    expect(escapeMarkdown('[x](command:y)')).toBe('\\[x\\]\\(command\\:y\\)');
    expect(escapeMarkdown('<img src=x>')).toBe('\\<img src=x\\>');
    expect(escapeMarkdown('a\n# b')).toBe('a \\# b');
    expect(escapeMarkdown('$(rocket)')).toBe('\\$\\(rocket\\)');
  });

  it('is encoded in a link', () => {
    const link = commandLink('Analyze', 'basin.analyzeCheckpoint', '/a b/")/x.pt');
    expect(link).toMatch(
      /^\[Analyze\]\(command:basin\.analyzeCheckpoint\?[A-Za-z0-9%._~!*'-]+(%22)?%5D\)$/,
    );
    const argument = /\?([^)]*)\)/.exec(link)?.[1] ?? '';
    expect(JSON.parse(decodeURIComponent(argument))).toEqual(['/a b/")/x.pt']);
  });
});
