import { describe, expect, it } from 'vitest';
import { checkpointLabel, runFolder } from '../../src/extension/words/checkpointLabel';
import {
  compareCheckpointNames,
  countShards,
  hasCheckpointEnding,
  isCheckpointMagic,
  isCheckpointName,
  isTensorflowJsModel,
  nameInRun,
  shardsOf,
} from '../../src/shared/checkpointNames';

describe('names of checkpoints', () => {
  it.each([
    'epoch-003.pt',
    'last.ckpt',
    'model.safetensors',
    'pytorch_model.bin',
    'model_best.pth.tar',
    'weights.keras',
    'cifar.h5',
    'ckpt-100.npz',
    'flax_model.msgpack',
    'mp_rank_00_model_states.pt',
  ])('%s may be one', (name) => {
    expect(isCheckpointName(name)).toBe(true);
  });

  it.each([
    'optimizer.pt',
    'optimizer_0.bin',
    'scheduler.pt',
    'scaler.pt',
    'rng_state_0.pth',
    'training_args.bin',
    'recipe_state.pt',
    'bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt',
    'zero_pp_rank_3_mp_rank_00_model_states.pt',
    'epoch-1.tmp.pt',
    'digits-eval.npz',
    'train.py',
    'pt',
  ])('%s is none', (name) => {
    expect(isCheckpointName(name)).toBe(false);
  });

  it('are looked up in code by their endings', () => {
    expect(hasCheckpointEnding('runs/a/epoch-1.PT')).toBe(true);
    expect(hasCheckpointEnding('runs/a/notes.txt')).toBe(false);
  });

  it('tell the order of training: numbers as numbers, overwritten files last', () => {
    const names = ['last.pt', 'epoch-10.pt', 'best.pt', 'epoch-9.pt', 'epoch-100.pt'];
    expect(names.sort(compareCheckpointNames)).toEqual([
      'epoch-9.pt',
      'epoch-10.pt',
      'epoch-100.pt',
      'best.pt',
      'last.pt',
    ]);
  });

  it('do not count the 5 of .h5 as a number', () => {
    expect(['best.h5', 'epoch-2.h5'].sort(compareCheckpointNames)[0]).toBe('epoch-2.h5');
  });
});

describe('first bytes of a PyTorch checkpoint', () => {
  it('are those of a zip archive', () => {
    expect(isCheckpointMagic(Buffer.from('PK\x03\x04rest', 'latin1'))).toBe(true);
  });

  // What `pickle.dumps(0x1950a86a20f9469cfc6c, protocol=p)` begins with.
  it.each([
    [2, '80028a0a6cfc9c46f9206aa850192e'],
    [4, '8004950d000000000000008a0a6cfc9c46f9206aa850192e'],
  ])('are the legacy magic number, pickled with protocol %i', (_, hex) => {
    expect(isCheckpointMagic(Buffer.from(hex, 'hex'))).toBe(true);
  });

  it('are nothing else', () => {
    expect(isCheckpointMagic(Buffer.from('hello world, this is text'))).toBe(false);
    expect(isCheckpointMagic(new Uint8Array())).toBe(false);
  });
});

describe('checkpoints of several files', () => {
  const shards = shardsOf('model.safetensors.index.json');

  it('are their index', () => {
    expect(shards).toEqual({ stem: 'model', ending: 'safetensors' });
    expect(shardsOf('pytorch_model.bin.index.json')).toEqual({
      stem: 'pytorch_model',
      ending: 'bin',
    });
    expect(shardsOf('index.json')).toBeNull();
    expect(isCheckpointName('model-00001-of-00003.safetensors')).toBe(false);
  });

  it('are complete when every shard is there', () => {
    const names = [
      'model-00001-of-00003.safetensors',
      'model-00003-of-00003.safetensors',
      'model-2-00001-of-00009.safetensors',
      'model.safetensors.index.json',
    ];
    expect(countShards(shards!, names)).toEqual({ names: names.slice(0, 2), missing: 1 });
    expect(countShards(shards!, [...names, 'model-00002-of-00003.safetensors']).missing).toBe(0);
    expect(countShards(shards!, []).missing).toBe(1);
  });

  it('are called by their folder where that is the checkpoint', () => {
    expect(nameInRun('checkpoint-500', 'model.safetensors')).toBe('checkpoint-500');
    expect(nameInRun('epoch-5', 'model.json')).toBe('epoch-5');
    expect(nameInRun('checkpoint-500', 'ema.safetensors')).toBe('checkpoint-500/ema.safetensors');
    expect(nameInRun('resnet', 'model.safetensors')).toBe('model.safetensors');
    expect(runFolder('/w/out/checkpoint-500/model.safetensors')).toBe('/w/out');
    expect(checkpointLabel('/w/out/checkpoint-500/model.safetensors')).toBe('out/checkpoint-500');
    expect(checkpointLabel('/w/out/last.pt')).toBe('out/last.pt');
  });
});

describe('a model.json', () => {
  it.each([
    '{"modelTopology":{"class_name":"Sequential"',
    '{ "format": "layers-model", "generatedBy": "keras v2.15.0"',
    '{"format":"graph-model"',
    '{"weightsManifest" : [',
  ])('is a model of TensorFlow.js if it begins %s', (text) => {
    expect(isTensorflowJsModel(text)).toBe(true);
  });

  it('is anything else otherwise', () => {
    expect(isTensorflowJsModel('{"name": "modelTopology", "format": "obj"}')).toBe(false);
  });
});
