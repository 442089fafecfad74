import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { splitBatches } from '../../../src/engine/objective/batches';
import { lossNotes, measuredMetrics } from '../../../src/engine/objective/metrics';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import type { Metrics } from '../../../src/shared/result/metrics';
import { english } from '../../../src/shared/words/message';
import { wholeConfiguration } from '../../wholeConfiguration';
import { FIXTURES, meanGradient, meanProduct, openConfigured, type Problem } from './problems';

// Every expected value is PyTorch's in float64 (test/fixtures/objectives/make.py).

interface Case {
  readonly name: string;
  readonly checkpoint: string;
  readonly model: string;
  readonly data: object;
  readonly output?: string;
  readonly objective: object;
  readonly expected: {
    readonly loss: number;
    readonly parameters: number;
    /** g·v, vᵀHv and wᵀHv for v = sin(i + 1) and w = cos(i + 1). */
    readonly slope: number;
    readonly along: number;
    readonly across: number;
    readonly accuracy?: number;
  };
}

const FOLDER = join(FIXTURES, 'objectives');
const CASES = JSON.parse(readFileSync(join(FOLDER, 'cases.json'), 'utf8')) as readonly Case[];

type Settings = Partial<Omit<Case, 'expected'>>;

function open(runtime: Runtime, given: Settings & { readonly model: string }): Promise<Problem> {
  const { model, checkpoint = model, data, output, objective } = given;
  const configuration = wholeConfiguration({
    checkpoints: [`${checkpoint}.pt`],
    model: `${model}.onnx`,
    ...(data === undefined ? {} : { data }),
    ...(output === undefined ? {} : { output }),
    objective: objective ?? { kind: 'classification' },
  });
  return openConfigured(runtime, configuration, FOLDER, {
    checkpoint: join(FOLDER, `${checkpoint}.pt`),
    model: join(FOLDER, `${model}.onnx`),
  });
}

async function measure({ evaluator, theta, data }: Problem): Promise<Metrics> {
  const batches = splitBatches(data.sets);
  const measured = [];
  for (const batch of batches) measured.push(await evaluator.metrics(theta, batch));
  return measuredMetrics(data, batches, measured);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}

/** The difference, as a share of the size or of 1. */
function off(value: number, expected: number): number {
  return Math.abs(value - expected) / Math.max(1, Math.abs(expected));
}

describe('loss, accuracy and derivatives are those of PyTorch’s loss', () => {
  expect(CASES.length).toBeGreaterThan(30);
  test.each(CASES.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const { expected } = each;
    for (const runtime of [referenceRuntime, onnxRuntime()]) {
      // The logits of `far` are hundreds.
      const scale = each.checkpoint === 'far' ? 100 : 1;
      const tolerance = scale * (runtime.precision === 'float64' ? 1e-10 : 3e-6);
      const problem = await open(runtime, each);
      const { evaluator, theta } = problem;
      const metrics = await measure(problem);
      expect(theta.length).toBe(expected.parameters);
      expect(off(Number(metrics.loss), expected.loss)).toBeLessThan(tolerance);
      expect(off(await evaluator.loss(theta), expected.loss)).toBeLessThan(tolerance);
      if (expected.accuracy !== undefined) {
        expect(metrics.accuracy).toBeCloseTo(expected.accuracy, 12);
      }
      const v = Float64Array.from(theta, (__, i) => Math.sin(i + 1));
      const w = Float64Array.from(theta, (__, i) => Math.cos(i + 1));
      expect(off(dot(await meanGradient(problem), v), expected.slope)).toBeLessThan(tolerance);
      const product = await meanProduct(problem, v);
      expect(off(dot(product, v), expected.along)).toBeLessThan(10 * tolerance);
      expect(off(dot(product, w), expected.across)).toBeLessThan(10 * tolerance);
      await evaluator.release();
    }
  });
});

const array = (name: string): string => `data.npz#${name}`;
const XY = { inputs: array('x'), targets: array('y') };
const MASKED = { input_ids: array('ids'), attention_mask: array('mask') };

