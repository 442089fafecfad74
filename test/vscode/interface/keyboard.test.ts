import { strict as assert } from 'node:assert';
import type { Locator } from 'playwright-core';
import { Workbench } from './workbench';

/** A user who has no pointer: what is pressed here is keys alone. */
describe('by the keyboard alone', () => {
  let bench: Workbench;

  before(async () => {
    bench = await Workbench.open();
    await bench.page.locator('.activitybar a.action-label[aria-label="Basin"]').waitFor({
      timeout: 60_000,
    });
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  const press = (key: string): Promise<void> => bench.page.keyboard.press(key);
  const focusedRow = (): Locator => bench.page.locator('.sidebar .monaco-list-row.focused');

  /** What has the focus in the panel: the plot's id, or the name that is read out. */
  function focused(): Promise<string> {
    return bench
      .panel()
      .locator('body')
      .evaluate((body) => {
        const active = body.ownerDocument.activeElement;
        if (active === null || active === body) return '';
        if (active.id.endsWith('-stage')) return active.id;
        return active.getAttribute('aria-label') ?? active.textContent.trim();
      });
  }

  /** Goes on with the tab key until something of this name has the focus. */
  async function tabTo(name: string | RegExp): Promise<void> {
    const seen: string[] = [];
    for (let step = 0; step < 60; step++) {
      const now = await focused();
      if (typeof name === 'string' ? now === name : name.test(now)) return;
      seen.push(now);
      await press('Tab');
    }
    throw new Error(`the tab key does not lead to ${String(name)}, but to ${seen.join('; ')}`);
  }

  it('the tree is walked, and a checkpoint opened', async () => {
    await bench.type('Basin: Focus on Runs View');
    await bench.row('Run resnet', 1).waitFor({ timeout: 60_000 });
    // Rows that came after it have not got the focus.
    await bench.type('Basin: Focus on Runs View');
    await press('Home');
    await focusedRow().filter({ hasText: 'plain' }).waitFor();
    await press('ArrowLeft');
    await bench.page.locator('.sidebar .monaco-list-row.focused[aria-expanded="false"]').waitFor();
    await press('ArrowDown');
    await focusedRow().filter({ hasText: 'resnet' }).waitFor();
    await press('End');
    await focusedRow().filter({ hasText: 'epoch-030.pt' }).waitFor();
    await press('Enter');
    await bench
      .panel()
      .getByRole('heading', { name: /^epoch-030\.pt has not been/ })
      .waitFor({ timeout: 60_000 });
  });

  it('and analyzed, and its menu opened', async () => {
    // The row keeps the focus.
    await press('Control+Enter');
    await bench.row('epoch-030.pt, loss').waitFor({ timeout: 120_000 });
    await press('Shift+F10');
    const entries = bench.page.locator('.context-view .action-item .action-label');
    await entries.filter({ hasText: 'Open Landscape' }).waitFor();
    await press('ArrowDown');
    await bench.page.locator('.context-view .action-item.focused').waitFor();
    await press('Escape');
    await entries.first().waitFor({ state: 'detached' });
  });

  it('the tab key leads through the panel, and keys read the plots', async () => {
    const panel = bench.panel();
    await panel.locator('canvas').first().waitFor({ timeout: 60_000 });
    await bench.type('View: Focus Active Editor Group');
    await panel.locator('body').evaluate(
      (body) =>
        new Promise<void>((resolve) => {
          const look = (): void => {
            if (body.ownerDocument.hasFocus()) resolve();
            else setTimeout(look, 50);
          };
          look();
        }),
    );
    await tabTo('Checkpoint in training');
    for (const [plot, key] of [
      ['landscape-stage', 'n'],
      ['persistence-stage', 'ArrowRight'],
      ['density-stage', 'ArrowRight'],
      ['tree-stage', 'ArrowRight'],
    ] as const) {
      await tabTo(plot);
      await press(key);
      await panel.locator('.readout.is-reading').first().waitFor();
      await press('Escape');
    }
  });

  it('a plot becomes a table, which can be scrolled', async () => {
    const panel = bench.panel();
    await tabTo('Persistence as a table');
    await press('Enter');
    await panel.getByRole('region', { name: /^Persistence pairs/ }).waitFor();
    await tabTo(/^Persistence pairs/);
    assert.ok((await panel.locator('#persistence tbody tr').count()) >= 1);
    await bench.screenshot('keyboard-table');
  });

  it('and the way through training leads to another checkpoint', async () => {
    await tabTo('Checkpoint in training');
    await press('ArrowLeft');
    const panel = bench.panel();
    await panel.getByRole('heading', { name: /^epoch-0(24|29)\.pt has not been/ }).waitFor();
    await tabTo('Analyze');
    await press('Enter');
    await bench.statusBar(/resnet\/epoch-0|starting/).waitFor({ timeout: 60_000 });
    await panel.locator('canvas').first().waitFor({ timeout: 120_000 });
  });
});
