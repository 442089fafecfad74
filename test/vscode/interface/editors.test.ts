import { strict as assert } from 'node:assert';
import { copyFile, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { given, Workbench } from './workbench';

const MANY = 100_000;

/** What a user sees who opens checkpoints and results as files. */
describe('opening a file', () => {
  let bench: Workbench;
  const inWorkspace = (...path: string[]): string => join(given().workspace, ...path);

  before(async () => {
    await mkdir(inWorkspace('opened'), { recursive: true });
    await mkdir(given().screenshots, { recursive: true });
    await copyFile(inWorkspace('runs', 'resnet', 'epoch-030.pt'), inWorkspace('opened', 'one.pt'));
    await writeMany(inWorkspace('opened', 'many.safetensors'));
    bench = await Workbench.open();
    // A result, for a document that has no checkpoint beside it.
    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-030.pt', 'resnet');
    await bench.notification(/resnet\/epoch-030\.pt: loss/).waitFor({ timeout: 90_000 });
    await bench.dismissNotifications();
    await copyFile(
      inWorkspace('runs', 'resnet', '.basin', 'results', 'epoch-030.pt.basin.json'),
      inWorkspace('opened', 'alone.basin.json'),
    );
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  const page = (): FrameLocator => bench.panel();
  const grid = (): Locator => page().getByRole('grid', { name: 'Tensors' });
  const row = (name: string): Locator => grid().locator('.row', { hasText: name });

  /** A click on a file of weights opens it. */
  async function openTensors(name: string): Promise<void> {
    await bench.run('View: Close All Editors');
    await bench.openFile(name);
    await page().getByRole('heading', { name, exact: true }).waitFor({ timeout: 60_000 });
  }

  /** Pictures of the editor in the dark, the light and the high-contrast theme. */
  async function inThemes(name: string): Promise<void> {
    for (const [label, mark, file] of [
      ['Dark Modern', 'vs-dark', 'dark'],
      ['Dark High Contrast', 'hc-black', 'high-contrast'],
      ['Light Modern', 'vs', 'light'],
    ] as const) {
      await bench.theme(label, mark);
      await bench.page.waitForTimeout(1500);
      await bench.page
        .locator('.part.editor')
        .screenshot({ path: join(given().screenshots, `${name}-${file}.png`) });
    }
  }

  it('shows a checkpoint’s header and tensors', async () => {
    await openTensors('one.pt');
    const facts = (await page().locator('.facts').textContent()) ?? '';
    assert.match(facts, /^PyTorch · 128 tensors · 17,875 values, buffers included · .* · epoch 30/);
    await row('conv1.weight').first().waitFor();
    assert.equal(await grid().getAttribute('aria-rowcount'), '129');
    const first = (await row('conv1.weight').first().textContent()) ?? '';
    assert.ok(first.includes('float32') && first.includes('4×1×3×3'), first);
    await page().locator('summary', { hasText: 'Metadata' }).click();
    await page().locator('dl').getByText('args.lr', { exact: true }).waitFor();
    await page().locator('summary', { hasText: 'Metadata' }).click();
  });

  it('compares the tensors of two checkpoints in a document', async () => {
    await bench.run('View: Close All Editors');
    await bench.run('Basin: Compare Tensors');
    await bench.page.locator('.quick-input-widget', { hasText: 'Basin: Compare' }).waitFor();
    await bench.pick('epoch-030.pt', 'resnet');
    await bench.page
      .locator('.quick-input-widget', { hasText: 'Compare resnet/epoch-030.pt with' })
      .waitFor();
    await bench.pick('epoch-024.pt', 'resnet');
    const document = bench.panel();
    await document.getByRole('heading', { name: /^Changed \(/ }).waitFor({ timeout: 60_000 });
    const text = (await document.locator('body').textContent()) ?? '';
    assert.match(text, /‖b − a‖ = [\d.]+ over all floating-point tensors in both/);
    const far = await document
      .locator('table')
      .first()
      .locator('td:nth-child(3)')
      .allTextContents();
    const distances = far.map(Number);
    assert.ok(distances.length > 10);
    assert.deepEqual(
      distances,
      [...distances].sort((a, b) => b - a),
    );
    await inThemes('compare-tensors');
    await openTensors('one.pt');
  });

  it('tells the statistics of the tensor that is gone to with the keys', async () => {
    await grid().focus();
    await bench.page.keyboard.press('Home');
    // As PyTorch computes them in float64.
    const detail = page().locator('.detail');
    await detail.filter({ hasText: 'mean 0.0384369' }).waitFor();
    const text = (await detail.textContent()) ?? '';
    assert.match(text, /^conv1\.weight: float32, 4×1×3×3/);
    assert.match(text, /standard deviation 0\.694654 · from −1\.49087 to 1\.30748/);
    assert.match(text, /0 zeros · all finite/);
    const active = await grid().getAttribute('aria-activedescendant');
    assert.match(
      (await page()
        .locator(`#${active ?? 'none'}`)
        .textContent()) ?? '',
      /conv1\.weight/,
    );
    await bench.page.keyboard.press('End');
    await detail.filter({ hasText: 'fc.bias' }).filter({ hasText: 'mean −0.0304957' }).waitFor();
  });

  it('measures all that is listed, finds, and sorts', async () => {
    await page().getByLabel('Search tensors by name, type or shape').fill('conv weight');
    await page().locator('.found', { hasText: '19 of 128' }).waitFor();
    await page().getByRole('button', { name: 'Compute Statistics' }).click();
    await page().getByRole('button', { name: 'Compute Statistics' }).waitFor();
    await row('layer3.2.conv2.weight').filter({ hasText: '%' }).waitFor();
    await page()
      .getByRole('columnheader', { name: 'Number of values' })
      .getByRole('button')
      .click();
    assert.equal(
      await page()
        .getByRole('columnheader', { name: 'Number of values' })
        .getAttribute('aria-sort'),
      'descending',
    );
    // Two of the same size are in the file's order.
    assert.match(
      (await grid().locator('.row[aria-rowindex="2"]').textContent()) ?? '',
      /layer3\.0\.conv2\.weight/,
    );
    // fc.bias, which was gone to, is not listed any more, and all that is has been measured.
    await page().locator('.detail', { hasText: 'Select a tensor' }).waitFor();
    assert.ok(await page().getByRole('button', { name: 'Compute Statistics' }).isDisabled());
    await grid().locator('.row[aria-rowindex="3"]').click();
    await inThemes('tensors');
    // The figures to the right are read beside the names they belong to.
    const name = grid().locator('.row[aria-rowindex="2"] .col-name');
    const before = await name.boundingBox();
    await grid().evaluate((root) => {
      root.scrollLeft = root.scrollWidth;
    });
    await grid().locator('.row[aria-rowindex="2"] .col-fromPrevious').hover();
    assert.deepEqual(await name.boundingBox(), before);
    await inThemes('tensors-right');
    await grid().evaluate((root) => {
      root.scrollLeft = 0;
    });
    await page().getByLabel('Search tensors by name, type or shape').fill('');
  });

  it('is right again after the file has changed, and says what is wrong with a broken one', async () => {
    await copyFile(inWorkspace('runs', 'resnet', 'epoch-000.pt'), inWorkspace('opened', 'one.pt'));
    await page().locator('.facts', { hasText: 'epoch 0' }).waitFor({ timeout: 60_000 });
    const whole = await readFile(inWorkspace('opened', 'one.pt'));
    await writeFile(inWorkspace('opened', 'one.pt'), whole.subarray(0, whole.length >> 1));
    const failure = page().getByRole('alert');
    await failure.getByRole('heading', { name: 'one.pt cannot be shown' }).waitFor();
    assert.match((await failure.locator('p').textContent()) ?? '', /^one\.pt is damaged: .*\.$/);
    await bench.screenshot('tensors-broken');
    await writeFile(inWorkspace('opened', 'one.pt'), whole);
    await page().locator('.facts', { hasText: 'epoch 0' }).waitFor({ timeout: 60_000 });
  });

  it('shows a hundred thousand tensors without holding up the page', async () => {
    await openTensors('many.safetensors');
    await page()
      .locator('.facts', { hasText: /100.000 tensors/ })
      .waitFor();
    await grid().focus();
    await bench.page.keyboard.press('End');
    await row(`layers.${MANY - 1}.weight`).waitFor();
    assert.equal(await grid().getAttribute('aria-rowcount'), String(MANY + 1));
    assert.ok((await grid().locator('.row').count()) < 120, 'only rows in sight are in the page');
    // Of each jump the least of several times, less that of a frame without one: what others do on
    // the machine is not the table's.
    const perFrame = await grid().evaluate(async (root) => {
      const worst = async (jumps: boolean): Promise<number> => {
        const least = new Float64Array(60).fill(Infinity);
        for (let pass = 0; pass < 5; pass++) {
          for (const step of least.keys()) {
            if (jumps) root.scrollTop = (root.scrollHeight * ((step * 37) % 60)) / 60;
            const started = performance.now();
            if (jumps) root.dispatchEvent(new Event('scroll'));
            await new Promise(requestAnimationFrame);
            // Layout, which the frame would have to do.
            root.querySelector('.row')?.getBoundingClientRect();
            least[step] = Math.min(least[step]!, performance.now() - started);
          }
        }
        return Math.max(...least);
      };
      return (await worst(true)) - (await worst(false));
    });
    console.log(`      worst of 60 jumps through 100 000 rows: ${perFrame.toFixed(1)} ms`);
    assert.ok(perFrame < 100, `a jump takes ${perFrame} ms`);
    await page().getByLabel('Search tensors by name, type or shape').fill('99999');
    await page().locator('.found', { hasText: /^1 of/ }).waitFor();
  });

  it('stops reading when it is told to', async () => {
    await page().getByLabel('Search tensors by name, type or shape').fill('');
    await page().getByRole('button', { name: 'Compute Statistics' }).click();
    await page().getByRole('button', { name: /^Stop/ }).click();
    await page().getByRole('button', { name: 'Compute Statistics' }).waitFor({ timeout: 5000 });
  });

  it('shows a result without its checkpoint, with the panel’s plots', async () => {
    await bench.run('View: Close All Editors');
    await rm(inWorkspace('opened', 'one.pt'));
    await bench.openFile('alone.basin.json');
    for (const heading of ['Loss landscape', 'Persistence', 'Merge tree', 'Curvature']) {
      await page()
        .getByRole('heading', { name: heading, exact: true })
        .waitFor({ timeout: 60_000 });
    }
    assert.equal(await page().getByText('Analyze Again').count(), 0);
    await bench.page.waitForTimeout(1500);
    await inThemes('result');
  });

  it('says in a sentence what is wrong with a result, and offers the text', async () => {
    await writeFile(inWorkspace('opened', 'alone.basin.json'), '{ "schema": 1, "notes": "<b>x" }');
    const alert = page().getByRole('alert');
    await alert.getByRole('heading', { name: 'alone.basin.json cannot be shown' }).waitFor();
    assert.match((await alert.locator('p').textContent()) ?? '', /^It is no result document .*\.$/);
    await bench.screenshot('result-broken');
    await alert.getByRole('button', { name: 'Reopen as Text' }).click();
    await bench.page.locator('.view-line', { hasText: '"schema": 1' }).waitFor();
  });
});

/** A sparse file of tensors of one value each. */
async function writeMany(path: string): Promise<void> {
  const entries = Array.from({ length: MANY }, (_, index) => [
    `model.layers.${index}.weight`,
    { dtype: 'F32', shape: [4, 16], data_offsets: [256 * index, 256 * (index + 1)] },
  ]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = await open(path, 'w');
  try {
    await file.write(length);
    await file.write(header);
    await file.truncate(8 + header.length + 256 * MANY);
  } finally {
    await file.close();
  }
}
