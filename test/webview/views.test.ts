import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrowserPages, CHROMIUM, contentOf, realDocument } from './browserPage';

/** Every view of a plot, and what a screen reader is told of it. */
const VIEWS: readonly (readonly [plot: string, as: string | null, told: RegExp])[] = [
  ['landscape', 'Surface', /^Loss on a grid of 17 by 17 points/],
  ['landscape', 'Map', /^Loss on a grid of 17 by 17 points/],
  ['persistence', 'Diagram', /essential pair is born at/],
  ['persistence', 'Barcode', /essential pair is born at/],
  ['persistence', 'Counts', /essential pair is born at/],
  ['tree', 'Tree', /joined at \d+ saddle/],
  ['tree', 'Profile', /joined at \d+ saddle/],
  ['density', null, /^Eigenvalue density of the Hessian from/],
  ['layers', null, /\d/],
  ['along', null, /\d/],
  ['training', null, /Loss.* over steps of /],
  ['relate', null, /Spearman’s ρ = /],
  ['compare', 'Maps', /\d/],
  ['compare', 'Difference', /\d/],
  ['compare', 'Diagrams', /\d/],
];

/** Different colours that are to be seen of a plot; marks, lines and text make many. */
async function colours(page: Page, plot: string): Promise<number> {
  const picture = await page.locator(`#${plot} .stage`).screenshot();
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const copy = new OffscreenCanvas(image.width, image.height);
    const context = copy.getContext('2d')!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    const seen = new Set<number>();
    for (let k = 0; k < data.length; k += 4) {
      seen.add((data[k]! << 16) | (data[k + 1]! << 8) | data[k + 2]!);
    }
    return seen.size;
  }, picture.toString('base64'));
}

/** The same on its canvases, without going there. */
async function drawnColours(page: Page, plot: string): Promise<number> {
  return page.locator(`#${plot} .stage canvas`).evaluateAll((nodes) => {
    const seen = new Set<number>();
    for (const node of nodes as HTMLCanvasElement[]) {
      if (node.offsetParent === null || node.width === 0) continue;
      const copy = document.createElement('canvas');
      copy.width = node.width;
      copy.height = node.height;
      const context = copy.getContext('2d')!;
      context.drawImage(node, 0, 0);
      const { data } = context.getImageData(0, 0, copy.width, copy.height);
      for (let k = 0; k < data.length; k += 4) {
        if (data[k + 3]! > 0) seen.add((data[k]! << 16) | (data[k + 1]! << 8) | data[k + 2]!);
      }
    }
    return seen.size;
  });
}

describe.skipIf(CHROMIUM === undefined)('the views of the panel', () => {
  let pages: BrowserPages;
  beforeAll(async () => {
    pages = await BrowserPages.open();
  }, 120_000);
  afterAll(async () => {
    await pages.close();
  });

  it('are all drawn, of real documents, and nothing breaks the policy of the page', async () => {
    const [early, late] = await Promise.all(
      ['00100', '00924'].map((name) => realDocument(`convection-${name}`)),
    );
    const { page, errors } = await pages.show(
      contentOf([
        { run: 'beta-1', label: 'step-00100.pt', document: early! },
        { run: 'beta-1', label: 'step-00924.pt', document: late! },
        { run: 'again', label: 'step-00100.pt', document: early! },
      ]),
    );
    for (const [plot, as, told] of VIEWS) {
      const section = page.locator(`#${plot}`);
      await section.scrollIntoViewIfNeeded();
      if (plot === 'compare' && (await section.locator('[role=radio]').first().isHidden())) {
        await section.locator('vscode-dropdown').first().click();
        await section.locator('vscode-option', { hasText: 'step-00924' }).first().click();
      }
      if (as !== null) await section.getByRole('radio', { name: as, exact: true }).click();
      const name = `${plot} ${as ?? ''}`;
      await expect
        .poll(() => colours(page, plot), { timeout: 20_000, message: name })
        .toBeGreaterThan(20);
      expect(await section.locator('.stage').getAttribute('aria-label'), name).toMatch(told);
      const table = section.getByRole('button', { name: / as a table$/ });
      await table.click();
      expect(await section.locator('tbody tr').count(), name).toBeGreaterThan(0);
      await table.click();
    }
    expect(errors).toEqual([]);
    await page.context().close();
  }, 120_000);

  it('are drawn below the window too, without being scrolled to', async () => {
    const { page } = await pages.show(
      contentOf([{ run: '', label: 'late.pt', document: await realDocument('convection-00924') }]),
      { viewport: { width: 900, height: 300 } },
    );
    await expect.poll(() => drawnColours(page, 'tree'), { timeout: 20_000 }).toBeGreaterThan(12);
    expect(await page.evaluate(() => window.scrollY)).toBe(0);
    await page.context().close();
  });

  it('show planes of a landscape of three dimensions, and lead to the one of the lowest loss', async () => {
    const document = await realDocument('convection-00100-space');
    const { page, errors } = await pages.show(
      contentOf([{ run: '', label: 'space.pt', document }]),
    );
    const landscape = page.locator('#landscape');
    await landscape.getByRole('radio', { name: 'Map', exact: true }).click();
    await expect.poll(() => colours(page, 'landscape'), { timeout: 20_000 }).toBeGreaterThan(100);
    // The lowest of 9 · 9 · 9 losses, the last axis fastest.
    const losses = document.landscape!.values.map(Number);
    const lowest = losses.indexOf(Math.min(...losses)) % 9;
    const third = document.landscape!.axes[2]!;
    const at = (step: number) => third.min + (step * (third.max - third.min)) / 8;
    const slider = landscape.getByRole('slider', { name: `Slice along ${third.name}` });
    const toLowest = landscape.getByRole('button', { name: 'Lowest loss at' });
    await slider.focus();
    await page.keyboard.press('End');
    const stage = landscape.locator('.stage');
    const corner = (step: number) => losses.filter((_, vertex) => vertex % 9 === step);
    for (const [step, go] of [
      [8, null],
      [lowest, toLowest],
      [0, null],
    ] as const) {
      if (go !== null) await go.click();
      else if (step === 0) {
        await slider.focus();
        await page.keyboard.press('Home');
      }
      expect(await slider.inputValue()).toBe(String(step));
      const told = (await stage.getAttribute('aria-label')) ?? '';
      const shown = (value: number) => String(Number(value.toPrecision(4))).replace('-', '−');
      expect(told).toContain(`From ${shown(Math.min(...corner(step)))} to `);
      expect(told).toContain(`${third.name} = ${shown(at(step))}`);
      expect(await toLowest.getAttribute('aria-pressed')).toBe(String(step === lowest));
    }
    // All of it is exported, and the picture says which plane it is.
    await landscape.getByRole('button', { name: 'Export Loss landscape' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      landscape.getByRole('menuitem', { name: 'Save Data as CSV' }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    const lines = Buffer.concat(chunks).toString().trim().split('\r\n');
    expect(lines[0]).toBe([...document.landscape!.axes.map(({ name }) => name), 'loss'].join(','));
    expect(lines).toHaveLength(1 + 9 ** 3);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
