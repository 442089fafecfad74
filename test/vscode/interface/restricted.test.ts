import { strict as assert } from 'node:assert';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { given, Workbench } from './workbench';

describe('in a workspace that is not trusted', () => {
  let bench: Workbench;

  before(async () => {
    await writeFile(join(given().workspace, 'load.py'), 'torch.load("runs/resnet/epoch-030.pt")\n');
    bench = await Workbench.open();
    await bench.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  it('checkpoints are listed and their headers read', async () => {
    await bench.showRuns();
    await bench.row('Run resnet', 1).waitFor({ timeout: 60_000 });
    await bench.openFile('load.py');
    const hover = await bench.hoverOver('epoch-030.pt', 'tensors');
    const text = (await hover.textContent()) ?? '';
    assert.match(text, /Open landscape/);
    assert.doesNotMatch(text, /Analyze/);
    await bench.screenshot('restricted');
  });

  it('analyses are not offered', async () => {
    await bench.page.mouse.move(5, 5);
    await bench.page.keyboard.press('F1');
    await bench.page.locator('.quick-input-widget input[type="text"]').fill('>Basin: ');
    const rows = bench.page.locator('.quick-input-widget .monaco-list-row');
    await rows.filter({ hasText: 'Basin: Show Log' }).waitFor();
    assert.equal(await rows.filter({ hasText: 'Analyze' }).count(), 0);
    await bench.page.keyboard.press('Escape');
  });
});
