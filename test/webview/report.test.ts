import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../src/engine/study/results/report';
import { escapeJson } from '../../src/shared/scriptJson';
import { sampleContent } from './sampleSnapshot';

const hostile = '</script><!--<script>alert(1)</script>\u2028\u2029&"\'';
const sample = sampleContent(5);
const snapshot = {
  ...sample.snapshot,
  entries: sample.snapshot.entries.map((entry) => ({
    ...entry,
    run: hostile,
    label: hostile,
    key: entry.key + hostile,
  })),
};
const script = 'const close = "</script>"; const open = "<!--"; run(close, open);';
const style = 'body { color: red } /* </style> */';
const content = { ...sample, snapshot };
const page = renderReport({ content, script, style });

describe('a report', () => {
  it('holds the snapshot, as it was, where nothing in it can end the element', () => {
    const [, json = ''] =
      /<script type="application\/json" id="basin-snapshot">([^]*?)<\/script>/.exec(page) ?? [];
    expect(json).not.toMatch(/[<>\u2028\u2029]/);
    expect(JSON.parse(json)).toEqual(content);
  });

  it('has the elements it wrote and no others', () => {
    expect(page.match(/<script[\s>]/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page.match(/<style>/g)).toHaveLength(1);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page).not.toContain('<!--');
  });

  it('lets only its own script and style sheet run', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? '';
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).not.toContain('unsafe');
    const inline = /<script>([^]*)<\/script>\n<\/body>/.exec(page)?.[1] ?? '';
    const sheet = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? '';
    for (const text of [inline, sheet]) {
      expect(policy).toContain(`'sha256-${createHash('sha256').update(text).digest('base64')}'`);
    }
  });

  it('does not change what the script means', () => {
    const inline = /<script>([^]*)<\/script>\n<\/body>/.exec(page)?.[1] ?? '';
    const seen: unknown[] = [];
    // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- the page's own script, run as the page runs it
    new Function('run', inline)((...values: unknown[]) => seen.push(...values));
    expect(seen).toEqual(['</script>', '<!--']);
  });

  it('is titled by its runs, escaped', () => {
    expect(page).toContain('<title>&lt;/script&gt;&lt;!--&lt;script&gt;');
    expect(
      renderReport({
        content: { ...content, snapshot: { ...snapshot, entries: [] } },
        script,
        style,
      }),
    ).toContain('<title>Basin</title>');
  });

  it('is the same bytes for the same parts', () => {
    expect(renderReport({ content, script, style })).toBe(page);
  });
});

describe('JSON in a page', () => {
  it('is equal once parsed', () => {
    expect(JSON.parse(escapeJson({ hostile }))).toEqual({ hostile });
  });
});
