import { strict as assert } from 'node:assert';
import { cp, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { given, Workbench } from './workbench';

/** Files that are not what they should be: said where they are, and nothing else is disturbed. */
describe('in trouble', () => {
  let bench: Workbench;
  const inWorkspace = (...path: string[]): string => join(given().workspace, ...path);

  before(async () => {
    await mkdir(inWorkspace('odd'));
    await writeFile(inWorkspace('odd', 'notes.ckpt'), 'These are no weights.\n'.repeat(100));
    await writeFile(inWorkspace('odd', 'empty.ckpt'), '');
    const whole = await readFile(inWorkspace('runs', 'resnet', 'epoch-030.pt'));
    await writeFile(inWorkspace('odd', 'cut.pth'), whole.subarray(0, whole.length / 2));
    await writeFile(inWorkspace('odd', '<b>x](command:a).ckpt'), 'text');
    await writeFile(
      inWorkspace('odd.py'),
      [
        'a = torch.load("odd/notes.ckpt")',
        'b = torch.load("odd/empty.ckpt")',
        'c = torch.load("odd/cut.pth")',
        'd = torch.load("odd/<b>x](command:a).ckpt")',
        'e = torch.load("odd/growing.pth")',
        '',
      ].join('\n'),
    );
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

  for (const [word, told] of [
    ['notes.ckpt', /notes\.ckpt .*(not|no) /],
    ['empty.ckpt', /empty/],
    ['cut.pth', /cut\.pth/],
  ] as const) {
    it(`what ${word} is, is told in a sentence`, async () => {
      await bench.openFile('odd.py');
      const hover = await bench.hoverOver(word, told);
      const text = (await hover.textContent()) ?? '';
      assert.doesNotMatch(text, /undefined|Error:|\bat \S+\.js\b/);
      await bench.screenshot(`trouble-${word}`);
    });
  }

  it('names of files are text, whatever is in them', async () => {
    const hover = await bench.hoverOver('command:a', /<b>x/);
    assert.match((await hover.textContent()) ?? '', /<b>x\]\(command:a\)\.ckpt/);
    assert.equal(await hover.locator('a[data-href="command:a"]').count(), 0);
  });

  it('a file that grows is being written, and never an error', async () => {
    const path = inWorkspace('odd', 'growing.pth');
    const whole = await readFile(inWorkspace('runs', 'resnet', 'epoch-030.pt'));
    const file = await open(path, 'w');
    await bench.showRuns();
    const run = bench.row('Run odd', 1);
    await run.waitFor();
    await bench.expand(run);
    const seen = new Set<string>();
    const row = bench.row('growing.pth');
    for (let part = 0; part < 20; part++) {
      const from = Math.floor((part / 20) * whole.length);
      await file.write(whole, from, Math.floor(((part + 1) / 20) * whole.length) - from, from);
      await bench.page.waitForTimeout(300);
      if ((await row.count()) > 0) seen.add((await row.getAttribute('aria-label')) ?? '');
    }
    await file.close();
    assert.ok(
      [...seen].some((label) => label.includes('being written')),
      [...seen].join('; '),
    );
    assert.ok(![...seen].some((label) => label.includes('failed')));
    for (const until = Date.now() + 15_000; ;) {
      const label = (await row.getAttribute('aria-label')) ?? '';
      if (!label.includes('being written')) break;
      assert.ok(Date.now() < until, 'it is complete in the end');
      await bench.page.waitForTimeout(300);
    }
    const hover = await (async () => {
      await bench.openFile('odd.py');
      return bench.hoverOver('growing.pth', /128 tensors/);
    })();
    assert.match((await hover.textContent()) ?? '', /epoch 30/);
  });

  it('a graph that is none and a result that is none are told of', async () => {
    const plain = (...path: string[]): string => inWorkspace('runs', 'plain', ...path);
    const model = await readFile(plain('model.onnx'));
    await writeFile(plain('model.onnx'), 'This is no graph.');
    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-030.pt', 'plain');
    const told = bench.notification(/model\.onnx/);
    await told.waitFor({ timeout: 60_000 });
    await bench.screenshot('trouble-graph');
    await bench.dismissNotifications();
    await writeFile(plain('model.onnx'), model);

    await mkdir(plain('.basin', 'results'), { recursive: true });
    await writeFile(plain('.basin', 'results', 'epoch-024.pt.basin.json'), '{"schema": 1, "che');
    const row = bench.row('epoch-024.pt, failed');
    // Where no event tells of a new folder, it is found once a minute.
    await row.waitFor({ timeout: 120_000 });
    await bench.hoverUntil(row, 'is no usable result');

    await rm(plain('.basin'), { recursive: true });
  });

  it('and the rest goes on', async () => {
    await cp(inWorkspace('runs', 'resnet', 'epoch-030.pt'), inWorkspace('odd', 'good.pth'));
    await bench.row('good.pth').waitFor({ timeout: 60_000 });
    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-030.pt', 'resnet');
    await bench.row('epoch-030.pt, loss').waitFor({ timeout: 120_000 });
  });
});
