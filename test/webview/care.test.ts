import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrowserPages, CHROMIUM, contentOf, realDocument } from './browserPage';

const THEMES = [
  { colorScheme: 'dark', forcedColors: 'none' },
  { colorScheme: 'light', forcedColors: 'none' },
  { colorScheme: 'dark', forcedColors: 'active' },
  { colorScheme: 'light', forcedColors: 'active' },
] as const;

/** Who reads with other means than eyes and a mouse, on any width. */
describe.skipIf(CHROMIUM === undefined)('the panel', () => {
  let pages: BrowserPages;
  beforeAll(async () => {
    pages = await BrowserPages.open();
  }, 120_000);
  afterAll(async () => {
    await pages.close();
  });

  async function panel(options: Parameters<BrowserPages['show']>[1] = {}): Promise<Page> {
    const documents = await Promise.all(
      ['00100', '00924'].map((name) => realDocument(`convection-${name}`)),
    );
    const content = contentOf(
      documents.map((document, k) => ({ run: 'beta-1', label: `step-${k}.pt`, document })),
    );
    const { page } = await pages.show(content, options);
    await page.locator('#persistence canvas').waitFor();
    return page;
  }

  it.each(THEMES)('has nothing axe finds wrong: %o', async (theme) => {
    // Its policy lets no other script in, that of axe neither.
    const page = await panel({ ...theme, bypassCSP: true });
    const source = await readFile(
      createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
      'utf8',
    );
    await page.evaluate(source);
    const found = await page.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: { run: (root: Document) => Promise<AxeResults> };
      };
      const { violations } = await axe.run(document);
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    });
    expect(found).toEqual([]);
    await page.context().close();
  });

  it.each([320, 400, 427, 640, 1600])('fits a width of %i pixels', async (width) => {
    const page = await panel({ viewport: { width, height: 700 } });
    const beyond = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth - clientWidth;
    });
    expect(beyond).toBe(0);
    // The landscape is what one sees.
    const stage = (await page.locator('#landscape-stage').boundingBox())!;
    expect(stage.y).toBeLessThan(350);
    // And nothing that stands above a plot is cut off, where all of it is shown.
    await page.locator('#compare vscode-dropdown').first().click();
    await page.locator('#compare vscode-option', { hasText: 'step-1.pt' }).first().click();
    const controls = page.locator('.plot-header').locator('button, vscode-dropdown');
    await page.locator('#compare .choice').waitFor();
    const cut = await controls.evaluateAll(
      (nodes, right) =>
        nodes
          .filter((node) => node.getBoundingClientRect().right > right)
          .map(({ textContent }) => textContent),
      width,
    );
    expect(cut).toEqual([]);
    await page.context().close();
  });

  it('offers the way to another checkpoint where there is one', async () => {
    const steps = ['Previous checkpoint', 'Next checkpoint'];
    const shown = async (page: Page) =>
      Promise.all(steps.map((name) => page.getByRole('button', { name }).isVisible()));
    const several = await panel();
    expect(await shown(several)).toEqual([true, true]);
    await several.context().close();
    const document = await realDocument('convection-00100');
    const { page } = await pages.show(contentOf([{ run: 'beta-1', label: 'step-0.pt', document }]));
    await page.locator('#persistence canvas').waitFor();
    expect(await shown(page)).toEqual([false, false]);
    await page.context().close();
  });

  it('has headings in their order, one for each plot', async () => {
    const page = await panel();
    const headings = await page
      .locator('h1, h2, h3')
      .evaluateAll((nodes) =>
        nodes
          .filter((node) => (node as HTMLElement).closest('[hidden]') === null)
          .map(({ tagName, textContent }) => `${tagName} ${textContent}`),
      );
    expect(headings[0]).toBe('H1 Basin: beta-1/step-0.pt');
    expect(headings.slice(1, 4)).toEqual(['H2 Loss landscape', 'H2 Persistence', 'H2 Curvature']);
    await page.context().close();
  });

  it('exports with the keyboard alone, and gives the focus back', async () => {
    const page = await panel();
    const opener = page.locator('#persistence .export > button');
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Save as PNG…');
    await page.keyboard.press('Escape');
    expect(await opener.evaluate((node) => node === document.activeElement)).toBe(true);
    expect(await opener.getAttribute('aria-expanded')).toBe('false');
    await page.context().close();
  });
});
