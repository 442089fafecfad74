import { strict as assert } from 'node:assert';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { changeSettings, pictures } from './themes';
import { given, Workbench } from './workbench';

const TRAIN = `import torch


def train(model, run, epochs):
    for epoch in range(epochs):
        step(model)
        torch.save(model.state_dict(), f"runs/{run}/epoch-{epoch:03d}.pt")
    return model


best = torch.load("runs/resnet/epoch-030.pt")
`;

const NOTEBOOK = {
  cells: [
    {
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source: ['state = torch.load("runs/resnet/epoch-030.pt")\n'],
    },
  ],
  metadata: { language_info: { name: 'python' } },
  nbformat: 4,
  nbformat_minor: 5,
};

/** What a user meets in the code that saves and loads checkpoints. */
describe('in code', () => {
  let bench: Workbench;

  before(async () => {
    const { workspace } = given();
    const put = (name: string, text: string): Promise<void> =>
      writeFile(join(workspace, name), text);
    await put('fit.py', TRAIN);
    await put('look.ipynb', JSON.stringify(NOTEBOOK));
    await put('eval.yaml', 'model:\n  weights: runs/resnet/epoch-030.pt  # the last one\n');
    await put('eval.toml', 'weights = "runs/resnet/epoch-030.pt"\n');
    await put('eval.sh', 'python eval.py --weights=runs/resnet/epoch-030.pt\n');
    await put('load.ts', 'export const weights = `runs/resn${suffix}/epoch-030.pt`;\n');
    await put('load.js', "const model = await tf.loadLayersModel('runs/resnet/epoch-030.pt');\n");
    await put('eval.json', '{ "weights": "runs/resnet/epoch-030.pt" }\n');
    const path = join(workspace, 'runs', 'resnet', 'basin.json');
    const configuration = JSON.parse(await readFile(path, 'utf8')) as {
      landscape: { resolution: number; range: number };
    };
    configuration.landscape.resolution = 21;
    await put('runs/resnet/basin.json', JSON.stringify(configuration, null, 2));
    bench = await Workbench.open();
    await bench.showRuns();
    await bench.row('Run resnet', 1).waitFor({ timeout: 60_000 });
    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-030.pt', 'resnet');
    await bench.row('epoch-030.pt, loss').waitFor({ timeout: 120_000 });
    await bench.dismissNotifications();
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  const lens = (text: string | RegExp): Locator =>
    bench.page.locator('.monaco-editor .codelens-decoration a', { hasText: text });

  const hoverOver = (word: string, within?: string): Promise<Locator> =>
    bench.hoverOver(word, 'λmax', within);

  it('the line that saves says what was saved last, the line that loads what it loads', async () => {
    await bench.openFile('fit.py');
    const saved = lens(/Saved last: /);
    await saved.waitFor({ timeout: 60_000 });
    assert.match((await saved.textContent()) ?? '', /18 checkpoints/);
    const loaded = lens(/resnet\/epoch-030\.pt, saved .* · loss .* · λmax .* · \d+ saddles?/);
    await loaded.waitFor();
    await pictures(bench, 'codelens', async () => {
      await loaded.waitFor();
      const lines = bench.page.locator('.editor-instance .view-line');
      return [lines.first(), lines.nth(10)];
    });
  });

  it('a click on it opens the landscape', async () => {
    await lens(/resnet\/epoch-030\.pt, saved/).click();
    await bench
      .panel()
      .getByRole('heading', { name: 'Loss landscape', exact: true })
      .waitFor({ timeout: 60_000 });
    await bench.run('View: Close All Editors');
  });

  it('it goes with its setting', async () => {
    await bench.openFile('fit.py');
    await lens(/Saved last/).waitFor();
    await changeSettings(bench, { 'basin.codeLens.enabled': false });
    await lens(/Saved last/).waitFor({ state: 'detached' });
    await changeSettings(bench, { 'basin.codeLens.enabled': true });
    await lens(/Saved last/).waitFor();
  });

  it('a path tells its figures and shows the landscape', async () => {
    await bench.openFile('fit.py');
    let hover = await hoverOver('epoch-030.pt');
    const image = hover.locator('img');
    await image.waitFor();
    assert.equal(await image.evaluate((node) => (node as HTMLImageElement).naturalWidth), 240);
    for (const word of ['PyTorch', 'accuracy', 'λmax', 'Trace', 'saddles']) {
      assert.ok((await hover.textContent())?.includes(word), word);
    }
    await pictures(bench, 'hover', async () => {
      hover = await hoverOver('epoch-030.pt');
      await hover.locator('img').waitFor();
      return hover;
    });
  });

  for (const [name, word, within] of [
    ['eval.yaml', 'runs/resnet/epoch-030.pt', undefined],
    ['eval.toml', 'epoch-030', undefined],
    ['eval.sh', 'epoch-030', undefined],
    ['eval.json', 'epoch-030', undefined],
    ['load.ts', 'epoch-030', undefined],
    ['load.js', 'epoch-030', undefined],
    ['look.ipynb', 'epoch-030', '.notebook-editor'],
  ] as const) {
    it(`also in ${name}`, async () => {
      await bench.openFile(name);
      const hover = await hoverOver(word, within);
      assert.match((await hover.textContent()) ?? '', /epoch-030\.pt/);
      await bench.screenshot(`hover-${name}`);
      if (within === undefined) return;
      await bench.page
        .locator('.notebook-editor .codelens-decoration a', { hasText: 'epoch-030.pt, saved' })
        .waitFor();
    });
  }

  it('the explorer marks checkpoints', async () => {
    await bench.run('File: Focus on Files Explorer');
    await bench.run('File: Reveal Active File in Explorer View');
    const explorer = bench.page.locator('.explorer-folders-view');
    for (const folder of ['runs', 'resnet']) {
      const row = explorer.locator('.monaco-list-row', { hasText: new RegExp(`^${folder}$`) });
      if ((await row.getAttribute('aria-expanded')) === 'false') await row.click();
    }
    const marked = explorer.locator('.monaco-list-row', { hasText: 'epoch-030.pt' });
    await marked.waitFor();
    await marked.locator('.monaco-icon-label').waitFor();
    const badge = (row: Locator): Promise<string> =>
      row
        .locator('.monaco-icon-label')
        .evaluate((node) => getComputedStyle(node, '::after').content);
    assert.match(await badge(marked), /✓/);
    // Written to again and again, as while it is saved.
    const half = join(given().workspace, 'runs', 'resnet', 'epoch-031.pt');
    const growing = setInterval(() => {
      void writeFile(
        half,
        Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(Date.now() % 9999)]),
      );
    }, 150);
    try {
      const writing = explorer.locator('.monaco-list-row', { hasText: 'epoch-031.pt' });
      await pictures(bench, 'explorer', async () => {
        await writing.waitFor();
        for (const until = Date.now() + 10_000; !(await badge(writing)).includes('…');) {
          assert.ok(Date.now() < until, 'a file that is being written is marked');
          await bench.page.waitForTimeout(200);
        }
        return [explorer.locator('.monaco-list-row', { hasText: 'resnet' }).first(), writing];
      });
    } finally {
      clearInterval(growing);
    }
    await changeSettings(bench, { 'basin.decorations.enabled': false });
    for (const until = Date.now() + 10_000; (await badge(marked)).includes('✓');) {
      assert.ok(Date.now() < until, 'no marks without the setting');
      await bench.page.waitForTimeout(200);
    }
    await changeSettings(bench, { 'basin.decorations.enabled': true });
  });
});
