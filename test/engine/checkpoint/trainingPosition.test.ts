import { describe, expect, it } from 'vitest';
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
  ])('of %s are %s and %s', (path, step, epoch) => {
    expect(trainingPosition(path, {})).toEqual({ step, epoch });
  });

  it.each([
    [{ epoch: 3, global_step: 100 }, 100, 3],
    [{ 'meta.epoch': 2, 'meta.iter': 50 }, 50, 2],
    [{ epoch: '4', step: '8' }, 8, 4],
    [{ epoch: 0 }, 77, 0],
    [{ epoch: -1, global_step: 1.5 }, 77, 9],
    [{ epoch: true, step: 'many' }, 77, 9],
  ])('inside the file, %o, come before its name', (metadata, step, epoch) => {
    expect(trainingPosition('/runs/epoch=9-step=77.ckpt', metadata)).toEqual({ step, epoch });
  });
});
