import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { english } from '../../../src/shared/words/message';
import { fileChoices } from '../../../src/engine/study/configuration/fileChoices';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

/** Of a basin.json that is being typed in a folder of the fixtures. */
const choicesIn = (folder: string, text: string) =>
  fileChoices(join(FIXTURES, folder, 'basin.json'), text);

const named = (choices: readonly { readonly name: string }[]) => choices.map(({ name }) => name);

describe('what the files of a basin.json leave to choose from', () => {
  it('is inputs, outputs and arrays, with their shapes', async () => {
    const { inputs, outputs, arrays } = await choicesIn(
      'oneStep/frozen',
      '{"model": "model.onnx", "data": {"inputs": {"": "data.npz#"}}}',
    );
    expect(inputs).toEqual([
      { name: 'x', shape: '[?, 6]' },
      { name: 'u', shape: '[?, 4]' },
    ]);
    expect(named(outputs)).toEqual(['logits']);
    expect(named(arrays['data.npz']!)).toEqual(['x', 'u', 'y']);
    expect(arrays['data.npz']![2]!.shape).toMatch(/^int64 \[\d+\]$/);
  });

  it('is offered while the text is no JSON yet, and where files are missing', async () => {
    const { outputs, kinds, arrays } = await choicesIn(
      'oneStep/mlp',
      '{"model": "model.onnx", "output": "", "data": {"inputs": "gone.npz#x" "objective"',
    );
    expect(named(outputs)).toEqual(['logits']);
    expect(kinds.map(({ kind }) => kind)).toContain('pde');
    expect(arrays).toEqual({ 'gone.npz': [] });
  });

  it('is of a file that names nothing every kind', async () => {
    const { kinds, inputs } = await choicesIn('oneStep/mlp', '');
    expect(kinds).toHaveLength(5);
    expect(kinds.every(({ problem }) => problem === null)).toBe(true);
    expect(inputs).toEqual([]);
  });
});

describe('kinds of objectives', () => {
  const kindsIn = async (folder: string, settings: object) => {
    const { kinds } = await choicesIn(
      folder,
      JSON.stringify({ model: 'model.onnx', objective: { kind: '' }, ...settings }),
    );
    return kinds;
  };

  it('begin with classification where targets are indices of the classes', async () => {
    const kinds = await kindsIn('oneStep/mlp', {
      data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
    });
    expect(kinds[0]).toEqual({ kind: 'classification', problem: null });
    expect(english(kinds.find(({ kind }) => kind === 'binary')!.problem!)).toContain('shape');
    expect(english(kinds.find(({ kind }) => kind === 'regression')!.problem!)).toContain('shape');
  });

  it('take ignored tokens for what they are', async () => {
    const kinds = await kindsIn('oneStep/language', {
      data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
    });
    expect(kinds[0]).toEqual({ kind: 'classification', problem: null });
  });

  it('begin with regression where targets are numbers of the shape of the output', async () => {
    const { kinds } = await choicesIn(
      'mlp',
      JSON.stringify({
        model: 'regression.onnx',
        data: { inputs: 'regression.npz#x', targets: 'regression.npz#y' },
      }),
    );
    expect(kinds[0]!.kind).toBe('regression');
    expect(kinds.find(({ kind }) => kind === 'classification')!.problem).not.toBeNull();
  });

  it('are only that of the graph where the loss is in it', async () => {
    const kinds = await kindsIn('oneStep/focal', {
      data: { inputs: { x: 'data.npz#x', y: 'data.npz#y' } },
      output: 'loss',
    });
    expect(kinds[0]).toEqual({ kind: 'output', problem: null });
    expect(english(kinds.find(({ kind }) => kind === 'classification')!.problem!)).toContain(
      'data.targets',
    );
  });
});
