import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import { wholeConfiguration } from '../../wholeConfiguration';
import {
  FIXTURES,
  meanGradient,
  meanProduct,
  openConfigured,
  relativeError,
  type Problem,
} from './problems';

const FOLDER = join(FIXTURES, 'output');

function open(name: string, data?: Record<string, unknown>): Promise<Problem> {
  const configuration = wholeConfiguration({
    checkpoints: [`${name}.pt`],
    model: `${name}.onnx`,
    objective: { kind: 'output' },
    ...(data === undefined ? {} : { data }),
  });
  return openConfigured(referenceRuntime, configuration, FOLDER, {
    checkpoint: join(FOLDER, `${name}.pt`),
    model: join(FOLDER, `${name}.onnx`),
  });
}

const DATA = { inputs: 'data.npz#x', targets: 'data.npz#y' };

interface Reference {
  readonly loss: number;
  readonly gradient: readonly number[];
}

const references = JSON.parse(readFileSync(join(FOLDER, 'reference.json'), 'utf8')) as Readonly<
  Record<'whole' | 'each', Reference>
>;

describe('a graph whose own output is the loss', () => {
  test.each(['whole', 'each'] as const)('%s: loss and gradient are PyTorch’s', async (name) => {
    const problem = await open(name, DATA);
    const { loss, gradient } = references[name];
    // One number for all samples, or one for each.
    expect(problem.data.sets[0]!.points).toBe(name === 'whole' ? 1 : 40);
    expect(await problem.evaluator.loss(problem.theta)).toBeCloseTo(loss, 9);
    expect(relativeError(await meanGradient(problem), gradient)).toBeLessThan(1e-8);
  });

  test('Rosenbrock’s function of parameters alone has its own Hessian', async () => {
    const problem = await open('rosenbrock');
    const [a, b] = [-0.5, 2];
    expect(problem.names).toEqual(['a', 'b']);
    expect(await problem.evaluator.loss(problem.theta)).toBeCloseTo(308.5, 9);
    const along = await meanProduct(problem, Float64Array.of(1, 0));
    const across = await meanProduct(problem, Float64Array.of(0, 1));
    expect(along[0]).toBeCloseTo(2 - 400 * (b - a * a) + 800 * a * a, 9);
    expect(along[1]).toBeCloseTo(-400 * a, 9);
    expect([...across]).toEqual([along[1], 200]);
  });

  test('of a loss and logits the loss is named, and asked for where it is not', async () => {
    const folder = join(FIXTURES, 'oneStep/focal');
    const of = (output?: string): Promise<Problem> => {
      const configuration = wholeConfiguration({
        checkpoints: ['epoch-2.pt'],
        model: 'model.onnx',
        objective: { kind: 'output' },
        data: { inputs: { x: 'data.npz#x', y: 'data.npz#y' } },
        ...(output === undefined ? {} : { output }),
      });
      return openConfigured(referenceRuntime, configuration, folder, {
        checkpoint: join(folder, 'epoch-2.pt'),
        model: join(folder, 'model.onnx'),
      });
    };
    const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Reference;
    const { evaluator, theta } = await of('loss');
    expect(Math.abs((await evaluator.loss(theta)) / expected.loss - 1)).toBeLessThan(1e-5);
    await expect(of()).rejects.toThrow(/model\.onnx has 2 outputs: loss .*, logits .*; say which/);
  });

  test('arrays that do not fit the inputs are said', async () => {
    await expect(open('whole')).rejects.toThrow(
      'takes input0 [?, 4], input1 [?] and "data" names no array',
    );
    await expect(open('rosenbrock', DATA)).rejects.toThrow('takes no inputs');
    await expect(open('whole', { inputs: 'data.npz#y', targets: 'data.npz#x' })).rejects.toThrow(
      'data.npz#y has samples of shape []',
    );
  });
});
