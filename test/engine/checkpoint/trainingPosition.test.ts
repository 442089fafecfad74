import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeTemporary } from './fixtures';
import { trainingPosition } from '../../../src/engine/checkpoint/trainingPosition';

describe('step and epoch', () => {
  it.each([
    ['/runs/epoch-012.pt', null, 12],
    ['/runs/epoch=3-step=100.ckpt', 100, 3],
    ['/runs/checkpoint-500/model.safetensors', 500, null],
    ['/runs/checkpoint-500.pt', 500, null],
    ['/runs/step_1000.pt', 1000, null],
    ['/runs/epoch_4/pytorch_model.bin', null, 4],
    ['/runs/model_ep7_iter_20.pth', 20, 7],
    ['/runs/deep12.pt', null, null],
    ['/runs/resnet18.pt', null, null],
    ['/runs/best.pt', null, null],
    ['/runs/epoch-99999999999999999999.pt', null, null],
  ])('of %s are %s and %s', async (path, step, epoch) => {
    expect(await trainingPosition(path, {})).toEqual({ step, epoch });
  });

  it.each([
    [{ epoch: 3, global_step: 100 }, 100, 3],
    [{ 'meta.epoch': 2, 'meta.iter': 50 }, 50, 2],
    [{ epoch: '4', step: '8' }, 8, 4],
    [{ epoch: 0 }, 77, 0],
    [{ epoch: -1, global_step: 1.5 }, 77, 9],
    [{ epoch: true, step: 'many' }, 77, 9],
  ])('inside the file, %o, come before its name', async (metadata, step, epoch) => {
    expect(await trainingPosition('/runs/epoch=9-step=77.ckpt', metadata)).toEqual({ step, epoch });
  });

  it('are in trainer_state.json, before the names of file and folder', async () => {
    const path = await writeTemporary('checkpoint-9.bin', '');
    const state = '{"epoch": 1.5, "global_step": 500, "log_history": []}';
    await writeFile(join(dirname(path), 'trainer_state.json'), state);
    expect(await trainingPosition(path, {})).toEqual({ step: 500, epoch: 1.5 });
    expect(await trainingPosition(path, { step: 3 })).toEqual({ step: 3, epoch: 1.5 });
  });

  it.each(['', '[]', 'null', '{"epoch": "one", "global_step": -1}', '{"epoch":'])(
    'are not in a trainer_state.json that holds %j',
    async (state) => {
      const path = await writeTemporary('checkpoint-9.bin', '');
      await writeFile(join(dirname(path), 'trainer_state.json'), state);
      expect(await trainingPosition(path, {})).toEqual({ step: 9, epoch: null });
    },
  );
});
