import { describe, expect, it } from 'vitest';
import { createNonce, panelHtml } from '../../../src/extension/panel/panelHtml';

describe('the page of the panel', () => {
  const html = panelHtml({
    script: 'https://host/webview.js',
    style: 'https://host/webview.css',
    cspSource: 'https://host',
    nonce: 'abc',
  });

  it('forbids everything but its own script, style and pictures', () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    expect(policy.split('; ')[0]).toBe(`default-src 'none'`);
    expect(policy).toContain(`script-src 'nonce-abc'`);
    expect(policy).not.toContain('unsafe');
    expect(policy).not.toMatch(/script-src[^;]*https/);
  });

  it('gives every script the nonce', () => {
    const scripts = html.match(/<script[^>]*>/g) ?? [];
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) expect(script).toContain('nonce="abc"');
  });

  it('brings its language along as data, which cannot become a script', () => {
    const texts = { 'Loss landscape': '损失景观', '</script><script>alert(1)': '<!--' };
    const chinese = panelHtml({
      script: 'https://host/webview.js',
      style: 'https://host/webview.css',
      cspSource: 'https://host',
      nonce: 'abc',
      language: { tag: 'zh-cn', texts, sentences: {} },
    });
    const policy = /Content-Security-Policy" content="[^"]*"/;
    expect(policy.exec(chinese)?.[0]).toBe(policy.exec(html)?.[0]);
    expect(chinese).toContain('<html lang="zh-cn">');
    const [, json] =
      /type="application\/json" id="basin-language">(.*?)<\/script>/.exec(chinese) ?? [];
    expect(JSON.parse(json ?? '')).toEqual({ tag: 'zh-cn', texts, sentences: {} });
    expect(chinese.match(/<script/g)).toHaveLength(2);
    // Before the script that reads it.
    expect(chinese.indexOf('basin-language')).toBeLessThan(chinese.indexOf('webview.js'));
  });

  it('has another nonce each time', () => {
    expect(new Set(Array.from({ length: 20 }, createNonce)).size).toBe(20);
  });
});
