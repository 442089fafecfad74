import { strict as assert } from 'node:assert';
import { readFile, writeFile } from 'node:fs/promises';
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
    await bench.afterTest(this.currentTest);
  });

  it('the tree, the palette, code and messages speak it', async () => {
    const tab = bench.page.locator('.activitybar a.action-label[aria-label^="Basin"]');
    await tab.click({ timeout: 60_000 });
    await bench.page.locator('.sidebar .composite.title', { hasText: '训练运行' }).waitFor();
    const run = bench.row('训练运行 resnet', 1);
    await run.waitFor({ timeout: 60_000 });
    assert.match((await run.getAttribute('aria-label')) ?? '', /已分析 0\/9/);

    await bench.run('Basin: 分析检查点');
    await bench.pick('epoch-030.pt', 'resnet');
    const row = bench.row('epoch-030.pt, 损失 ');
    await row.waitFor({ timeout: 120_000 });
    assert.match((await row.getAttribute('aria-label')) ?? '', /λmax [\d.]+ · \d+ 个鞍点/);

    await bench.openFile('fit.py');
    await bench.page
      .locator('.codelens-decoration a', { hasText: /resnet\/epoch-030\.pt，.*保存 · 损失/ })
      .waitFor({ timeout: 60_000 });
    await bench.screenshot('chinese');
  });

  it('so does the panel', async () => {
    await bench.row('epoch-030.pt, 损失 ').click();
    const panel = bench.panel();
    for (const title of ['损失景观', '持久性', '曲率', '合并树']) {
      await panel.getByRole('heading', { name: title, exact: true }).waitFor({ timeout: 60_000 });
    }
    assert.equal(await panel.locator('html').getAttribute('lang'), 'zh-cn');
    await panel.locator('.measure-title', { hasText: '最大特征值' }).waitFor();
    await panel.getByRole('button', { name: '重新分析' }).waitFor();
    assert.match(
      (await panel.locator('#landscape-stage').getAttribute('aria-label')) ?? '',
      /^11 × 11 个网格点上的损失，/,
    );
    // What is left in Latin letters: names of files and formats, symbols.
    const words = await panel.locator('.plots, .checkpoint-header, .strip, .notes').allInnerTexts();
    const left = words
      .join('\n')
      .match(/\b(the|of|and|loss|with|mean|points|saddles?|minim(um|a))\b/gi);
    assert.equal(left, null);
    for (const plot of ['persistence', 'density', 'tree']) {
      await panel.locator(`#${plot} .chart canvas`).first().waitFor();
    }
    // Nothing is wider than the panel: texts break where they must.
    const overflow = await panel
      .locator('body')
      .evaluate((body) => body.scrollWidth - body.clientWidth);
    assert.equal(overflow, 0);
    await bench.page.keyboard.press('Control+B');
    await bench.screenshot('chinese-panel');
    await panel.locator('#tree').scrollIntoViewIfNeeded();
    await bench.screenshot('chinese-panel-below');
    await bench.page.keyboard.press('Control+B');
    await bench.run('View: Close All Editors');
  });

  it('so do sentences of the engine', async () => {
    const file = join(given().workspace, 'runs', 'resnet', 'epoch-000.pt');
    // The beginning of a file of gzip.
    await writeFile(file, Uint8Array.of(0x1f, 0x8b, 8, 0));
    await bench.run('Basin: 分析检查点');
    await bench.pick('epoch-000.pt', 'resnet');
    const fault = 'epoch-000.pt 无法使用：它是用 gzip 压缩的；请先用 gunzip 解压。';
    await bench.notification(new RegExp(fault)).waitFor({ timeout: 90_000 });
    await bench.screenshot('chinese-fault');
    await bench.dismissNotifications();

    // Notes of a result, which its page translates.
    const results = join(given().workspace, 'runs', 'resnet', '.basin', 'results');
    const document = await readFile(join(results, 'epoch-030.pt.basin.json'), 'utf8');
    const messages = [
      {
        template: 'The graph does not use {0} tensors of the checkpoint ({1}).',
        values: [2, 'a, b'],
      },
    ];
    const notes = ['The graph does not use 2 tensors of the checkpoint (a, b).'];
    await writeFile(
      join(given().workspace, 'noted.basin.json'),
      JSON.stringify({ ...(JSON.parse(document) as object), notes, messages }),
    );
    await bench.openFile('noted.basin.json');
    const note = bench.panel().locator('#notes li');
    await note.waitFor({ timeout: 60_000 });
    assert.equal(await note.innerText(), '计算图没有用到检查点中的 2 个张量（a, b）。');
    await bench.run('View: Close All Editors');
  });

  it('so do quick picks and documents', async () => {
    await bench.run('Basin: 比较检查点');
    await bench.page.locator('.quick-input-widget', { hasText: '比较' }).first().waitFor();
    await bench.page.keyboard.press('Escape');
    await bench.run('Basin: 运行诊断');
    await bench.panel().getByRole('heading', { name: 'Basin 诊断' }).waitFor({ timeout: 60_000 });
  });
});
