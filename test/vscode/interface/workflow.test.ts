import { strict as assert } from 'node:assert';
import { cp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pictures } from './themes';
import { given, Workbench } from './workbench';

describe('a user', () => {
  let bench: Workbench;

  before(async () => {
    await writeFile(
      join(given().workspace, 'load.py'),
      '"""Loads the best model."""\n\nimport torch\n\nbest = torch.load("runs/resnet/epoch-030.pt")\nprint(best.keys())\n',
    );
    bench = await Workbench.open();
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  it('sees runs and their checkpoints in the tree', async () => {
    await bench.showRuns();
    await bench.row('Run resnet', 1).waitFor({ timeout: 60_000 });
    await bench.row('Run plain', 1).waitFor();
    assert.equal(await bench.row('epoch-000.pt').count(), 2);
    assert.match(
      (await bench.row('Run resnet', 1).getAttribute('aria-label')) ?? '',
      /0\/9 analyzed/,
    );
    await bench.screenshot('tree');
  });

  it('sees a new checkpoint appear once it is complete, and go when it is deleted', async () => {
    const { workspace } = bench.given;
    const copy = join(workspace, 'runs', 'resnet', 'epoch-031.pt');
    await cp(join(workspace, 'runs', 'resnet', 'epoch-030.pt'), copy);
    await bench.row('epoch-031.pt').waitFor({ timeout: 60_000 });
    await rm(copy);
    await bench.row('epoch-031.pt').waitFor({ state: 'detached', timeout: 60_000 });
  });

  it('reads what a checkpoint holds where its path stands in code', async () => {
    await bench.openFile('load.py');
    const hover = await bench.hoverOver('epoch-030.pt', 'tensors');
    await bench.screenshot('hover');
    const text = (await hover.textContent()) ?? '';
    assert.match(text, /PyTorch/);
    assert.match(text, /tensors/);
    assert.match(text, /epoch 30/);
    assert.match(text, /Analyze · Open landscape/);
  });

  it('analyses a checkpoint from the palette and is told the figures', async () => {
    await bench.page.mouse.move(5, 5);
    await bench.run('Basin: Analyze Checkpoint');
    await bench.page.locator('.quick-input-widget', { hasText: 'Analyze Checkpoint' }).waitFor();
    await bench.screenshot('pick');
    await bench.pick('epoch-030.pt', 'resnet');
    const done = bench.notification(/resnet\/epoch-030\.pt: loss/);
    await done.waitFor({ timeout: 90_000 });
    await bench.screenshot('analyzed');
    await done.getByRole('button', { name: 'Open Landscape' }).click();
  });

  it('sees the plots in the panel', async () => {
    const panel = bench.panel();
    await panel.locator('canvas').first().waitFor({ timeout: 60_000 });
    for (const heading of ['Loss landscape', 'Persistence', 'Merge tree', 'Curvature']) {
      await panel.getByRole('heading', { name: heading, exact: true }).waitFor();
    }
    // Each is drawn when its turn comes.
    await panel.locator('canvas').nth(2).waitFor({ state: 'attached' });
    await bench.page.waitForTimeout(1500);
    await bench.screenshot('panel');
  });

  it('sees them in every theme', async () => {
    await bench.theme('Light High Contrast', 'hc-light');
    await bench.page.waitForTimeout(1500);
    await bench.screenshot('panel-high-contrast-light');
    await pictures(bench, 'panel', async () => {
      await bench.panel().locator('canvas').first().waitFor();
      // The surface is drawn anew in the colours of the theme.
      await bench.page.waitForTimeout(1500);
      return bench.page.locator('.part.editor');
    });
  });

  it('sees the figures of the checkpoint in the tree', async () => {
    await bench.showRuns();
    const label = (await bench.row('epoch-030.pt, loss').getAttribute('aria-label')) ?? '';
    assert.match(label, /loss [\d.×⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+ · λmax −?[\d.,×⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+ · \d+ saddles?/);
  });

  it('reads them in the hover, whose link analyses again', async () => {
    await bench.openFile('load.py');
    const hover = await bench.hoverOver('epoch-030.pt', 'λmax');
    await bench.screenshot('hover-figures');
    const text = (await hover.textContent()) ?? '';
    for (const word of ['accuracy', 'Trace', 'saddles', 'Average persistence', '17,462']) {
      assert.ok(text.includes(word), `${word} in ${text}`);
    }
    await hover
      .getByRole('link', { name: 'Analyze' })
      .or(hover.getByText('Analyze'))
      .first()
      .click();
    await bench.page
      .locator('.statusbar-item', { hasText: /resnet\/epoch-030\.pt|starting/ })
      .or(bench.notification('resnet/epoch-030.pt'))
      .first()
      .waitFor();
    await bench.page.mouse.move(5, 5);
    await bench.page
      .locator('.statusbar-item', { hasText: 'epoch-030' })
      .waitFor({ state: 'detached' });
  });

  it('sees another checkpoint in the panel after a click on it in the tree', async () => {
    await bench.showRuns();
    await bench.row('epoch-000.pt').last().click();
    await bench
      .panel()
      .getByRole('heading', { name: /^epoch-000\.pt has not been/ })
      .waitFor();
    await bench.page.waitForTimeout(500);
    await bench.screenshot('not-analyzed');
    await bench.row('epoch-030.pt, loss').click();
    await bench.panel().locator('canvas').first().waitFor();
  });

  it('is told when the engine dies, keeps the editor, and can analyse again', async () => {
    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-030.pt', 'plain');
    await bench.page
      .locator('.statusbar-item', { hasText: /plain\/epoch-030\.pt: landscape/ })
      .waitFor({ timeout: 60_000 });
    await bench.row('epoch-030.pt, landscape').waitFor();
    await bench.screenshot('analyzing');
    const pids = await bench.enginePids();
    assert.equal(pids.length, 1, 'one engine runs');
    process.kill(pids[0]!, 'SIGKILL');
    const told = bench.notification(/engine ended unexpectedly \(SIGKILL\)/);
    await told.waitFor({ timeout: 60_000 });
    await pictures(bench, 'engine-failed', async () => {
      await told.waitFor();
      return told;
    });
    await bench.dismissNotifications();

    await bench.openFile('load.py');
    await bench.page.locator('.monaco-editor .view-lines').first().click();
    await bench.page.keyboard.press('Control+End');
    await bench.page.keyboard.type('# still here');
    await bench.page.locator('.view-line', { hasText: '# still here' }).waitFor();
    await bench.page.keyboard.press('Control+S');

    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-012.pt', 'resnet');
    await bench.row('epoch-012.pt, loss').waitFor({ timeout: 90_000 });
    const [pid] = await bench.enginePids();
    assert.notEqual(pid, pids[0]);
  });

  it('cancels an analysis', async () => {
    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-024.pt', 'plain');
    const working = bench.page.locator('.statusbar-item', { hasText: /plain\/epoch-024\.pt/ });
    await working.waitFor({ timeout: 60_000 });
    await bench.run('Basin: Cancel Analysis');
    await working.waitFor({ state: 'detached', timeout: 60_000 });
  });

  it('opens the window again while an analysis is under way, and can analyse again', async () => {
    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-018.pt', 'plain');
    await bench.statusBar(/plain\/epoch-018\.pt: landscape/).waitFor({ timeout: 60_000 });
    const before = await bench.enginePids();
    await bench.page.reload();
    await bench.page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
    await bench.panel().locator('#checkpoint').waitFor({ timeout: 60_000 });
    await bench.showRuns();
    await bench.row('Run plain', 1).waitFor({ timeout: 60_000 });
    // Nobody waits for it any more: it is not half analyzed, and its engine is ended.
    assert.equal(await bench.row('epoch-018.pt, loss').count(), 0);
    for (const until = Date.now() + 60_000; ;) {
      const left = (await bench.enginePids()).filter((pid) => before.includes(pid));
      if (left.length === 0) break;
      assert.ok(Date.now() < until, 'the engine of the window before is ended');
      await bench.page.waitForTimeout(300);
    }
    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-018.pt', 'plain');
    await bench.statusBar(/plain\/epoch-018\.pt/).waitFor({ timeout: 60_000 });
    await bench.run('Basin: Cancel Analysis');
    await bench.statusBar(/plain\/epoch-018\.pt/).waitFor({ state: 'detached', timeout: 60_000 });
  });

  it('sees the last good result without an engine, after the window is opened again', async () => {
    const script = join(await bench.installedFolder(), 'dist', 'engine.js');
    await rename(script, `${script}.gone`);
    try {
      for (const pid of await bench.enginePids()) process.kill(pid, 'SIGKILL');
      await bench.page.reload();
      await bench.page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
      // The panel is there again by itself.
      await bench.panel().locator('#checkpoint').waitFor({ timeout: 60_000 });
      await bench.showRuns();
      await bench.row('epoch-030.pt, loss').click();
      await bench.panel().locator('canvas').first().waitFor();
      assert.deepEqual(await bench.enginePids(), []);
      // What asks the engine by itself does not complain of it.
      assert.equal(await bench.notification(/engine/).count(), 0);
    } finally {
      await rename(`${script}.gone`, script);
    }
  });
});
