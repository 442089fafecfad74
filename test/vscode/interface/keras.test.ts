import { strict as assert } from 'node:assert';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pictures } from './themes';
import { given, Workbench } from './workbench';

const ROOT = join(__dirname, '../../..');
const KERAS = join(ROOT, 'test/fixtures/keras/keras3');
const EXAMPLE = join(ROOT, 'examples/tfjs-regression');
const EPOCHS = [0, 80, 200];

/** Folders of models that say themselves what they compute, and data: no basin.json. */
describe('with models of Keras and TensorFlow.js, and data beside them', () => {
  let bench: Workbench;
  const folder = join(given().workspace, '..', 'whole');

  before(async () => {
    await mkdir(join(folder, 'keras'), { recursive: true });
    await cp(join(KERAS, 'dense.keras'), join(folder, 'keras', 'epoch-1.keras'));
    await cp(join(KERAS, 'dense.npz'), join(folder, 'keras', 'data.npz'));
    const curve = join(folder, 'curve');
    await mkdir(curve);
    for (const name of ['x.npy', 'y.npy']) await cp(join(EXAMPLE, name), join(curve, name));
    for (const epoch of EPOCHS) {
      await cp(join(EXAMPLE, `epoch-${epoch}`), join(curve, `epoch-${epoch}`), { recursive: true });
    }
    bench = await Workbench.open(folder);
    await bench.showRuns();
    await bench.row('Run keras', 1).waitFor({ timeout: 60_000 });
  });

  after(async () => {
    await bench.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  it('one click leads to the loss that Keras computes', async () => {
    await bench.expand(bench.row('Run keras', 1));
    const row = bench.row('epoch-1.keras');
    await row.hover();
    await row.locator('a.action-label[aria-label*="Analyze Checkpoint"]').click();
    // Of test/fixtures/keras/make.py: 0.93678002, shown in four digits.
    const done = bench.notification(/epoch-1\.keras: loss 0\.9368/);
    await done.waitFor({ timeout: 170_000 });
    await bench.screenshot('keras-analyzed');
    await done.getByRole('button', { name: 'Open Landscape' }).click();
    await bench.panel().locator('canvas').first().waitFor({ timeout: 60_000 });
    await bench.page.waitForTimeout(1500);
    await bench.screenshot('keras-panel');
  });

  it('another to the run, and its weights are followed through the training', async () => {
    const run = bench.row('Run curve', 1);
    await run.hover();
    await run.locator('a.action-label[aria-label*="Analyze All"]').click();
    await bench.expand(run);
    for (const epoch of EPOCHS) {
      await bench.row(`epoch-${epoch}, loss`).waitFor({ timeout: 170_000 });
    }
    await bench.dismissNotifications();
    await bench.row('epoch-200, loss').click();
    const panel = bench.panel();
    const measure = panel.locator('#measure-weights');
    await measure.scrollIntoViewIfNeeded();
    await measure.click();
    await measure.waitFor({ state: 'hidden', timeout: 60_000 });
    const section = panel.locator('#training');
    await section.getByRole('button', { name: 'Training as a table' }).click();
    const cells = await section.locator('tbody tr').last().locator('td').allTextContents();
    const heads = await section.locator('thead th').allTextContents();
    const numberOf = (column: string): number => Number(cells[heads.indexOf(column) - 1]);
    // What the shards hold, float32 after float32.
    const [first, before, last] = await Promise.all([0, 80, 200].map((epoch) => weightsOf(epoch)));
    const near = (value: number, other: number): void => {
      assert.ok(Math.abs(value - other) < 1e-4 * other, `${value} is ${other}`);
    };
    near(numberOf('Norm of the weights'), Math.hypot(...last!));
    near(numberOf('Distance to the first checkpoint'), apart(last!, first!));
    near(numberOf('Distance to the checkpoint before'), apart(last!, before!));
    await section.getByRole('button', { name: 'Training as a table' }).click();
    await pictures(bench, 'weights-over-training', async () => {
      await section.scrollIntoViewIfNeeded();
      await bench.page.waitForTimeout(1000);
      return section;
    });
  });
});

async function weightsOf(epoch: number): Promise<Float32Array> {
  const bytes = await readFile(join(EXAMPLE, `epoch-${epoch}`, 'weights.bin'));
  // Behind them are the optimizer's.
  return new Float32Array(Uint8Array.from(bytes).buffer, 0, 321);
}

function apart(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((value, k) => value - b[k]!));
}
