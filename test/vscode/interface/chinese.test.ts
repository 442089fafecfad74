import { strict as assert } from 'node:assert';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { given, Workbench } from './workbench';

/** The extension in an editor whose display language is Simplified Chinese. */
describe('in Chinese', () => {
  let bench: Workbench;

  before(async () => {
    await writeFile(
      join(given().workspace, 'fit.py'),
      'import torch\n\nbest = torch.load("runs/resnet/epoch-030.pt")\n',
    );
    bench = await Workbench.open();
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      await bench.screenshot(`failed-${this.currentTest.title.replace(/[^a-z0-9]+/gi, '-')}`);
    }
  });

  it('the tree, the palette, code and messages speak it', async () => {
    const tab = bench.page.locator('.activitybar a.action-label[aria-label^="Basin"]');
    await tab.click({ timeout: 60_000 });
    await bench.page.locator('.sidebar .composite.title', { hasText: '训练运行' }).waitFor();
    const run = bench.row('训练运行 resnet', 1);
    await run.waitFor({ timeout: 40_000 });
    assert.match((await run.getAttribute('aria-label')) ?? '', /已分析 0\/9/);

    await bench.run('Basin: 分析检查点');
    await bench.pick('epoch-030.pt', 'resnet');
    const row = bench.row('epoch-030.pt, 损失 ');
    await row.waitFor({ timeout: 120_000 });
    assert.match((await row.getAttribute('aria-label')) ?? '', /λmax [\d.]+ · \d+ 个鞍点/);

    await bench.openFile('fit.py');
    await bench.page
      .locator('.codelens-decoration a', { hasText: /resnet\/epoch-030\.pt，.*保存 · 损失/ })
      .waitFor({ timeout: 20_000 });
    await bench.screenshot('chinese');
  });

  it('so do quick picks and documents', async () => {
    await bench.run('Basin: 比较检查点');
    await bench.page.locator('.quick-input-widget', { hasText: '比较' }).first().waitFor();
    await bench.page.keyboard.press('Escape');
    await bench.run('Basin: 运行诊断');
    await bench.panel().getByRole('heading', { name: 'Basin 诊断' }).waitFor({ timeout: 30_000 });
  });
});
