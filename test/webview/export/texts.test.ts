import { describe, expect, it } from 'vitest';
import { csvText, tabbedText } from '../../../src/webview/export/delimited';
import { fileName } from '../../../src/webview/export/exportPlot';
import { latexFigure, latexText } from '../../../src/webview/export/latex';
import { markdownText } from '../../../src/webview/export/markdown';

describe('data as CSV', () => {
  it('quotes as RFC 4180 says, and gives every digit', () => {
    const text = csvText({
      columns: ['name', 'value'],
      rows: [
        ['a,b', 0.1 + 0.2],
        ['say "x"', null],
        ['two\nlines', 'NaN'],
      ],
    });
    expect(text).toBe(
      'name,value\r\n"a,b",0.30000000000000004\r\n"say ""x""",\r\n"two\nlines",NaN\r\n',
    );
  });
});

describe('a table on the clipboard', () => {
  it('has no tab or line break within a cell', () => {
    expect(tabbedText({ caption: '', columns: ['a', 'b'], rows: [['x\ty', 'z\nw']] })).toBe(
      'a\tb\nx y\tz w',
    );
  });
});

describe('a LaTeX figure', () => {
  it('escapes what LaTeX would take as a command', () => {
    expect(latexText('50 % of a_b & c#1 {x} ~ \\n ^')).toBe(
      '50 \\% of a\\_b \\& c\\#1 \\{x\\} \\textasciitilde{} \\textbackslash{}n \\textasciicircum{}',
    );
  });

  it('sets signs as mathematics', () => {
    expect(latexText('λ₁ = −3.7×10⁻⁵ ± 2')).toBe(
      '$\\lambda_{1}$ = $-$3.7$\\times$10$^{-5}$ $\\pm$ 2',
    );
  });

  it('has a picture, a caption and a label', () => {
    expect(latexFigure('run-1-map', 'A map.')).toMatch(
      /\\includegraphics\[[^\]]*\]\{run-1-map\.png\}[^]*\\caption\{A map\.\}\n {2}\\label\{fig:run-1-map\}/,
    );
  });
});

describe('Markdown', () => {
  it('is the picture, the caption and a small table, escaped', () => {
    const table = { caption: '', columns: ['a|b', 'c'], rows: [['1', '*2*']] };
    expect(markdownText('x.png', 'A [b]', table)).toBe(
      '![A \\[b\\]](x.png)\n\nA \\[b\\]\n\n| a\\|b | c |\n| --- | ---: |\n| 1 | \\*2\\* |\n',
    );
  });

  it('leaves out what nobody reads in a text', () => {
    const rows = Array.from({ length: 61 }, (_, k) => [String(k)]);
    expect(markdownText('x.png', 'A', { caption: '', columns: ['a'], rows })).toBe(
      '![A](x.png)\n\nA\n',
    );
  });
});

describe('a file name', () => {
  it('is of letters, digits and hyphens', () => {
    expect(fileName('runs/α 1', 'epoch-030.pt', 'density')).toBe('runs-α-1-epoch-030-density');
    expect(fileName('', '../..', 'map')).toBe('map');
  });
});
