import { strict as assert } from 'node:assert';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pictures } from './themes';
import { given, Workbench } from './workbench';

describe('in a workspace where nothing was trained yet', () => {
  let bench: Workbench;
  const folder = join(given().workspace, '..', 'fresh');

  before(async () => {
    await mkdir(folder, { recursive: true });
    bench = await Workbench.open(folder);
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  it('the view says what to do next', async () => {
    await bench.showRuns();
    const welcome = bench.page.locator('.sidebar .welcome-view');
    await welcome.getByRole('button', { name: 'Create basin.json' }).waitFor();
    await pictures(bench, 'welcome', async () => {
      await bench.page.mouse.move(900, 700);
      await welcome.waitFor();
      const buttons = welcome.getByRole('button');
      return [welcome.locator('p').first(), buttons.last()];
    });
    await welcome.getByRole('button', { name: 'Create basin.json' }).click();
    await bench.page
      .locator('.view-line', { hasText: '"checkpoints": ["**/epoch-*.pt"]' })
      .waitFor();
    await bench.screenshot('new-configuration');
  });

  it('a checkpoint that training saves is listed, with no basin.json to analyse it', async () => {
    const run = join(folder, 'runs', 'first');
    await mkdir(run, { recursive: true });
    await cp(join(given().workspace, 'runs', 'resnet', 'epoch-030.pt'), join(run, 'last.pt'));
    const row = bench.row('Run first', 1);
    await row.waitFor({ timeout: 60_000 });
    assert.match((await row.getAttribute('aria-label')) ?? '', /no basin\.json/);
    await bench.expand(row);
    await bench.row('last.pt').waitFor();
    await bench.screenshot('unconfigured');
  });
});
