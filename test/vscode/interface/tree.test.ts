import { strict as assert } from 'node:assert';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pictures } from './themes';
import { given, Workbench } from './workbench';

/** What a user does with runs and checkpoints in the side bar. */
describe('in the tree', () => {
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

  it('selected checkpoints are analyzed by the keyboard', async () => {
    // The tree shows runs in order: what is of the second run comes last.
    await bench.row('epoch-024.pt').last().click();
    await bench
      .row('epoch-030.pt')
      .last()
      .click({ modifiers: ['Control'] });
    await bench.page.keyboard.press('Control+Enter');
    await bench.row('epoch-024.pt, loss').waitFor({ timeout: 120_000 });
    await bench.row('epoch-030.pt, loss').waitFor({ timeout: 120_000 });
    await bench.dismissNotifications();
  });

  it('two that are selected are compared from the right menu', async () => {
    await bench.showRuns();
    await bench.row('epoch-024.pt, loss').click();
    await bench.row('epoch-030.pt, loss').click({ modifiers: ['Control'] });
    await bench.menuOf(bench.row('epoch-030.pt, loss'));
    await bench.screenshot('compare-menu');
    await bench.page.keyboard.press('Escape');
    await bench.chooseInMenu(bench.row('epoch-030.pt, loss'), 'Compare Checkpoints');
    const preview = bench.panel();
    await preview
      .getByRole('heading', { name: 'epoch-024.pt → epoch-030.pt' })
      .waitFor({ timeout: 60_000 });
    for (const heading of ['Loss', 'Curvature', 'Topology', 'Minima']) {
      await preview.getByRole('heading', { name: heading, exact: true }).waitFor();
    }
    // The figures are those of the results on disk.
    const read = async (name: string): Promise<number> => {
      const text = await readFile(
        inWorkspace('runs', 'resnet', '.basin', 'results', `${name}.basin.json`),
        'utf8',
      );
      return (JSON.parse(text) as { metrics: { accuracy: number } }).metrics.accuracy;
    };
    const row = preview.getByRole('row', { name: /^accuracy/ });
    const text = (await row.textContent()) ?? '';
    for (const name of ['epoch-024.pt', 'epoch-030.pt']) {
      const share = (100 * (await read(name))).toFixed(1).replace(/\.0$/, '');
      assert.ok(text.includes(`${share} %`), `${share} % in ${text}`);
    }
    await pictures(bench, 'compare', async () => {
      await preview.getByRole('heading', { name: 'Topology', exact: true }).waitFor();
      return bench.page.locator('.editor-group-container').first();
    });
  });

  it('the landscape opens by its keys', async () => {
    await bench.run('View: Close All Editors');
    await bench.page.keyboard.press('Control+K');
    await bench.page.keyboard.press('Shift+L');
    await bench.page.locator('.tab', { hasText: 'Basin' }).waitFor();
    await bench.panel().locator('#checkpoint').waitFor({ timeout: 60_000 });
  });

  it('and from the palette', async () => {
    await bench.run('View: Close All Editors');
    await bench.run('Basin: Compare Checkpoints');
    await bench.page.locator('.quick-input-widget', { hasText: 'Basin: Compare' }).waitFor();
    await bench.pick('epoch-030.pt', 'loss');
    await bench.page
      .locator('.quick-input-widget', { hasText: 'Compare resnet/epoch-030.pt with' })
      .waitFor();
    await bench.pick('epoch-024.pt', 'loss');
    await bench
      .panel()
      .getByRole('heading', { name: 'epoch-024.pt → epoch-030.pt' })
      .waitFor({ timeout: 60_000 });
    await bench.run('View: Close All Editors');
  });

  it('one that has no result is offered to be analyzed', async () => {
    await bench.run('Basin: Compare Checkpoints');
    await bench.pick('epoch-030.pt', 'loss');
    await bench.page
      .locator('.quick-input-widget', { hasText: 'Compare resnet/epoch-030.pt with' })
      .waitFor();
    await bench.pick('epoch-018.pt', 'resnet');
    const offer = bench.notification(/epoch-018\.pt has not been analyzed/);
    await offer.waitFor();
    await offer.getByRole('button', { name: 'Analyze' }).click();
    await bench
      .panel()
      .getByRole('heading', { name: 'epoch-018.pt → epoch-030.pt' })
      .waitFor({ timeout: 120_000 });
    await bench.run('View: Close All Editors');
    await bench.dismissNotifications();
  });

  async function compareAlong(path: string): Promise<void> {
    await bench.run('Basin: Compare Checkpoints along a Path');
    await bench.pick('epoch-030.pt', 'loss');
    await bench.page
      .locator('.quick-input-widget', { hasText: 'Compare resnet/epoch-030.pt with' })
      .waitFor();
    await bench.pick('epoch-024.pt', 'loss');
    await bench.pick(path);
  }

  it('what takes long can be cancelled, and what is compared already stays', async () => {
    await compareAlong('Trained Curve');
    const progress = bench.notification('the loss from resnet/epoch-024.pt to resnet/epoch-030.pt');
    await progress.hover();
    await progress.getByRole('button', { name: 'Cancel' }).click();
    await progress.waitFor({ state: 'detached' });
    const preview = bench.panel();
    await preview.getByRole('heading', { name: 'Curvature', exact: true }).waitFor();
    assert.equal(await preview.getByRole('heading', { name: 'Between the two' }).count(), 0);
    await bench.run('View: Close All Editors');
  });

  it('with the loss on the way between the two, if that is asked for', async () => {
    await compareAlong('Straight Line');
    const preview = bench.panel();
    await preview
      .getByRole('heading', { name: 'Between the two', exact: true })
      .waitFor({ timeout: 120_000 });
    // Both ends have the loss that is theirs.
    const end = async (name: string): Promise<string> =>
      (await preview
        .getByRole('row', { name: new RegExp(`\\(${name}`) })
        .getByRole('cell')
        .nth(1)
        .textContent()) ?? '';
    for (const name of ['epoch-024', 'epoch-030']) {
      const text = await readFile(
        inWorkspace('runs', 'resnet', '.basin', 'results', `${name}.pt.basin.json`),
        'utf8',
      );
      const { loss } = (JSON.parse(text) as { metrics: { loss: number } }).metrics;
      assert.ok(Math.abs(Number(await end(name)) / loss - 1) < 1e-3, `${await end(name)}, ${loss}`);
    }
    await pictures(bench, 'compare-path', async () => {
      await preview.getByRole('heading', { name: 'Between the two', exact: true }).waitFor();
      return bench.page.locator('.editor-group-container').first();
    });
    await bench.run('View: Close All Editors');
    await bench.dismissNotifications();
  });

  it('folders that are checkpoints are checkpoints of one run', async () => {
    const from = inWorkspace('runs', 'resnet', 'epoch-030.pt');
    for (const step of [500, 1000]) {
      const folder = inWorkspace('hf', `checkpoint-${step}`);
      await mkdir(folder, { recursive: true });
      await cp(from, join(folder, 'pytorch_model.bin'));
      await cp(from, join(folder, 'optimizer.pt'));
      await writeFile(join(folder, 'training_args.bin'), 'not weights');
    }
    // A save that is not finished, under the name it has until then.
    await mkdir(inWorkspace('hf', 'tmp-checkpoint-1500'), { recursive: true });
    await cp(from, inWorkspace('hf', 'tmp-checkpoint-1500', 'pytorch_model.bin'));
    await bench.showRuns();
    const run = bench.row('Run hf', 1);
    await run.waitFor({ timeout: 60_000 });
    await bench.expand(run);
    await bench.row('checkpoint-500,').waitFor();
    await bench.row('checkpoint-1000,').waitFor();
    assert.equal(await bench.row('optimizer').count(), 0);
    assert.equal(await bench.row('1500').count(), 0);
    // And then it is renamed.
    await rename(inWorkspace('hf', 'tmp-checkpoint-1500'), inWorkspace('hf', 'checkpoint-1500'));
    await bench.row('checkpoint-1500,').waitFor({ timeout: 60_000 });
  });

  it('shards are one checkpoint, and being written until all are there', async () => {
    const folder = inWorkspace('big');
    await mkdir(folder, { recursive: true });
    const shard = (k: number): string => join(folder, `model-0000${k}-of-00002.safetensors`);
    await writeFile(shard(1), 'x');
    await writeFile(join(folder, 'model.safetensors.index.json'), '{"weight_map":{}}');
    const run = bench.row('Run big', 1);
    await run.waitFor({ timeout: 60_000 });
    await bench.expand(run);
    await bench.row('model.safetensors.index.json, being written').waitFor();
    assert.equal(await bench.row('00001').count(), 0);
    await writeFile(shard(2), 'x');
    await bench
      .row('model.safetensors.index.json, being written')
      .waitFor({ state: 'detached', timeout: 60_000 });
    await bench.row('model.safetensors.index.json').waitFor();
  });

  it('models of TensorFlow.js are known by what is in them', async () => {
    await mkdir(inWorkspace('web'), { recursive: true });
    await mkdir(inWorkspace('other'), { recursive: true });
    await writeFile(inWorkspace('other', 'model.json'), '{ "name": "a product" }');
    await writeFile(
      inWorkspace('web', 'model.json'),
      '{ "format": "layers-model", "modelTopology": {}, "weightsManifest": [] }',
    );
    await bench.row('Run web', 1).waitFor({ timeout: 60_000 });
    assert.equal(await bench.row('Run other', 1).count(), 0);
  });

  it('a checkpoint that is overwritten is outdated, one that is moved goes along', async () => {
    const { workspace } = given();
    const run = join(workspace, 'runs', 'resnet');
    await cp(join(run, 'epoch-000.pt'), join(run, 'epoch-030.pt'));
    await bench
      .row('epoch-030.pt, loss')
      .filter({ hasText: 'outdated' })
      .waitFor({ timeout: 60_000 });
    await rename(join(run, 'epoch-012.pt'), join(run, 'epoch-013.pt'));
    await bench.row('epoch-013.pt').waitFor({ timeout: 60_000 });
    assert.equal(await bench.row('epoch-012.pt').count(), 1);
    // Wide enough for the figures.
    const side = await bench.page.locator('.part.sidebar').boundingBox();
    assert.ok(side);
    const edge = side.x + side.width;
    await bench.page.mouse.move(edge, 600);
    await bench.page.mouse.down();
    await bench.page.mouse.move(edge + 170, 600, { steps: 5 });
    await bench.page.mouse.up();
    await pictures(bench, 'tree', async () => {
      await bench.page.mouse.move(1000, 700);
      const rows = bench.page.locator('.sidebar .monaco-list-row');
      return [rows.first(), rows.last()];
    });
    for (const name of ['hf', 'big', 'web', 'other']) {
      await rm(join(workspace, name), { recursive: true });
    }
    await bench.row('Run hf', 1).waitFor({ state: 'detached', timeout: 60_000 });
  });
});
