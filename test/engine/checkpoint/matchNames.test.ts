import { describe, expect, it } from 'vitest';
import { english } from '../../../src/shared/words/message';
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint';
import { matchNames, type NameMatch } from '../../../src/engine/checkpoint/names/matchNames';
import { InputError } from '../../../src/shared/inputError';
import { openFixture } from './fixtures';

function checkpointOf(shapes: Record<string, number[]>): Checkpoint {
  const tensors = Object.entries(shapes).map(
    ([name, shape]) => [name, { name, dtype: 'float32', shape, storage: name }] as const,
  );
  return {
    path: '/runs/epoch-003.pt',
    format: 'pytorch',
    size: 0,
    tensors: new Map(tensors),
    step: null,
    epoch: null,
    metadata: {},
    read: () => Promise.reject(new Error('not asked for')),
    close: () => Promise.resolve(),
  };
}

const required = new Map<string, number[]>([
  ['conv.weight', [2, 1, 3, 3]],
  ['fc.weight', [3, 8]],
  ['fc.bias', [3]],
]);

function renamed(rename: (name: string) => string): Checkpoint {
  return checkpointOf(
    Object.fromEntries([...required].map(([name, shape]) => [rename(name), shape])),
  );
}

/** What it is called in a sentence. */
const ruleOf = ({ rule }: NameMatch): string => (rule === null ? 'exact names' : english(rule));

describe('parameters find their tensors', () => {
  it.each<[string, (name: string) => string, string]>([
    ['as they are', (name) => name, 'exact names'],
    ['behind DataParallel', (name) => `module.${name}`, 'without the prefix `module.`'],
    ['behind torch.compile', (name) => `_orig_mod.${name}`, 'without the prefix `_orig_mod.`'],
    [
      'behind both',
      (name) => `module._orig_mod.${name}`,
      'without the prefix `module.`, `_orig_mod.`',
    ],
    [
      'with wrappers inside',
      (name) => name.replace('fc.', 'fc._checkpoint_wrapped_module.'),
      'without `_checkpoint_wrapped_module.` anywhere',
    ],
    ['behind a common prefix', (name) => `model.${name}`, 'without the prefix `model.`'],
    ['behind a longer one', (name) => `model.net.${name}`, 'without the prefix `model.net.`'],
    [
      'behind a wrapper and a prefix',
      (name) => `module.model.${name}`,
      'without the prefix `module.model.`',
    ],
    [
      'behind both, with wrappers inside',
      (name) => `module.model.${name.replace('fc.', 'fc._checkpoint_wrapped_module.')}`,
      'without `module.`, `_checkpoint_wrapped_module.` anywhere, without the prefix `model.`',
    ],
  ])('%s', (_, rename, rule) => {
    const match = matchNames(required, renamed(rename));
    expect(ruleOf(match)).toBe(rule);
    expect(match.unused).toEqual([]);
    for (const name of required.keys()) expect(match.mapping.get(name)).toBe(rename(name));
  });

  it('with a prefix that only the graph has', () => {
    const graph = new Map([...required].map(([name, shape]) => [`model.${name}`, shape]));
    const match = matchNames(
      graph,
      renamed((name) => name),
    );
    expect(ruleOf(match)).toBe('with the prefix `model.`');
    expect(match.mapping.get('model.fc.bias')).toBe('fc.bias');
  });

  it('exactly, where a network is called module itself', () => {
    const graph = new Map([
      ['module.weight', [2]],
      ['weight', [2]],
    ]);
    const match = matchNames(graph, checkpointOf({ 'module.weight': [2], weight: [2] }));
    expect(ruleOf(match)).toBe('exact names');
    expect(match.mapping.get('module.weight')).toBe('module.weight');
  });

  it('of the network that fits, where two have the same names', () => {
    const two = checkpointOf({
      'critic.fc.weight': [9, 9],
      'critic.fc.bias': [9],
      'critic.conv.weight': [9],
      'actor.fc.weight': [3, 8],
      'actor.fc.bias': [3],
      'actor.conv.weight': [2, 1, 3, 3],
    });
    const match = matchNames(required, two);
    expect(ruleOf(match)).toBe('without the prefix `actor.`');
    expect(match.unused).toEqual(['critic.fc.weight', 'critic.fc.bias', 'critic.conv.weight']);
  });

  it('and what is left is listed, but for counters of batches', () => {
    const checkpoint = checkpointOf({
      ...Object.fromEntries(required),
      'head.weight': [1],
      'bn.num_batches_tracked': [],
    });
    expect(matchNames(required, checkpoint).unused).toEqual(['head.weight']);
  });

  it('in a real DataParallel checkpoint', async () => {
    const checkpoint = await openFixture('data-parallel_epoch-007.pt');
    const match = matchNames(required, checkpoint);
    expect(ruleOf(match)).toBe('without the prefix `module.`');
    expect(match.unused).toEqual([
      'module.bn.weight',
      'module.bn.bias',
      'module.bn.running_mean',
      'module.bn.running_var',
    ]);
  });
});

describe('parameters without a tensor', () => {
  it('are named, with what to do', () => {
    const match = () =>
      matchNames(required, checkpointOf({ 'module.fc.weight': [3, 8], 'module.fc.bias': [3] }));
    expect(match).toThrow(InputError);
    expect(match).toThrow(
      "epoch-003.pt has no tensor for 1 of the graph's 3 parameters (names read without the " +
        'prefix `module.`): conv.weight. Export the graph again from the same model.',
    );
  });

  it('of another shape are named with both', () => {
    const shapes = { ...Object.fromEntries(required), 'fc.weight': [10, 8], 'fc.bias': [10] };
    expect(() => matchNames(required, checkpointOf(shapes))).toThrow(
      'epoch-003.pt does not fit the graph: fc.weight has shape [10, 8] and not [3, 8], fc.bias ' +
        'has shape [10] and not [3]. Export the graph again from the same model.',
    );
  });

  it('are not guessed where two tensors would take one name', () => {
    const clash = checkpointOf({ 'module.fc.bias': [3], '_orig_mod.fc.bias': [3] });
    expect(() => matchNames(new Map([['fc.bias', [3]]]), clash)).toThrow(
      'epoch-003.pt holds 2 sets of weights that fit the graph equally: "module", "_orig_mod"',
    );
    const both = checkpointOf({ 'module.x.a': [3], 'x.module.a': [3] });
    expect(() => matchNames(new Map([['x.b', [3]]]), both)).toThrow(InputError);
  });
});
