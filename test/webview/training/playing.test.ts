import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entryExtents } from '../../../src/shared/entryExtents';
import { BrowserPages, CHROMIUM, contentOf, realDocument } from '../browserPage';

describe.skipIf(CHROMIUM === undefined)('a training that is played', () => {
  let pages: BrowserPages;
  beforeAll(async () => {
    pages = await BrowserPages.open();
  }, 120_000);
  afterAll(async () => {
    await pages.close();
  });

  it('goes from the first checkpoint to the last on one scale, and stops', async () => {
    const documents = await Promise.all(
      ['00100', '00924', '00100'].map((name) => realDocument(`convection-${name}`)),
    );
    const content = contentOf(
      documents.map((document, k) => ({
        run: 'beta-1',
        label: `step-${k}.pt`,
        document: { ...document, checkpoint: { ...document.checkpoint, step: 100 * k } },
      })),
    );
    const entries = content.snapshot.entries.map((entry) => ({
      ...entry,
      summary: { ...entry.summary!, extents: entryExtents(content.documents[entry.key]!) },
    }));
    const { page, errors } = await pages.show({
      ...content,
      snapshot: { ...content.snapshot, entries },
    });
    const strip = page.locator('#training-strip');
    const seen = new Set<string>();
    await page.locator('#play').click();
    const look = async () => {
      seen.add((await strip.getAttribute('aria-valuenow'))!);
      return (await page.locator('#play').getAttribute('aria-label'))!;
    };
    await expect.poll(look, { timeout: 30_000, interval: 60 }).toBe('Play the Training');
    expect([...seen].sort()).toEqual(['1', '2', '3']);
    expect(await page.locator('#one-scale').getAttribute('aria-pressed')).toBe('true');
    const training = await page.locator('#training .stage').getAttribute('aria-label');
    expect(training).toMatch(/over steps of beta-1/);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows curvature by layer and along eigenvectors, and reads back what it drew', async () => {
    const document = await realDocument('convection-00100');
    const { page, errors } = await pages.show(
      contentOf([{ run: 'beta-1', label: 'step-00100.pt', document }]),
    );
    const layers = document.hessian!.layers!.filter(({ name }) => !name.endsWith('.*'));
    const largest = layers.reduce((a, b) => (a.trace.value > b.trace.value ? a : b));
    await expect
      .poll(() => page.locator('#layers .stage').getAttribute('aria-label'))
      .toContain(`${largest.name} has the largest`);
    await page.locator('#layers .plot-buttons [aria-pressed]').click();
    expect(await page.locator('#layers tbody tr').count()).toBe(layers.length);
    await page.locator('#along .plot-buttons [aria-pressed]').click();
    expect(await page.locator('#along tbody tr').count()).toBe(
      document.landscape!.axes.reduce((sum, { steps }) => sum + steps, 0),
    );
    await page.locator('#persistence [role=radio]', { hasText: 'Counts' }).click();
    const { band } = document.topology!.sensitivity;
    await expect
      .poll(() => page.locator('#persistence-readout').textContent())
      .toContain(`band: ${band!.saddles.low} to ${band!.saddles.high}`);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('offers to look further where one basin is left', async () => {
    const document = await realDocument('convection-00924');
    const topology = { ...document.topology!, pairs: [] };
    const { page } = await pages.show(
      contentOf([{ run: 'beta-1', label: 'step-00924.pt', document: { ...document, topology } }]),
    );
    await expect
      .poll(() => page.locator('.one-basin').textContent())
      .toContain('set "range": 4 or "resolution": 33');
    await page.context().close();
  });
});
