import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrowserPages, CHROMIUM, contentOf, realDocument } from '../browserPage';

/** Every plot of a real document, as the files that leave a page. */
describe.skipIf(CHROMIUM === undefined)('exports of a page', () => {
  let pages: BrowserPages;
  beforeAll(async () => {
    pages = await BrowserPages.open();
  }, 120_000);
  afterAll(async () => {
    await pages.close();
  });

  const names = ['00100', '00924'];
  async function panel() {
    const documents = await Promise.all(names.map((name) => realDocument(`convection-${name}`)));
    const content = contentOf(
      documents.map((document, k) => ({ run: 'beta-1', label: `step-${names[k]}.pt`, document })),
    );
    const shown = await pages.show(content, { acceptDownloads: true });
    await shown.page.locator('#landscape .surface canvas').waitFor();
    return { ...shown, document: documents[0]! };
  }

  async function exported(
    page: Page,
    plot: string,
    what: string,
  ): Promise<{ name: string; bytes: Buffer }> {
    await page.locator(`#${plot} .export > button`).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator(`#${plot} [data-export=${what}]`).click(),
    ]);
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
  }

  it('are drawings that other programs read, under the strict policy', async () => {
    const { page, errors } = await panel();
    const elsewhere = await page.context().newPage();
    for (const plot of ['landscape', 'persistence', 'tree', 'density']) {
      const svg = await exported(page, plot, 'svg');
      expect(svg.name).toBe(`beta-1-step-00100-${plot}.svg`);
      // An XML parser is stricter than a browser's HTML; elsewhere, as the page's own policy holds there.
      const root = await elsewhere.evaluate((text) => {
        const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
        return {
          root: parsed.documentElement.tagName,
          shapes: parsed.querySelectorAll('path, image, polyline, text').length,
        };
      }, svg.bytes.toString('utf8'));
      expect(root.root, plot).toBe('svg');
      expect(root.shapes, plot).toBeGreaterThan(5);
      const png = await exported(page, plot, 'png');
      const stage = await page.locator(`#${plot}-stage`).boundingBox();
      // The header of a PNG has its width at byte 16: 300 dots where the screen has 96.
      expect(png.bytes.readUInt32BE(16) / stage!.width, plot).toBeCloseTo(300 / 96, 1);
    }
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('have the values of the document, every digit of them', async () => {
    const { page, document } = await panel();
    const { bytes } = await exported(page, 'landscape', 'csv');
    const [head, ...rows] = bytes.toString('utf8').trim().split('\r\n');
    const { axes, values } = document.landscape!;
    expect(head).toBe([...axes.map(({ name }) => name), 'loss'].join(','));
    expect(rows.map((row) => Number(row.split(',').at(-1)))).toEqual(values);
    const pairs = (await exported(page, 'persistence', 'csv')).bytes.toString('utf8');
    expect(pairs.trim().split('\r\n')).toHaveLength(2 + document.topology!.pairs.length);
    expect(pairs).toContain(`essential,${String(document.topology!.essential.birth)},`);
    await page.context().close();
  });

  it('are black on white in serifs for a paper, five inches wide', async () => {
    const { page } = await panel();
    await page.locator('#density .export > button').press('ArrowDown');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.locator('body.is-paper').waitFor();
    const svg = (await exported(page, 'density', 'svg')).bytes.toString('utf8');
    expect(svg).toMatch(/^<svg width="480"/);
    expect(svg).toContain('Times New Roman');
    expect(svg).toContain('fill="rgb(255, 255, 255)"');
    await page.context().close();
  });
});
