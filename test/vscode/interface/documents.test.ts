import { strict as assert } from 'node:assert';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { pictures } from './themes';
import { given, Workbench } from './workbench';

/** What a user writes, and what Basin writes for the user to read. */
describe('documents', () => {
  let bench: Workbench;
  const inWorkspace = (...path: string[]): string => join(given().workspace, ...path);

  before(async () => {
    bench = await Workbench.open();
    await bench.showRuns();
    await bench.row('Run resnet', 1).waitFor({ timeout: 60_000 });
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  const problem = (text: string): Locator =>
    bench.page.locator('.markers-panel .monaco-list-row', { hasText: text });

  it('what is wrong in a basin.json is marked where it is', async () => {
    const text = `{
  // Some of it is wrong.
  "checkpoints": ["epoch-*.pt", "step-*.pt"],
  "model": "modle.onnx",
  "data": { "inputs": "../../digits-eval.npz#x", "targets": "../../digits-eval.npz#y" },
  "objective": { "kind": "classification" },
  "landscape": { "resolution": 40, "ranges": 1 },
  "topology": { "threshold": "low" }
}
`;
    await writeFile(inWorkspace('runs', 'resnet', 'basin.json'), text);
    await bench.page.keyboard.press('Control+P');
    await bench.pick('basin.json', 'resnet/basin.json');
    await bench.page.locator('.view-line', { hasText: 'modle.onnx' }).waitFor();
    await bench.run('Problems: Focus on Problems View');
    // Basin's own marks, and those of the JSON schema.
    for (const message of [
      'modle.onnx does not exist',
      'No file fits step-*.pt yet',
      'Basin takes 41 points',
      'Property ranges is not allowed',
      'Incorrect type',
    ]) {
      await problem(message).waitFor({ timeout: 60_000 });
    }
    assert.match((await problem('modle.onnx').textContent()) ?? '', /Ln 4, Col 12/);
    await pictures(bench, 'problems', () =>
      Promise.resolve([
        bench.page.locator('.editor-instance .view-line').first(),
        problem('Incorrect type'),
        problem('modle.onnx'),
      ]),
    );
  });

  it('and put right by a quick fix', async () => {
    await bench.page.locator('.view-line span', { hasText: '"modle.onnx"' }).last().click();
    await bench.page.keyboard.press('Control+.');
    const menu = bench.page.locator('.action-widget');
    await menu.getByText('Use model.onnx').waitFor();
    await menu.getByText('Show the folder it should be in').waitFor();
    await bench.screenshot('quick-fix');
    // The first has the focus.
    await bench.page.keyboard.press('Enter');
    await bench.page.locator('.view-line', { hasText: '"model": "model.onnx"' }).waitFor();
    await problem('modle.onnx').waitFor({ state: 'detached' });
  });

  it('paths are completed', async () => {
    await bench.page.locator('.view-line span', { hasText: '"step-*.pt"' }).last().dblclick();
    await bench.page.keyboard.press('Home');
    for (let k = 0; k < '  "checkpoints": ["epoch-*.pt", "'.length - 2; k++) {
      await bench.page.keyboard.press('ArrowRight');
    }
    const suggestions = bench.page.locator('.suggest-widget .monaco-list-row');
    await pictures(bench, 'completion', async () => {
      if (!(await suggestions.first().isVisible())) {
        await bench.page.keyboard.press('Control+Space');
      }
      await suggestions.filter({ hasText: 'epoch-030.pt' }).first().waitFor();
      await suggestions.filter({ hasText: '*.pt' }).first().waitFor();
      return [
        bench.page.locator('.editor-instance .view-line').first(),
        bench.page.locator('.suggest-widget'),
      ];
    });
    await bench.page.keyboard.press('Escape');
    await bench.run('File: Revert File');
    await bench.run('View: Close All Editors');
    await bench.run('View: Hide Panel');
  });

  it('what the engine says of a basin.json is marked in it', async () => {
    const path = inWorkspace('runs', 'plain', 'basin.json');
    const configuration = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    // Only who opens the arrays knows that there is none of this name.
    configuration.data = { inputs: '../../digits-eval.npz#z', targets: '../../digits-eval.npz#y' };
    await writeFile(path, JSON.stringify(configuration, null, 2));
    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-030.pt', 'plain');
    await bench.row('epoch-030.pt, failed').waitFor({ timeout: 60_000 });
    await bench.dismissNotifications();
    await bench.page.keyboard.press('Control+P');
    await bench.pick('basin.json', 'plain/basin.json');
    await bench.run('Problems: Focus on Problems View');
    await problem('it has no array `z`').waitFor({ timeout: 60_000 });
    await bench.screenshot('failed-analysis');
    // Put right, it is not failed any more.
    configuration.data = { inputs: '../../digits-eval.npz#x', targets: '../../digits-eval.npz#y' };
    await writeFile(path, JSON.stringify(configuration, null, 2));
    await bench.row('epoch-030.pt, failed').waitFor({ state: 'detached', timeout: 60_000 });
    await problem('it has no array `z`').waitFor({ state: 'detached' });
    await bench.run('View: Close All Editors');
    await bench.run('View: Hide Panel');
  });

  it('the doctor says what Basin runs on', async () => {
    await bench.run('Basin: Run Doctor');
    const page = bench.panel();
    await page.getByRole('heading', { name: 'Basin Doctor' }).waitFor({ timeout: 60_000 });
    const text = (await page.locator('body').textContent()) ?? '';
    assert.match(text, /The engine works: it answered in \d+ ms/);
    assert.match(text, /✓ onnxruntime-node/);
    // Not the paths, which are of this machine.
    await pictures(bench, 'doctor', async () => {
      const heading = page.getByRole('heading', { name: 'Engine', exact: true });
      await heading.waitFor();
      return [heading, page.getByText('reference').last()];
    });
    await bench.run('View: Close All Editors');
  });

  it('and what was tried where the engine cannot start', async () => {
    for (const pid of await bench.enginePids()) process.kill(pid, 'SIGKILL');
    const installed = await bench.installedFolder();
    const script = join(installed, 'dist', 'engine.js');
    await rename(script, `${script}.gone`);
    try {
      const page = bench.panel();
      const told = page.getByText('The engine does not answer.');
      // A document that is just being closed may be shown once more as it was.
      for (let attempt = 1; ; attempt++) {
        await bench.run('Basin: Run Doctor');
        try {
          await told.waitFor({ timeout: 15_000 });
          break;
        } catch (error) {
          if (attempt === 4) throw error;
          await bench.run('View: Close All Editors');
        }
      }
      const text = (await page.locator('body').textContent()) ?? '';
      assert.ok(text.includes('engine.js does not exist'), text);
      assert.match(text, /What to do/);
      await bench.screenshot('doctor-no-engine');
      await bench.run('View: Close All Editors');
      // An analysis says so too, and shows the way to the doctor.
      await bench.run('Basin: Analyze Checkpoint');
      await bench.pick('epoch-008.pt', 'resnet');
      const missing = bench.notification(/engine is missing/);
      await missing.waitFor({ timeout: 60_000 });
      await missing.getByRole('button', { name: 'Run Doctor' }).waitFor();
      await bench.dismissNotifications();
    } finally {
      await rename(`${script}.gone`, script);
    }
  });

  it('a report is one page of HTML', async () => {
    const path = inWorkspace('runs', 'resnet', 'basin.json');
    const configuration = JSON.parse(
      await readFile(inWorkspace('runs', 'plain', 'basin.json'), 'utf8'),
    ) as Record<string, unknown>;
    configuration.data = {
      inputs: '../../digits-eval.npz#x',
      targets: '../../digits-eval.npz#y',
      limit: 64,
    };
    configuration.landscape = { resolution: 5 };
    await writeFile(path, JSON.stringify(configuration));
    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-030.pt', 'resnet');
    await bench.row('epoch-030.pt, loss').waitFor({ timeout: 60_000 });
    await bench.dismissNotifications();
    await bench.run('Basin: Export Report');
    await bench.pick('runs/resnet/basin.json', 'resnet').catch(() => undefined);
    const dialog = bench.page.locator('.quick-input-widget', { hasText: 'Export Report' });
    await dialog.waitFor();
    const input = dialog.locator('input[type="text"]');
    // The dialog takes no answer while it looks at a folder, and then may put its own proposal back.
    const told = bench.notification('The report is in');
    const wanted = inWorkspace('report.html');
    for (let attempt = 0; attempt < 12 && !(await told.isVisible()); attempt++) {
      if (await dialog.isVisible()) {
        if ((await input.inputValue()) === wanted) await input.press('Enter');
        else await input.fill(wanted);
      }
      await bench.page.waitForTimeout(1000);
    }
    await told.waitFor({ timeout: 60_000 });
    const page = await readFile(inWorkspace('report.html'), 'utf8');
    assert.match(page, /id="basin-snapshot"/);
    assert.match(page, /epoch-030\.pt/);
    await bench.dismissNotifications();
  });

  it('snippets write the code that exports a graph', async () => {
    await writeFile(inWorkspace('mine.py'), '\n');
    await bench.openFile('mine.py');
    await bench.page.locator('.editor-instance .view-lines').click();
    await bench.page.keyboard.type('basin-export');
    await bench.page.keyboard.press('Control+Space');
    await bench.page.locator('.suggest-widget .monaco-list-row').first().waitFor();
    await bench.page.keyboard.press('Enter');
    await bench.page.locator('.view-line', { hasText: 'TrainingMode.PRESERVE' }).waitFor();
    await bench.run('File: Revert File');
    await bench.run('View: Close All Editors');
  });

  it('the walkthrough leads through it', async () => {
    await bench.run('Welcome: Open Walkthrough');
    await bench.pick('Get Started with Basin', 'Basin');
    const page = bench.page.locator('.gettingStartedContainer');
    for (const title of [
      'Find your checkpoints',
      'Set up a run',
      'Analyze a checkpoint',
      'Compare two checkpoints',
    ]) {
      await page.getByText(title, { exact: true }).first().waitFor();
    }
    await page.getByText('Analyze a checkpoint', { exact: true }).first().click();
    await pictures(bench, 'walkthrough', async () => {
      await bench.page.waitForTimeout(700);
      return page;
    });
  });
});
