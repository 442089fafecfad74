import { describe, expect, it } from 'vitest';
import { escapeHtml } from '../../../src/extension/words/markdown';
import { messageHtml } from '../../../src/extension/editors/resultEditorMessage';

describe('the page of a document that cannot be drawn', () => {
  const html = messageHtml({
    title: '<img src=x onerror=alert(1)>.basin.json cannot be shown',
    message: '"schema" is </p><script>alert(1)</script> & that’s wrong',
    button: 'Reopen as Text',
    nonce: 'abc',
  });

  it('takes nothing of a file for markup', () => {
    expect(html).not.toContain('<img');
    expect(html).not.toContain('<script>');
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(escapeHtml(`<>&"'`)).toBe('&lt;&gt;&amp;&quot;&#39;');
  });

  it('lets its own script and style run, and nothing else', () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
    expect(policy).toBe(`default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'`);
    expect(html).not.toMatch(/ style="| on\w+="/);
  });
});
