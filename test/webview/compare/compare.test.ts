import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wassersteinDistance } from '../../../src/shared/diagrams/wasserstein';
import { boundedDiagram } from '../../../src/shared/diagrams/diagram';
import { differenceField } from '../../../src/webview/compare/commonScale';
import { haveSameGrid, planesOf } from '../../../src/webview/compare/planes';
import { lossField } from '../../../src/webview/landscape/lossField';
import { divergingTable } from '../../../src/webview/plots/divergingColors';
import { formatNumber } from '../../../src/shared/words/numbers';
import { BrowserPages, CHROMIUM, contentOf, realDocument } from '../browserPage';
import { himmelblau, sampleLandscape } from '../sampleSnapshot';

describe('planes that are compared', () => {
  const one = sampleLandscape(himmelblau, 5);
  const shared = (center?: string) => ({
    ...one,
    directions: {
      ...one.directions,
      reference: 'last.pt',
      ...(center === undefined ? {} : { center }),
    },
  });

  it('are the same where directions and centre are', () => {
    expect(planesOf(shared('last.pt'), shared('last.pt'))).toBe('same');
    expect(planesOf(shared(), shared())).toBe('parallel');
    expect(planesOf(one, one)).toBe('apart');
    expect(planesOf(shared('last.pt'), shared('first.pt'))).toBe('parallel');
  });

  it('can be subtracted on one grid only', () => {
    expect(haveSameGrid(one, sampleLandscape(himmelblau, 5))).toBe(true);
    expect(haveSameGrid(one, sampleLandscape(himmelblau, 7))).toBe(false);
    expect(haveSameGrid(one, sampleLandscape(himmelblau, 5, 2))).toBe(false);
  });

  it('differ by second less first', () => {
    const first = lossField(one)!;
    const second = lossField(sampleLandscape((x, y) => himmelblau(x, y) + 3 * x, 5))!;
    const { field, largest } = differenceField(first, second);
    // Along the first axis x goes from −1 to 1 in steps of a half.
    expect(field.values[0]).toBeCloseTo(-3, 10);
    expect(field.values[4 * 5]).toBeCloseTo(3, 10);
    expect(largest).toBeCloseTo(3, 10);
  });

  it('are coloured the same for the same size of difference, lightest for none', () => {
    const table = divergingTable();
    const luminance = (k: number) =>
      0.2126 * table[4 * k]! + 0.7152 * table[4 * k + 1]! + 0.0722 * table[4 * k + 2]!;
    expect(luminance(127)).toBeGreaterThan(235);
    for (const k of [20, 60, 100]) {
      expect(Math.abs(luminance(k) - luminance(255 - k))).toBeLessThan(30);
      expect(luminance(k)).toBeLessThan(luminance(k + 20));
    }
  });
});

describe.skipIf(CHROMIUM === undefined)('the comparison', () => {
  let pages: BrowserPages;
  beforeAll(async () => {
    pages = await BrowserPages.open();
  }, 120_000);
  afterAll(async () => {
    await pages.close();
  });

  it('shows maps, difference, matched diagrams and what to do for the path', async () => {
    const first = await realDocument('convection-00100');
    const second = await realDocument('convection-00924');
    const { page, errors } = await pages.show(
      contentOf([
        { run: 'beta-1', label: 'step-00100.pt', document: first },
        { run: 'beta-1', label: 'step-00924.pt', document: second },
      ]),
    );
    const compare = page.locator('#compare');
    await expect.poll(() => compare.locator('.plot-message').textContent()).toMatch(/^Choose/);
    await compare.locator('vscode-dropdown').first().click();
    await compare.locator('vscode-option', { hasText: 'step-00924' }).first().click();
    const summary = () => compare.locator('.stage').getAttribute('aria-label');
    await expect
      .poll(summary)
      .toContain(
        `step-00924.pt: losses from ${formatNumber(Math.min(...(second.landscape!.values as number[])))}`,
      );
    const inked = await compare.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    });
    // Two maps and a colour bar have many colours; a blank stage has one.
    expect(inked).toBeGreaterThan(100);
    const choose = (text: string) => compare.locator('[role=radio]', { hasText: text }).click();
    await choose('Diagrams');
    const { distance } = wassersteinDistance(
      boundedDiagram(first.topology!),
      boundedDiagram(second.topology!),
    );
    await expect.poll(summary).toContain(`2-Wasserstein distance ${formatNumber(distance)} `);
    await choose('Path');
    await expect
      .poll(() => compare.locator('.plot-message').textContent())
      .toContain('--interpolate line');
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
