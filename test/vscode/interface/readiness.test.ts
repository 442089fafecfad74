import { strict as assert } from 'node:assert';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pictures } from './themes';
import { given, Workbench } from './workbench';

/** A run as `basin_export.py` exported it. */
const EXPORTED = join(__dirname, '../../../test/fixtures/oneStep/frozen');

const READY = 'graph ✓ data ✓ weights ✓ probe ✓';

/** Whether a run can be analysed stands where the run is, and follows its files. */
describe('whether a run is ready', () => {
  let bench: Workbench;
  const folder = join(given().workspace, '..', 'readiness');
  const run = join(folder, 'runs', 'two-inputs');

  before(async () => {
    await mkdir(run, { recursive: true });
    await cp(EXPORTED, run, { recursive: true });
    await rm(join(run, 'data.npz'));
    bench = await Workbench.open(folder);
    await bench.showRuns();
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  it('is in its row, with what is in the way', async () => {
    const row = bench.row('Run two-inputs', 1);
    await bench.row('data ✗ graph ✓ weights ✓ probe ✓', 1).waitFor({ timeout: 60_000 });
    const label = (await row.getAttribute('aria-label')) ?? '';
    assert.match(label, /data\.npz/);
    assert.match(label, /0\/1 analyzed/);
    await row.locator('.codicon-error').waitFor();
  });

  it('and in the panel, which says what to do', async () => {
    await bench.row('epoch-2.pt').click();
    const panel = bench.panel();
    await panel.getByRole('heading', { name: 'epoch-2.pt cannot be analyzed yet' }).waitFor();
    await panel
      .getByText(/data\.npz/)
      .first()
      .waitFor();
    await panel.getByText('data ✗ graph ✓ weights ✓ probe ✓').waitFor();
    await pictures(bench, 'readiness-not', () =>
      Promise.resolve(bench.page.locator('.monaco-workbench')),
    );
  });

  it('is another once the file is there', async () => {
    await cp(join(EXPORTED, 'data.npz'), join(run, 'data.npz'));
    const row = bench.row(READY, 1);
    await row.waitFor({ timeout: 30_000 });
    // In the row itself a word, which a narrow side bar has room for.
    await row.getByText('ready ✓ · 0/1 analyzed').waitFor();
    const panel = bench.panel();
    await panel.getByText(READY).waitFor();
    await panel.getByRole('heading', { name: 'epoch-2.pt has not been analyzed yet' }).waitFor();
    await pictures(bench, 'readiness', () =>
      Promise.resolve(bench.page.locator('.monaco-workbench')),
    );
  });

  it('and again where the basin.json names something else', async () => {
    const path = join(run, 'basin.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('data.npz#u', 'data.npz#w'));
    await bench.row('data ✗', 1).waitFor({ timeout: 30_000 });
    await bench
      .panel()
      .getByText(/no array `w`/)
      .first()
      .waitFor();
    await writeFile(path, text.replace('"kind": "classification"', '"kind": "clas"'));
    await bench.row('basin.json ✗', 1).waitFor({ timeout: 30_000 });
    await writeFile(path, text);
    await bench.row(READY, 1).waitFor({ timeout: 30_000 });
  });

  it('kinds of objectives are completed by what fits the files', async () => {
    const text = await readFile(join(run, 'basin.json'), 'utf8');
    await bench.openFile('basin.json');
    const { page } = bench;
    await page
      .locator('.monaco-editor .view-line span', { hasText: '"classification"' })
      .last()
      .dblclick();
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Control+Space');
    const list = page.locator('.suggest-widget .monaco-list-row');
    await list.filter({ hasText: 'does not fit graph and data' }).first().waitFor();
    const labels = await list.evaluateAll((rows) =>
      rows.map((row) => row.getAttribute('aria-label') ?? ''),
    );
    const fitting = labels.filter((label) =>
      /^(classification|binary|regression|output|pde)/.test(label),
    );
    assert.match(fitting[0] ?? '', /^classification(?!.*does not fit)/, labels.join('\n'));
    assert.ok(
      fitting.some((label) => /^binary.*does not fit/.test(label)),
      labels.join('\n'),
    );
    await bench.screenshot('readiness-kinds');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+Z');
    // The editor saves by itself, what was deleted and, a second later, what is back.
    await page.locator('.tab.active:not(.dirty)', { hasText: 'basin.json' }).waitFor();
    while ((await readFile(join(run, 'basin.json'), 'utf8')) !== text)
      await page.waitForTimeout(100);
  });

  it('a result says that everything was there', async () => {
    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-2.pt');
    await bench.row('1/1 analyzed', 1).waitFor({ timeout: 120_000 });
    await bench.row('epoch-2.pt, loss').click();
    await bench.panel().locator('canvas').first().waitFor({ timeout: 120_000 });
    await bench.row(READY, 1).waitFor();
    await bench.panel().getByText(READY).waitFor();
    await bench.screenshot('readiness-analyzed');
  });
});
