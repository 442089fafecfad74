import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rgba } from '../../src/webview/plots/theme';
import { BrowserPages, CHROMIUM, contentOf, realDocument } from './browserPage';

const NAMES = ['Dark Modern', 'Light Modern', 'Dark High Contrast', 'Light High Contrast'] as const;

interface EditorTheme {
  readonly body: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** WCAG 2.2: of two opaque colours. */
function contrast(one: string, other: string): number {
  const luminance = (color: string): number => {
    const [red, green, blue] = rgba(color).map((byte) => {
      const share = byte / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

describe.skipIf(CHROMIUM === undefined)('the panel in the themes of VS Code', () => {
  let pages: BrowserPages;
  let themes: Readonly<Record<string, EditorTheme>>;
  let axe: string;
  beforeAll(async () => {
    pages = await BrowserPages.open();
    const file = join(import.meta.dirname, '..', 'fixtures', 'panel', 'themes.json');
    themes = JSON.parse(await readFile(file, 'utf8')) as typeof themes;
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  }, 120_000);
  afterAll(async () => {
    await pages.close();
  });

  it.each(NAMES)('%s: what is pointed at is seen, and axe finds nothing', async (name) => {
    const { page } = await pages.show(
      contentOf([{ run: '', label: 'late.pt', document: await realDocument('convection-00924') }]),
      { bypassCSP: true },
    );
    await page.locator('#persistence canvas').waitFor();
    const roles = await page.evaluate(({ body, variables }) => {
      // The page of an editor: none of the stand-ins of a page on its own.
      document.documentElement.classList.remove('basin-page');
      for (const [role, color] of Object.entries(variables)) {
        document.documentElement.style.setProperty(`--vscode-${role}`, color);
      }
      document.body.classList.value = body;
      const probe = document.body.appendChild(document.createElement('span'));
      const computed = ['background', 'accent', 'highlight'].map((role) => {
        probe.style.color = `var(--basin-${role})`;
        return getComputedStyle(probe).color;
      });
      probe.remove();
      return computed;
    }, themes[name]!);
    const [background, accent, highlight] = roles as [string, string, string];
    for (const mark of [accent, highlight]) {
      expect(rgba(mark)[3], mark).toBe(255);
      expect(contrast(mark, background), mark).toBeGreaterThanOrEqual(3);
    }
    // Far apart, and not in brightness alone.
    const [one, other] = [rgba(accent), rgba(highlight)];
    expect(Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2])).toBeGreaterThan(
      150,
    );
    await page.evaluate(axe);
    const found = await page.evaluate(async () => {
      const { axe: rules } = window as unknown as {
        axe: { run: (root: Document) => Promise<AxeResults> };
      };
      const { violations } = await rules.run(document);
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    });
    expect(found).toEqual([]);
    await page.context().close();
  });
});