describe('what leaves a doubt is refused with what to do', () => {
  test.each<[string, Settings & { readonly model: string }, string]>([
    [
      'several outputs',
      { model: 'masked', data: { inputs: MASKED, targets: array('y') } },
      'masked.onnx has 2 outputs: features [?, 3], logits [?, 3]; say which one is meant, as in "output": "logits".',
    ],
    [
      'an output that is none',
      { model: 'masked', output: 'logit', data: { inputs: MASKED, targets: array('y') } },
      '"output" names logit, which masked.onnx does not make; choose one of its outputs: features [?, 3], logits [?, 3].',
    ],
    [
      'one array for two inputs',
      { model: 'masked', output: 'logits', data: { inputs: array('ids'), targets: array('y') } },
      'takes input_ids [?, 4], attention_mask [?, 4] and "data" names data.npz#ids; name an array for each input, as in "inputs": {"input_ids": "val.npz#input_ids", "attention_mask": "val.npz#attention_mask"}.',
    ],
    [
      'an input without an array',
      {
        model: 'masked',
        output: 'logits',
        data: { inputs: { input_ids: array('ids') }, targets: array('y') },
      },
      '"data.inputs" names no array for attention_mask [?, 4] of masked.onnx; add it there, as in "attention_mask": "val.npz#attention_mask".',
    ],
    [
      'an array without an input',
      {
        model: 'masked',
        output: 'logits',
        data: { inputs: { ...MASKED, tokens: array('ids') }, targets: array('y') },
      },
      '"data.inputs" names tokens, which is no input of masked.onnx; its inputs are input_ids [?, 4], attention_mask [?, 4], extra',
    ],
    [
      'float ids',
      {
        model: 'masked',
        output: 'logits',
        data: { inputs: { ...MASKED, input_ids: array('values') }, targets: array('y') },
      },
      'data.npz#values has samples of shape [3]',
    ],
    [
      'whole numbers in float32',
      { model: 'hashed', data: { inputs: array('share'), targets: array('y') } },
      'data.npz#share holds float32 and in of hashed.onnx takes whole numbers; save the array as int64',
    ],
    [
      'classes in float32',
      { model: 'mlp', data: { inputs: array('x'), targets: array('share') } },
      'data.npz#share holds float32, and class indices are whole numbers; save it as int64, or choose another "kind"',
    ],
    [
      'a class that is none, below 0',
      { model: 'mlp', data: { inputs: array('x'), targets: array('y_ignored') } },
      'sample 0 has the target -100, which is no class index; if it marks targets that do not count, add "ignore": -100 to the objective.',
    ],
    [
      'a class that is none, above all',
      {
        model: 'pixels',
        objective: { kind: 'classification', classAxis: 1 },
        data: { inputs: array('image'), targets: array('segments') },
      },
      'is of class 255 and pixels.onnx has 3 classes, counted from 0',
    ],
    [
      'as many tokens as classes',
      { model: 'square', data: { inputs: array('ids5'), targets: array('next5') } },
      'gives [150, 5, 5], where the classes may be along axis 1 or 2; say which in the objective, as in "classAxis": 1.',
    ],
    [
      'targets of other places',
      { model: 'tokens', data: { inputs: array('ids'), targets: array('y') } },
      'data.npz#y has shape [300] and tokens.onnx gives [150, 4, 5]; classification needs one class index for each place',
    ],
    [
      'one-hot rows of whole numbers',
      {
        model: 'tokens',
        data: { inputs: array('ids'), targets: array('ids') },
        objective: { kind: 'binary' },
      },
      'The targets data.npz#ids have shape [300, 4] and tokens.onnx gives [150, 4, 5]',
    ],
    [
      'one logit under classification',
      { model: 'one', data: { inputs: array('x'), targets: array('y') } },
      'one.onnx gives one number, [150, 1], whose softmax is 1 whatever it is; choose "kind": "binary" for one logit.',
    ],
    [
      'targets in another layout',
      {
        model: 'pixels',
        objective: { kind: 'regression' },
        data: { inputs: array('image'), targets: array('image') },
      },
      'The targets data.npz#image have shape [300, 2, 3, 3] and pixels.onnx gives [150, 3, 3, 3]; save them in the shape of the output',
    ],
    [
      'as many elements in another order',
      {
        model: 'mlp',
        objective: { kind: 'regression' },
        data: { inputs: array('x'), targets: array('soft'), limit: 300 },
        output: '/0/Gemm_output_0',
      },
      'The targets data.npz#soft have shape [300, 3] and mlp.onnx gives [150, 4]',
    ],
    [
      'a softmax',
      { model: 'softmax', data: XY },
      'softmax.onnx ends in Softmax (out), and classification takes logits, of which it takes the softmax itself; add "output": "/net/Gemm_output_0" to basin.json',
    ],
    [
      'a sigmoid',
      {
        model: 'sigmoid',
        objective: { kind: 'binary' },
        data: { inputs: array('x'), targets: array('labels') },
      },
      'sigmoid.onnx ends in Sigmoid (out), and binary takes logits',
    ],
    ['a sigmoid under classification', { model: 'sigmoid', data: XY }, 'ends in Sigmoid'],
    [
      'labels that are none',
      {
        model: 'mlp',
        objective: { kind: 'binary' },
        data: { inputs: array('x'), targets: array('values') },
      },
      'and those of "binary" are from 0 to 1',
    ],
    [
      'too few weights',
      { model: 'mlp', objective: { kind: 'classification', classWeights: [1, 2] }, data: XY },
      '"objective.classWeights" has 2 weights and mlp.onnx has 3 classes',
    ],
    [
      'too many weights of labels',
      {
        model: 'mlp',
        objective: { kind: 'binary', positiveWeight: [1, 2] },
        data: { inputs: array('x'), targets: array('labels') },
      },
      '"objective.positiveWeight" has 2 factors',
    ],
    [
      'an axis that is none',
      { model: 'mlp', objective: { kind: 'classification', classAxis: 2 }, data: XY },
      '"objective.classAxis" is 2 and mlp.onnx gives [150, 3]',
    ],
    [
      'ignored probabilities',
      {
        model: 'mlp',
        objective: { kind: 'classification', ignore: 0 },
        data: { inputs: array('x'), targets: array('soft') },
      },
      '"objective.ignore" is for class indices',
    ],
    [
      'nothing but ignored',
      {
        model: 'mlp',
        objective: { kind: 'classification', ignore: -100 },
        data: { inputs: array('x'), targets: array('y_ignored'), limit: 2 },
      },
      'Every target of data.npz#y_ignored is -100, which "objective.ignore" says does not count',
    ],
    [
      'a number of samples that the graph does not take',
      { model: 'fixed', data: { ...XY, limit: 15 } },
      'fixed.onnx takes exactly 4 samples at once and there are 15; set "data.limit" to 12, or export the model with a dynamic batch axis.',
    ],
    [
      'other numbers of samples',
      {
        model: 'masked',
        output: 'logits',
        data: {
          inputs: { ...MASKED, attention_mask: '../output/data.npz#x' },
          targets: array('y'),
        },
      },
      '../output/data.npz#x has 40 samples and data.npz#ids has 300; all arrays must have as many.',
    ],
  ])('%s', async (_, given, what) => {
    await expect(open(referenceRuntime, given)).rejects.toThrow(what);
  });

  test('whole numbers that pick what is not there', async () => {
    const problem = await open(referenceRuntime, {
      model: 'tokens',
      data: { inputs: array('next'), targets: array('ids') },
    });
    await expect(measure(problem)).rejects.toThrow(
      /^tokens.onnx: node \/embedding\/Gather \(Gather\) takes places from 0 to 4, and sample \d+ asks for -100; check the whole numbers in "data.inputs".$/,
    );
  });
});

