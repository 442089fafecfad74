import { strict as assert } from 'node:assert';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResultDocument } from '../../../src/shared/result';
import { given, Workbench } from './workbench';

/** The package for platforms that ONNX Runtime has no native build for. */
describe('with the universal package', () => {
  let bench: Workbench;

  before(async () => {
    bench = await Workbench.open();
  });

  after(async () => {
    await bench.close();
  });

  it('an analysis runs in WebAssembly', async () => {
    const extensions = join(given().profile, 'extensions');
    const installed = (await readdir(extensions)).find((name) => name.startsWith('basin.basin-'));
    assert.ok(installed, 'it is installed');
    const modules = await readdir(join(extensions, installed, 'dist', 'node_modules'));
    assert.deepEqual(modules.sort(), ['onnxruntime-common', 'onnxruntime-web']);

    await bench.run('Basin: Analyze Checkpoint');
    await bench.pick('epoch-030.pt', 'resnet');
    await bench.notification(/resnet\/epoch-030\.pt: loss/).waitFor({ timeout: 150_000 });
    const path = join('runs', 'resnet', '.basin', 'results', 'epoch-030.pt.basin.json');
    const text = await readFile(join(given().workspace, path), 'utf8');
    const { runtime, hessian, landscape } = JSON.parse(text) as ResultDocument;
    assert.equal(runtime.name, 'onnxruntime-web');
    assert.equal(hessian?.eigenvalues.length, 2);
    assert.equal(landscape?.values.filter((value) => value === null).length, 0);
  });
});
