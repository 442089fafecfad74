import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { runState } from '../../../src/engine/study/configuration/runState';
import { english } from '../../../src/shared/words/message';

const RUN = join(import.meta.dirname, '../../fixtures/oneStep/frozen');
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function run(change: (configuration: Record<string, unknown>) => object = (same) => same): string {
  const folder = mkdtempSync(join(tmpdir(), 'basin-state-'));
  folders.push(folder);
  cpSync(RUN, folder, { recursive: true });
  const path = join(folder, 'basin.json');
  const before = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify(change(before)));
  return path;
}

describe('whether a run is ready', () => {
  it('is told of graph, data, weights and probe', async () => {
    expect(await runState(run())).toEqual({
      graph: { ok: true, message: null },
      data: { ok: true, message: null },
      weights: { ok: true, message: null },
      probe: { ok: true, message: null },
    });
  });

  it('names an array that is not there', async () => {
    const inputs = { x: 'data.npz#x', u: 'data.npz#v' };
    const path = run((before) => ({ ...before, data: { inputs, targets: 'data.npz#y' } }));
    const { data, graph } = await runState(path);
    expect(english(data.message!)).toContain('no array `v`');
    expect([data.ok, graph.ok]).toEqual([false, true]);
  });

  it('names an output that is not there, and looks no further', async () => {
    const { graph, data, weights } = await runState(
      run((before) => ({ ...before, output: 'scores' })),
    );
    expect(english(graph.message!)).toContain('scores');
    expect(data).toEqual({ ok: false, message: null });
    expect(weights).toEqual({ ok: false, message: null });
  });

  it('names a checkpoint that cannot be read', async () => {
    const path = run();
    writeFileSync(join(path, '..', 'epoch-2.pt'), '\x89HDF\r\n\x1a\n', 'latin1');
    const { weights, graph } = await runState(path);
    expect(graph.ok).toBe(true);
    expect(english(weights.message!)).toContain('epoch-2.pt');
  });

  it('names a checkpoint that cannot be read where the graph is missing, too', async () => {
    const path = run();
    rmSync(join(path, '..', 'model.onnx'));
    const { graph, weights } = await runState(path);
    expect(english(graph.message!)).toContain('model.onnx');
    expect(weights).toEqual({ ok: false, message: null });
    writeFileSync(join(path, '..', 'epoch-2.pt'), '\x89HDF\r\n\x1a\n', 'latin1');
    expect(english((await runState(path)).weights.message!)).toContain('epoch-2.pt');
  });

  it('names a probe that is none', async () => {
    const { probe } = await runState(run((before) => ({ ...before, probe: 'data.npz' })));
    expect(english(probe!.message!)).toContain('is no probe');
  });
});
