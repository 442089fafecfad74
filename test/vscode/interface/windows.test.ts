import { strict as assert } from 'node:assert';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResultDocument } from '../../../src/shared/result';
import { given, Workbench } from './workbench';

describe('two windows on one folder', () => {
  let benches: Workbench[];
  const folder = join(given().workspace, 'runs', 'resnet');

  before(async () => {
    benches = await Promise.all([Workbench.open(), Workbench.open()]);
  });

  after(async () => {
    await Promise.all(benches.map((bench) => bench.close()));
  });

  it('analyze the same checkpoint at once, and both have its result', async () => {
    for (const bench of benches) {
      await bench.run('Basin: Analyze Checkpoint');
      await bench.page.locator('.quick-input-widget', { hasText: 'Analyze Checkpoint' }).waitFor();
    }
    await Promise.all(benches.map((bench) => bench.pick('epoch-030.pt', 'resnet')));
    await Promise.all(
      benches.map((bench) =>
        bench.notification(/resnet\/epoch-030\.pt: loss/).waitFor({ timeout: 150_000 }),
      ),
    );
    const text = await readFile(
      join(folder, '.basin', 'results', 'epoch-030.pt.basin.json'),
      'utf8',
    );
    const document = JSON.parse(text) as ResultDocument;
    assert.equal(document.landscape?.values.filter((value) => value === null).length, 0);
    assert.equal(document.hessian?.eigenvalues.length, 2);
    // Each wrote whole files, and took its temporary ones away.
    const left = await readdir(join(folder, '.basin'), { recursive: true });
    assert.deepEqual(
      left.filter((name) => name.endsWith('.tmp')),
      [],
    );
    for (const name of left.filter((each) => each.endsWith('.json'))) {
      JSON.parse(await readFile(join(folder, '.basin', name), 'utf8'));
    }
  });

  it('see what the other one analyzes', async () => {
    const [first, second] = benches;
    await first!.dismissNotifications();
    await first!.run('Basin: Analyze Checkpoint');
    await first!.pick('epoch-012.pt', 'resnet');
    await second!.showRuns();
    await second!.row('epoch-012.pt, loss').waitFor({ timeout: 120_000 });
  });
});
