import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FIXTURES } from '../objective/problems';
import { expectReference, openFolder } from './denseReference';
import { english } from '../../../src/shared/words/message';

const of = (name: string): string => join(FIXTURES, 'weights', name);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-correspondence-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A copy of a fixture with other settings, and without some of its checkpoints. */
function changed(
  name: string,
  settings: Readonly<Record<string, unknown>>,
  without: readonly string[] = [],
): string {
  cpSync(of(name), folder, { recursive: true });
  for (const file of without) rmSync(join(folder, file));
  const path = join(folder, 'basin.json');
  const own = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...own, ...settings }));
  return folder;
}

describe('what was equal at export is not tied', () => {
  test.each(
    ['default', 'unoptimised', 'legacy'].flatMap((export_) => [
      `equal-norms-${export_}`,
      `equal-layers-${export_}`,
      `equal-loose-${export_}`,
      `equal-statistics-${export_}`,
    ]),
  )('%s', async (name) => {
    await expectReference(of(name));
  });

  test('a note names what was told apart', async () => {
    const { weights } = await openFolder(of('equal-norms-default'));
    expect(weights.notes.map(english)).toEqual([
      'Weights that were equal at export are stored once in the graph; 4.weight, 4.bias are told apart by the modules that use them.',
    ]);
  });
});

describe('tied tensors', () => {
  describe.each(['default', 'unoptimised', 'legacy', 'folded'])('%s', (export_) => {
    test.each(['epoch-1.pt', 'epoch-2.safetensors', 'epoch-3.safetensors', 'epoch-4.safetensors'])(
      'are one, in %s',
      async (checkpoint) => {
        await expectReference(of(`tied-${export_}`), checkpoint);
      },
    );

    test('that differ are refused with both names', async () => {
      await expect(openFolder(of(`tied-${export_}`), 'epoch-5.pt')).rejects.toThrow(
        /^model\.onnx ties (wte|lm_head)\.weight and (wte|lm_head)\.weight, which differ in epoch-5\.pt/,
      );
    });
  });
});

describe('what the export folded is computed from the checkpoint’s weights', () => {
  test.each([
    'batchnorms-default',
    'linears-default',
    'recurrent-default',
    'batchnorms-folded',
    'linears-folded',
    'recurrent-folded',
    'fused-by-runtime',
  ])('%s', async (name) => {
    await expectReference(of(name), 'epoch-1.pt');
  });

  test('notes say where it was found', async () => {
    const { weights } = await openFolder(of('batchnorms-default'), 'epoch-1.pt');
    expect(weights.notes.map(english)).toContainEqual(
      expect.stringMatching(/^The export folded BatchNorm .*; found by the values in epoch-0\.pt/),
    );
  });

  test.each([
    ['weight-norm-default', 'dynamo=True, optimize=False'],
    ['fused-by-runtime-lost', 'dynamo=False, training=torch.onnx.TrainingMode.PRESERVE'],
    ['batchnorms-lost', 'dynamo=True, optimize=False'],
    ['factor-lost', 'training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False'],
    ['linears-lost', 'training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False'],
  ])('%s: what cannot be found is refused, with what to do', async (name, remedy) => {
    const refusal = openFolder(of(name));
    await expect(refusal).rejects.toThrow('has constants that its export made of weights');
    await expect(refusal).rejects.toThrow(remedy);
  });

  test('names by hand say it as well', async () => {
    const model = readFileSync(join(of('linears-lost'), 'model.onnx'), 'latin1');
    const [a, square, b] = [...new Set(model.match(/onnx::MatMul_\d+/g))].sort(
      (p, q) => Number(p.split('_')[1]) - Number(q.split('_')[1]),
    );
    const names = { [a!]: 'a.weight', [square!]: 'square.weight', [b!]: 'b.weight' };
    await expectReference(changed('linears-lost', { names }));
  });
});

describe('layers that kept their names when a BatchNorm was folded into them', () => {
  describe.each(['legacy', 'dynamo'])('%s', (export_) => {
    test.each(['epoch-0.pt', 'epoch-1.pt'])('are taken apart: %s', async (checkpoint) => {
      const { weights } = await openFolder(of(`fused-${export_}`), checkpoint);
      expect(weights.notes.map(english)).toContainEqual(
        expect.stringMatching(
          /^The export folded BatchNorm \((body\.1|bn2|norm)(, (body\.1|bn2|norm)){2}\) .*epoch-0\.pt/,
        ),
      );
    });

    test('compute what PyTorch does', async () => {
      await expectReference(of(`fused-${export_}`), 'epoch-1.pt');
    });

    test('are refused where no checkpoint holds what they were made of', async () => {
      const refusal = openFolder(of(`fused-lost-${export_}`));
      await expect(refusal).rejects.toThrow(
        /uses (body\.0|conv2|fc)\.weight and not the BatchNorm (body\.1|bn2|norm) behind it/,
      );
      await expect(refusal).rejects.toThrow('leave BatchNorm unfused and export it again with');
    });

    test('a projector that was in no graph changes nothing', async () => {
      await expectReference(of(`projector-${export_}`));
    });
  });
});
