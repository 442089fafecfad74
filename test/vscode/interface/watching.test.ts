import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { given, Workbench } from './workbench';

/** What the side bar makes of what training, and a user with a file manager, do to files. */
describe('in a workspace of several folders', () => {
  let bench: Workbench;
  const beside = (...path: string[]): string => join(given().workspace, '..', ...path);
  const example = (...path: string[]): string => join(given().workspace, 'runs', ...path);
  const file = beside('all.code-workspace');

  /** The workspace's own file: its folders and settings. */
  function write(
    folders: readonly string[],
    settings: Record<string, unknown> = {},
  ): Promise<void> {
    const text = { folders: folders.map((path) => ({ path })), settings };
    return writeFile(file, JSON.stringify(text, null, 2));
  }

  before(async () => {
    // A project whose training writes `last.pt` and `best.pt` over and over.
    await mkdir(beside('second', 'out', 'first'), { recursive: true });
    await cp(join(given().workspace, 'digits-eval.npz'), beside('second', 'digits-eval.npz'));
    await cp(example('resnet', 'model.onnx'), beside('second', 'out', 'first', 'model.onnx'));
    const text = await readFile(example('resnet', 'basin.json'), 'utf8');
    const configuration = JSON.parse(text) as { checkpoints: string[] };
    configuration.checkpoints = ['*.pt'];
    await writeFile(beside('second', 'out', 'first', 'basin.json'), JSON.stringify(configuration));
    await cp(example('resnet', 'epoch-012.pt'), beside('second', 'out', 'first', 'last.pt'));
    await cp(example('resnet', 'epoch-008.pt'), beside('second', 'out', 'first', 'best.pt'));
    await writeFile(beside('second', 'use.py'), 'weights = torch.load("out/first/last.pt")\n');
    await mkdir(beside('third', 'trained'), { recursive: true });
    await cp(example('resnet', 'epoch-000.pt'), beside('third', 'trained', 'model.pt'));
    await write(['digits-resnet', 'second']);
    bench = await Workbench.open(given().workspace, file);
    await bench.showRuns();
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  it('the runs of all of them are listed, and where they are', async () => {
    await bench.row('Run resnet, digits-resnet/runs/resnet', 1).waitFor({ timeout: 60_000 });
    await bench.row('Run first, second/out/first', 1).waitFor();
    await bench.row('last.pt').waitFor();
    await bench.screenshot('several-folders');
  });

  it('a path in code is looked for from the folder the code is in', async () => {
    await bench.openFile('use.py');
    const hover = await bench.hoverOver('last.pt', /128 tensors/);
    assert.match((await hover.textContent()) ?? '', /epoch 12/);
    await bench.page.mouse.move(5, 5);
  });

  it('a checkpoint that is renamed over is outdated, and so is one that is written over', async () => {
    const first = (name: string): string => beside('second', 'out', 'first', name);
    for (const name of ['last.pt', 'best.pt']) {
      await bench.run('Basin: Analyze Checkpoint');
      await bench.pick(name);
      await bench.row(`${name}, loss`).waitFor({ timeout: 120_000 });
    }
    await bench.dismissNotifications();
    // As `torch.save` to another name and `os.replace` do, and as `torch.save` does.
    await copyFile(example('resnet', 'epoch-018.pt'), first('last.pt.tmp'));
    await rename(first('last.pt.tmp'), first('last.pt'));
    await bench.row('last.pt, loss').filter({ hasText: 'outdated' }).waitFor({ timeout: 60_000 });
    assert.equal(await bench.row('last.pt.tmp').count(), 0);
    await copyFile(example('resnet', 'epoch-012.pt'), first('best.pt'));
    await bench.row('best.pt, loss').filter({ hasText: 'outdated' }).waitFor({ timeout: 60_000 });
  });

  it('with its setting, the newest is analyzed without being asked', async () => {
    const path = beside('second', 'out', 'first', 'last.pt');
    await utimes(path, new Date(), new Date());
    await write(['digits-resnet', 'second'], { 'basin.autoAnalyze': true });
    const sha256 = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    const result = beside('second', 'out', 'first', '.basin', 'results', 'last.pt.basin.json');
    for (const until = Date.now() + 150_000; ;) {
      const text = await readFile(result, 'utf8');
      if (text.includes(sha256)) break;
      assert.ok(Date.now() < until, 'the result is of the new checkpoint');
      await bench.page.waitForTimeout(300);
    }
    await write(['digits-resnet', 'second']);
    // It goes on with the next one until it is told to stop; between two there is nothing to stop.
    const working = bench.statusBar(/epoch-|best\.pt|starting/);
    for (let attempt = 0; attempt < 5 && (await working.isVisible()); attempt++) {
      await bench.run('Basin: Cancel Analysis');
      await working.waitFor({ state: 'detached', timeout: 60_000 }).catch(() => undefined);
    }
    await working.waitFor({ state: 'detached' });
  });

  it('one that is moved is where it is now', async () => {
    await mkdir(beside('second', 'out', 'kept'), { recursive: true });
    await rename(
      beside('second', 'out', 'first', 'best.pt'),
      beside('second', 'out', 'kept', 'best-of-all.pt'),
    );
    await bench.row('Run kept, second/out/kept', 1).waitFor({ timeout: 60_000 });
    await bench.row('best.pt,').waitFor({ state: 'detached', timeout: 60_000 });
    await bench.expand(bench.row('Run kept', 1));
    await bench.row('best-of-all.pt').waitFor();
  });

  it('a folder that is deleted is gone', async () => {
    await rm(beside('second', 'out', 'kept'), { recursive: true });
    await bench.row('Run kept', 1).waitFor({ state: 'detached', timeout: 60_000 });
  });

  it('a folder is added to the workspace, and taken out of it', async () => {
    await write(['digits-resnet', 'second', 'third']);
    await bench.row('Run trained, third/trained', 1).waitFor({ timeout: 60_000 });
    await write(['digits-resnet', 'second']);
    await bench.row('Run trained', 1).waitFor({ state: 'detached', timeout: 60_000 });
    await bench.row('Run first', 1).waitFor();
  });
});
