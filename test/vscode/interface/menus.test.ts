import { strict as assert } from 'node:assert';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { pictures } from './themes';
import { given, Workbench } from './workbench';

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly configuration: {
      readonly properties: Readonly<Record<string, { readonly scope?: string }>>;
    };
  };
}

/** Every command where it is offered: in the palette, in right menus, above the tree and the editor. */
describe('commands and settings', () => {
  let bench: Workbench;
  let manifest: Manifest;
  /** Titles of commands in the order of the manifest, by name. */
  let titles: ReadonlyMap<string, string>;
  const inWorkspace = (...path: string[]): string => join(given().workspace, ...path);

  before(async () => {
    // A run that nothing is said about yet.
    await mkdir(inWorkspace('other'));
    await writeFile(inWorkspace('other', 'last.pt'), await readFile(checkpoint('epoch-000.pt')));
    bench = await Workbench.open();
    await bench.showRuns();
    await bench.row('Run resnet', 1).waitFor({ timeout: 60_000 });
    const read = async (name: string): Promise<unknown> =>
      JSON.parse(await readFile(join(await bench.installedFolder(), name), 'utf8'));
    manifest = (await read('package.json')) as Manifest;
    const texts = (await read('package.nls.json')) as Readonly<Record<string, string>>;
    titles = new Map(
      manifest.contributes.commands.map(({ command, title }) => [
        command.replace('basin.', ''),
        texts[title.replaceAll('%', '')] ?? title,
      ]),
    );
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  const checkpoint = (name: string): string => inWorkspace('runs', 'resnet', name);
  const working = (): Locator => bench.statusBar(/\/epoch-|starting/);

  /** Basin's entries in the right menu of something; the menu is closed again. */
  async function offered(target: Locator): Promise<string[]> {
    const entries = await bench.menuOf(target);
    const texts = (await entries.allTextContents()).map((text) => text.trim());
    await bench.page.keyboard.press('Escape');
    await entries.first().waitFor({ state: 'detached' });
    return texts.filter((text) => [...titles.values()].includes(text));
  }

  async function choose(target: Locator, command: string): Promise<void> {
    await bench.chooseInMenu(target, titles.get(command) ?? '');
  }

  /** A file of the explorer, with the folders above it open. */
  async function inExplorer(...path: string[]): Promise<Locator> {
    await bench.run('File: Focus on Files Explorer');
    const explorer = bench.page.locator('.explorer-folders-view');
    await explorer.locator('.monaco-list-row').first().waitFor();
    for (const folder of path.slice(0, -1)) {
      const row = explorer.locator(`.monaco-list-row[aria-label^="${folder}"]`).first();
      await row.waitFor();
      if ((await row.getAttribute('aria-expanded')) === 'false') await row.click();
    }
    const row = explorer.locator(`.monaco-list-row[aria-label^="${path.at(-1) ?? ''}"]`).last();
    await row.waitFor();
    return row;
  }

  it('are in the palette when they can run', async () => {
    const { page } = bench;
    await pictures(bench, 'palette', async () => {
      await page.mouse.move(5, 5);
      await page.keyboard.press('Escape');
      await page.keyboard.press('F1');
      const widget = page.locator('.quick-input-widget');
      await widget.locator('input[type="text"]').fill('>Basin: ');
      for (const [command, title] of titles) {
        const row = widget.locator('.monaco-list-row', { hasText: `Basin: ${title}` });
        // There is nothing to cancel yet.
        if (command === 'cancelAnalysis') assert.equal(await row.count(), 0);
        else await row.first().waitFor();
      }
      return widget;
    });
    await page.keyboard.press('Escape');
  });

  it('settings are in the settings editor, and take effect', async () => {
    const { page } = bench;
    await bench.run('Preferences: Open Settings (UI)');
    const editor = page.locator('.settings-editor');
    await editor.locator('.suggest-input-container').click();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('@ext:basin.basin');
    // A machine's own are under its own tab.
    const settings = Object.values(manifest.contributes.configuration.properties).filter(
      ({ scope }) => scope === 'window',
    );
    const count = editor.locator('.settings-count-widget');
    await count.filter({ hasText: `${settings.length} Settings Found` }).waitFor();
    await pictures(bench, 'settings', async () => {
      const tree = editor.locator('.settings-tree-container');
      await tree.getByText('Auto Analyze').first().waitFor();
      return tree;
    });
    const checkbox = editor.getByRole('checkbox', { name: 'basin.decorations.enabled' });
    await checkbox.click();
    const written = join(given().profile, 'User', 'settings.json');
    for (const until = Date.now() + 20_000; ;) {
      const text = await readFile(written, 'utf8');
      if (text.includes('"basin.decorations.enabled": false')) break;
      assert.ok(Date.now() < until, text);
      await page.waitForTimeout(200);
    }
    await checkbox.click();
    // Where it is a dialog.
    await page.keyboard.press('Escape');
    await bench.run('View: Close All Editors');
  });

  it('in the explorer, checkpoints and their basin.json have theirs, other files none', async () => {
    const names = (...commands: string[]): (string | undefined)[] =>
      commands.map((command) => titles.get(command));
    assert.deepEqual(
      await offered(await inExplorer('runs', 'resnet', 'epoch-030.pt')),
      names('openLandscape', 'analyzeCheckpoint', 'compare'),
    );
    assert.deepEqual(
      await offered(await inExplorer('runs', 'resnet', 'basin.json')),
      names('analyzeAll', 'exportReport'),
    );
    assert.deepEqual(await offered(await inExplorer('runs', 'resnet', 'model.onnx')), []);
  });

  it('and analyze from there', async () => {
    await choose(await inExplorer('runs', 'resnet', 'epoch-030.pt'), 'analyzeCheckpoint');
    const told = bench.notification(/resnet\/epoch-030\.pt: loss/);
    await told.waitFor({ timeout: 120_000 });
    await bench.dismissNotifications();
    await choose(await inExplorer('runs', 'resnet', 'epoch-030.pt'), 'openLandscape');
    await bench.panel().locator('canvas').first().waitFor({ timeout: 60_000 });
    await bench.run('View: Close All Editors');
  });

  it('rows of the tree have theirs', async () => {
    await bench.showRuns();
    const names = (...commands: string[]): (string | undefined)[] =>
      commands.map((command) => titles.get(command));
    assert.deepEqual(
      await offered(bench.row('epoch-030.pt, loss')),
      names('openLandscape', 'analyzeCheckpoint', 'compare', 'compareTensors'),
    );
    assert.deepEqual(
      await offered(bench.row('Run resnet', 1)),
      names('analyzeAll', 'exportReport'),
    );
    assert.deepEqual(
      await offered(bench.row('Run other', 1)),
      names('setUpRun', 'newConfiguration'),
    );
  });

  it('a run without a basin.json is given one', async () => {
    await choose(bench.row('Run other', 1), 'newConfiguration');
    await bench.page.locator('.quick-input-widget', { hasText: 'Create basin.json' }).waitFor();
    await bench.pick('other', 'other');
    await bench.page.locator('.view-line', { hasText: '"checkpoints": ["*.pt"]' }).waitFor();
    await bench.run('View: Revert and Close Editor');
  });

  it('the button of a basin.json analyzes all of its run, which the status bar tells', async () => {
    await bench.run('View: Close All Editors');
    await bench.page.keyboard.press('Control+P');
    await bench.pick('basin.json', 'resnet/basin.json');
    await bench.page
      .locator(`.editor-actions a.action-label[aria-label*="${titles.get('analyzeAll') ?? ''}"]`)
      .click();
    await bench.showRuns();
    await working().waitFor({ timeout: 60_000 });
    await bench.row('waiting').first().waitFor();
    await pictures(bench, 'status-bar', async () => {
      const item = bench.statusBar(/resnet\/epoch-.*: /);
      await item.waitFor({ timeout: 60_000 });
      return [item, bench.page.locator('.statusbar-item.left').first()];
    });
  });

  it('a click on the status bar shows what is worked on', async () => {
    await working().click();
    await bench.panel().locator('#checkpoint').waitFor({ timeout: 60_000 });
    const name = bench.panel().getByRole('combobox', { name: 'Checkpoint' });
    await name.waitFor();
  });

  it('what is under way is stopped above the tree', async () => {
    const title = bench.page.locator('.sidebar .composite.title');
    // All of the finer run: what was begun before may have ended, and there is time to stop it.
    await choose(bench.row('Run plain', 1), 'analyzeAll');
    await bench.row('waiting').first().waitFor({ timeout: 60_000 });
    await title
      .locator(`a.action-label[aria-label*="${titles.get('cancelAnalysis') ?? ''}"]`)
      .click();
    await working().waitFor({ state: 'detached', timeout: 60_000 });
    await bench.row('waiting').first().waitFor({ state: 'detached' });
    // And in its place what begins it again.
    await title
      .locator(`a.action-label[aria-label*="${titles.get('analyzeAll') ?? ''}"]`)
      .waitFor();
    await bench.dismissNotifications();
  });

  it('a row is analyzed by the button it shows under the pointer', async () => {
    // One of the finer run: there is time to stop it.
    const row = bench.row('epoch-001.pt').first();
    await row.hover();
    await row
      .locator(`a.action-label[aria-label*="${titles.get('analyzeCheckpoint') ?? ''}"]`)
      .click();
    await bench.statusBar(/plain\/epoch-001\.pt/).waitFor({ timeout: 60_000 });
    await bench.page.mouse.move(900, 500);
    await bench.run('Basin: Cancel Analysis');
    await working().waitFor({ state: 'detached', timeout: 60_000 });
    await bench.dismissNotifications();
  });

  it('the log is opened', async () => {
    await bench.run('Basin: Show Log');
    // What is in it is written by a library that this editor may be without.
    const channel = bench.page.locator('.part.panel select option:checked', { hasText: 'Basin' });
    await channel.first().waitFor({ state: 'attached' });
    await bench.run('View: Hide Panel');
  });

  it('a look for checkpoints finds what no event told of', async () => {
    await bench.showRuns();
    await bench.run('Basin: Look for Checkpoints Again');
    await bench.row('Run resnet', 1).waitFor();
    assert.equal(await bench.row('epoch-030.pt').count(), 2);
  });
});