describe('what a reader must know is a note', () => {
  const notes = async (given: Settings & { readonly model: string }): Promise<string> => {
    const problem = await open(referenceRuntime, given);
    return [...lossNotes(problem.data), ...lossNotes(problem.data, await measure(problem))]
      .map(english)
      .join('\n');
  };

  test('an input that changes nothing', async () => {
    const inputs = { ...MASKED, extra: array('extra') };
    expect(
      await notes({ model: 'masked', output: 'logits', data: { inputs, targets: array('y') } }),
    ).toContain('The output of the graph does not depend on extra');
  });
  test('targets that are all the same', async () => {
    const labels = { inputs: array('x'), targets: array('yes'), limit: 2 };
    const first = await notes({ model: 'one', objective: { kind: 'binary' }, data: labels });
    expect(first).toContain('Every target is');
    const data = { inputs: array('x'), targets: array('y'), limit: 300 };
    const objective = { kind: 'classification', ignore: 0 };
    expect(await notes({ model: 'mlp', objective, data })).not.toContain('Every target');
  });
  test('a fixed batch', async () => {
    expect(await notes({ model: 'fixed', data: XY })).toContain(
      'The graph takes exactly 4 samples at once',
    );
  });
  test('outputs that are probabilities, whatever made them', async () => {
    const data = { inputs: array('x'), targets: array('values') };
    // Not of a regression, whose output may be one.
    expect(await notes({ model: 'softmax', objective: { kind: 'regression' }, data })).toBe('');
  });
});
