import { strict as assert } from 'node:assert';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Workbench } from './workbench';

/** What leaves the panel, and what it follows. */
describe('the panel in the editor', () => {
  let bench: Workbench;

  before(async () => {
    bench = await Workbench.open();
    await bench.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await bench.showRuns();
    await bench.row('Run resnet', 1).waitFor({ timeout: 60_000 });
    await analyze('epoch-000.pt');
    await bench
      .notification(/resnet\/epoch-000\.pt: loss/)
      .getByRole('button', { name: 'Open Landscape' })
      .click({ timeout: 120_000 });
    await bench.panel().locator('#persistence canvas').waitFor({ timeout: 60_000 });
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  async function analyze(name: string): Promise<void> {
    await bench.run('Basin: Analyze Checkpoint');
    await bench.page.locator('.quick-input-widget', { hasText: 'Analyze Checkpoint' }).waitFor();
    await bench.pick(name, 'resnet');
  }

  async function choose(what: string): Promise<void> {
    const panel = bench.panel();
    await panel.getByRole('button', { name: 'Export Persistence' }).click();
    await panel.getByRole('menuitem', { name: what }).click();
  }

  it('fills the clipboard with the table of a plot', async () => {
    await choose('Copy Table');
    // The window of the editor, and not the page in it, must have the focus to be asked.
    await bench.page.keyboard.press('F1');
    await bench.page.locator('.quick-input-widget input[type="text"]').waitFor();
    let text = '';
    for (let attempt = 0; attempt < 40 && !text.includes('\t'); attempt++) {
      await bench.page.waitForTimeout(250);
      text = await bench.page.evaluate(() => navigator.clipboard.readText());
    }
    await bench.page.keyboard.press('Escape');
    const rows = text.trim().split('\n');
    assert.ok(rows.length >= 2, text);
    const shown = await bench.panel().locator('#persistence tbody tr').count();
    assert.ok(shown === 0 || rows.length >= shown, text);
    for (const row of rows) assert.ok(row.includes('\t'), row);
  });

  it('saves the data of a plot where the editor is told to', async () => {
    await choose('Save Data as CSV');
    const input = bench.page.locator('.quick-input-widget input[type="text"]');
    await input.waitFor();
    const path = join(bench.given.workspace, 'pairs-of-the-panel.csv');
    // The dialog proposes a place of its own, which may come over what is typed at once.
    while ((await input.inputValue()) === '') await bench.page.waitForTimeout(100);
    for (let attempt = 0; attempt < 60; attempt++) {
      if (attempt % 4 === 0 && (await input.isVisible())) {
        if ((await input.inputValue()) === path) await input.press('Enter');
        else await input.fill(path);
      }
      const isThere = await access(path).then(
        () => true,
        () => false,
      );
      if (isThere) break;
      await bench.page.waitForTimeout(250);
    }
    const [header, essential] = (await readFile(path, 'utf8')).split('\r\n');
    assert.equal(header, 'kind,birth,death,birth_vertex,death_vertex,border');
    assert.match(essential ?? '', /^essential,-?\d/);
  });

  it('follows the newest checkpoint once it is analysed', async () => {
    const panel = bench.panel();
    await panel.locator('#follow').click();
    await analyze('epoch-030.pt');
    await panel
      .getByRole('heading', { level: 1, name: 'Basin: resnet/epoch-030.pt' })
      .waitFor({ state: 'attached', timeout: 120_000 });
    await panel.locator('#persistence canvas').waitFor();
  });
});
