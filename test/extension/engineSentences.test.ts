import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Checkpoint, TensorEntry } from '../../src/engine/checkpoint/checkpoint';
import { Fault, named } from '../../src/engine/checkpoint/fault';
import { listOf, mismatch } from '../../src/engine/checkpoint/names/nameMismatch';
import { ShapeError } from '../../src/engine/graph/shapes';
import { openCheckpoint } from '../../src/engine/checkpoint/openCheckpoint';
import { lossNotes } from '../../src/engine/objective/metrics';
import { referenceRuntime } from '../../src/engine/runtime/reference';
import { refinementNotes } from '../../src/engine/landscape/refinementNotes';
import { compare } from '../../src/engine/study/results/compare';
import { readStudy } from '../../src/engine/study/configuration/study';
import { problemOfEngine } from '../../src/extension/configuration/basinJsonProblems';
import { speak, translated } from '../../src/shared/words/text';
import type { ResultDocument } from '../../src/shared/result';
import { parseResult } from '../../src/shared/resultShape';
import { InputError } from '../../src/shared/inputError';
import { english, inWords, say, type Message, type Value } from '../../src/shared/words/message';
import { FIXTURES, openConfigured } from '../engine/objective/problems';
import { wholeConfiguration } from '../wholeConfiguration';
import { templatesOfEngine } from './templatesOfEngine';

const root = join(import.meta.dirname, '..', '..');
const chinese = JSON.parse(readFileSync(join(root, 'l10n', 'engine.zh-cn.json'), 'utf8')) as Record<
  string,
  string
>;
const toChinese = (said: string | Message): string => inWords(said, chinese);

/** What must be in a translation as it is: holes, settings, code. */
function marks(text: string): string[] {
  return [...text.matchAll(/\{\d+\}|`[^`]*`|basin\.json|"[\w@][^"{}]*"/g)]
    .map(([mark]) => mark)
    .sort();
}

/** Words of a sentence that nobody translated; what stands in quotes is a name. */
function englishIn(text: string): readonly string[] {
  return text.replaceAll(/"[^"]*"|`[^`]*`|Git LFS/g, '').match(/[a-z]{2,} [a-z]{2,}/gi) ?? [];
}

describe('the sentences of the engine', () => {
  const said = templatesOfEngine(join(root, 'src'));

  it('are translated whole', () => {
    expect(said.size).toBeGreaterThan(500);
    expect([...said].filter((sentence) => !(sentence in chinese))).toEqual([]);
  });

  it('have no translation of what nobody says', () => {
    expect(Object.keys(chinese).filter((sentence) => !said.has(sentence))).toEqual([]);
  });

  it('keep their holes and names', () => {
    for (const [sentence, translation] of Object.entries(chinese)) {
      expect(marks(translation), sentence).toEqual(marks(sentence));
    }
  });

  it('include what is told of files that are no JSON', () => {
    const codes = new Set<string>();
    for (const text of [
      '{"a" 1}',
      '{,}',
      '[1 2]',
      '{"a": tru}',
      '"\\x"',
      '"\\u00"',
      '"a',
      '/*',
      '[',
      '{',
      '1 2',
      '.',
      '"\t"',
      '-',
      '',
    ]) {
      const errors: ParseError[] = [];
      parse(text, errors);
      for (const { error } of errors) codes.add(printParseErrorCode(error));
    }
    expect(codes.size).toBeGreaterThan(10);
    expect([...codes].filter((code) => !(code in chinese))).toEqual([]);
  });
});

function saidBy(error: unknown): Message {
  if (!(error instanceof InputError)) throw error;
  return error.said;
}

describe('a sentence', () => {
  it('of a fault is translated in its three parts', () => {
    const sentence = (fault: Fault) => saidBy(named('/runs/epoch-3.pt', fault));
    expect(
      toChinese(sentence(new Fault('damaged', say`it ends before the data its header announces`))),
    ).toBe('epoch-3.pt 已损坏：文件在文件头所声明的数据之前就结束了；请重新复制，或等待写入完成。');
    expect(
      toChinese(sentence(new Fault('invalid', say`it is a folder`, say`check the path`))),
    ).toBe('epoch-3.pt 无法使用：它是文件夹；请检查路径。');
  });

  it('keeps names that hold what stands between its parts', () => {
    const fault = new Fault(
      'hostile',
      say`this file would run \`${'os; rm: -rf'}\` if Python opened it`,
    );
    expect(toChinese(saidBy(named('/a/b is damaged: c; d.pt', fault)))).toBe(
      'b is damaged: c; d.pt 未打开：用 Python 打开此文件会运行 `os; rm: -rf`；请勿在任何地方加载它，并从可信的来源获取检查点。',
    );
  });

  it('keeps names with what replacements and patterns are written with', () => {
    for (const name of ['$&$1{0}.pt', '\\d+(.*.pt', '模型 第3轮.pt', '{1}', '\u202e.pt']) {
      expect(toChinese(say`${name} does not exist; check the path.`)).toBe(
        `${name} 不存在；请检查路径。`,
      );
    }
  });

  it('is put into another, however deep', () => {
    const missing = mismatch(
      new Map(['fc.weight', 'fc.bias', 'a', 'b'].map((name) => [name, [1]])),
      { path: '/run/a.pt', tensors: new Map() } as unknown as Checkpoint,
      {
        description: say`without the prefix ${'`module.`'}`,
        mapping: new Map(),
        renamed: new Map(['a', 'b'].map((name) => [name, {} as TensorEntry])),
        unused: [],
      },
    );
    expect(toChinese(say`${'a.pt'} is left out of the run: ${missing.said}`)).toBe(
      'a.pt 未计入训练运行：a.pt 中没有计算图 4 个参数中 2 个的张量（名称匹配方式：去掉前缀 `module.`）：fc.weight, fc.bias。请从同一模型重新导出计算图。',
    );
    const kernel = new ShapeError(
      say`A kernel [${'8, 3, 5, 5'}] is larger than its input [${'1, 3, 4, 4'}].`,
    );
    const where = say`${'/m/net.onnx'}: node ${'conv1'} (${'Conv'})`;
    expect(
      toChinese(say`${where}: ${kernel.said} Does the data have the shape the model expects?`),
    ).toBe(
      '/m/net.onnx：节点 conv1（Conv）：卷积核 [8, 3, 5, 5] 大于其输入 [1, 3, 4, 4]。数据的形状是否与模型所需的一致？',
    );
  });

  it('is translated with the lists in it', () => {
    const shape = (name: string, has: string, wanted: string) =>
      say`${name} has shape [${has}] and not [${wanted}]`;
    const wrong = listOf([
      shape('w', '2', '3'),
      shape('b', '1, 2', '2'),
      shape('c', '', '1'),
      ...['d', 'e', 'f', 'g'].map((name) => shape(name, '5', '6')),
    ]);
    expect(
      toChinese(
        say`${'a.pt'} does not fit the graph${''}: ${wrong}. Export the graph again from the same model.`,
      ),
    ).toBe(
      'a.pt 与计算图不符：w 的形状是 [2]，而应为 [3]；b 的形状是 [1, 2]，而应为 [2]；c 的形状是 []，而应为 [1] 及另外 4 个。请从同一模型重新导出计算图。',
    );
  });

  it('of a refined landscape is translated', () => {
    const notes = refinementNotes({
      evaluations: 1234,
      gridPoints: 9999,
      threshold: 0.01,
      evaluated: [],
      undecided: [3],
      possibleMinima: 2,
      farthest: 1,
      check: { points: 40, largest: 0.25, beyond: 1, largestRatio: 1.5 },
    } as unknown as Parameters<typeof refinementNotes>[0]);
    expect(notes).toHaveLength(4);
    for (const note of notes) {
      expect(englishIn(toChinese(note))).toEqual([]);
      expect(
        toChinese(note)
          .match(/[\d.,]+\d/g)
          ?.sort(),
      ).toEqual(
        english(note)
          .match(/[\d.,]+\d/g)
          ?.sort(),
      );
    }
  });

  it('of collocation points is translated with its list', async () => {
    const folder = join(FIXTURES, 'pde', 'convection');
    const given = JSON.parse(readFileSync(join(folder, 'basin.json'), 'utf8')) as {
      readonly objective: object;
    };
    const objective = {
      ...given.objective,
      collocation: { interior: 25, initial: 6, boundary: 3, sampling: 'uniform', seed: 3 },
    };
    const { data } = await openConfigured(
      referenceRuntime,
      wholeConfiguration({ ...given, objective }),
      folder,
      { checkpoint: join(folder, 'weights.pt'), model: join(folder, 'model.onnx') },
    );
    const [points] = lossNotes(data);
    expect(english(points!)).toBe(
      'The loss is taken at collocation points: 25 interior, 6 initial, 3 boundary (uniform, seed 3).',
    );
    expect(toChinese(points!)).toBe(
      '损失在配点上计算：内部 25 个，初始 6 个，边界 3 个（均匀分布，种子 3）。',
    );
  });

  it('stays English where there is no translation', () => {
    expect(inWords(say`${'x'} is ${say`a ${1}`}`, {})).toBe('x is a 1');
    expect(toChinese('Cannot read properties of undefined')).toBe(
      'Cannot read properties of undefined',
    );
  });

  it('of an error is its message in English', () => {
    const error = new InputError(say`${'a.pt'} does not exist; check the path.`, 'missing');
    expect(error.message).toBe('a.pt does not exist; check the path.');
    expect(toChinese(error.said)).toBe('a.pt 不存在；请检查路径。');
  });

  it('is the same after it was sent', () => {
    const said = say`${'{0}'} and ${[say`a list`, 'b']}, ${3}`;
    for (const copy of [structuredClone(said), JSON.parse(JSON.stringify(said)) as Message]) {
      expect(english(copy)).toBe('{0} and a list, b, 3');
      expect(inWords(copy, { 'a list': '列表', ', ': '；' })).toBe('{0} and 列表；b, 3');
    }
  });
});

describe('a comparison', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'basin-sentences-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  async function plane(
    name: string,
    axes: readonly (readonly [min: number, max: number, steps: number])[],
    choices: { readonly seed: number; readonly normalization: 'filter' | 'none' },
  ): Promise<string> {
    const shape = axes.map(([, , steps]) => steps);
    const size = shape.reduce((product, steps) => product * steps);
    const document: ResultDocument = {
      schema: 1,
      checkpoint: { path: name, format: 'pytorch', sha256: '00', step: null, epoch: 1 },
      parameters: 10,
      runtime: { name: 'reference', version: '1', precision: 'float64' },
      seed: 0,
      landscape: {
        axes: axes.map(([min, max, steps], axis) => ({ name: 'ab'[axis]!, min, max, steps })),
        directions: {
          kind: 'random',
          ...choices,
          norms: axes.map(() => 1),
          cosines: axes.length === 1 ? [] : [0],
          parameterNorm: 1,
        },
        shape,
        values: Array.from({ length: size }, (_, k) => Math.cos(k)),
        evaluations: size,
        relativeNoise: null,
      },
      notes: [],
      timings: {},
    };
    const path = join(folder, `${name}.basin.json`);
    await writeFile(path, JSON.stringify(document));
    return path;
  }

  it('of other planes is translated, with what is other', async () => {
    const square = [
      [-1, 1, 21],
      [-1, 1, 21],
    ] as const;
    const { warnings } = await compare(
      await plane('first', square, { seed: 0, normalization: 'filter' }),
      await plane('second', [[-0.5, 0.5, 41]], { seed: 1, normalization: 'none' }),
    );
    const said = warnings.map(toChinese);
    expect(said).toContain(
      '两个损失景观不能逐点比较：前者为从 -1 到 1 的 21 个点 × 从 -1 到 1 的 21 个点，后者为从 -0.5 到 0.5 的 41 个点；请以相同的范围和分辨率采样。',
    );
    expect(said.find((warning) => warning.startsWith('两个损失景观位于不同的平面'))).toBe(
      '两个损失景观位于不同的平面：seed 分别为 0 和 1，normalization 分别为 "filter" 和 "none"；其差异也包含平面的差异。',
    );
    expect(said.flatMap((warning) => englishIn(warning.replaceAll(folder, '')))).toEqual([]);
  });

  it('of the same plane has nothing to warn of', async () => {
    const line = [[-1, 1, 5]] as const;
    const { warnings } = await compare(
      await plane('one', line, { seed: 0, normalization: 'filter' }),
      await plane('other', line, { seed: 0, normalization: 'filter' }),
    );
    expect(warnings).toEqual([]);
  });
});

describe('what is wrong with a basin.json', () => {
  let folder: string;
  let path: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'basin-sentences-'));
    path = join(folder, 'basin.json');
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  afterEach(() => {
    speak();
  });

  async function complaint(text: string): Promise<Message> {
    await writeFile(path, text);
    return readStudy(path).then(() => say``, saidBy);
  }

  const whole = {
    checkpoints: ['*.pt'],
    model: 'net.onnx',
    data: { inputs: 'x.npy', targets: 'y.npy' },
    objective: { kind: 'classification' },
  };

  it.each([
    ['a type', { ...whole, checkpoints: 3 }],
    ['nothing', { ...whole, model: undefined }],
    ['a key', { ...whole, modle: 'x' }],
    ['two keys', { ...whole, modle: 'x', dtaa: 1 }],
    ['a kind', { ...whole, objective: { kind: 'x' } }],
    ['an option', { ...whole, landscape: { directions: 'sideways' } }],
    ['too little', { ...whole, landscape: { resolution: 1 } }],
    ['too much', { ...whole, landscape: { dimensions: 100 } }],
    ['far too much', { ...whole, landscape: { dimensions: 1e9, resolution: 3 } }],
    ['less than none', { ...whole, landscape: { dimensions: -1, resolution: 3 } }],
    ['too few', { ...whole, checkpoints: [] }],
    ['too short', { ...whole, model: '' }],
    ['a list', []],
    ['a curve', { ...whole, landscape: { directions: 'bezier', refine: true, through: 'first' } }],
    ['a grid', { ...whole, landscape: { resolution: [9999, 9999] } }],
    ['three dimensions', { ...whole, landscape: { resolution: [5, 5, 5] } }],
    ['another', { ...whole, landscape: { directions: 'plane' } }],
    ['no data', { ...whole, data: undefined }],
  ])('is translated: %s', async (_, value) => {
    const message = await complaint(JSON.stringify(value));
    expect(english(message)).toContain(path);
    expect(toChinese(message)).toContain(path);
    expect(toChinese(message)).not.toBe(english(message));
    expect(englishIn(toChinese(message).replaceAll(path, ''))).toEqual([]);
  });

  it('is told at its place, without the name of the file', async () => {
    speak(undefined, () => chinese);
    const text = '{\n  "checkpoints": ,\n}';
    expect(problemOfEngine(text, await complaint(text), path)).toMatchObject({
      offset: text.indexOf(','),
      message: '不是有效的 JSON（缺少值）；请在该处更正。',
    });
    const other = JSON.stringify({ ...whole, landscape: { directions: 'plane' } });
    expect(problemOfEngine(other, await complaint(other), path)).toMatchObject({
      message: '"landscape.through" 在 plane 下必须指定另外两个检查点。',
    });
  });

  it('is said in English in an English window', async () => {
    const message = await complaint('[]');
    speak();
    expect(translated(message)).toBe(english(message));
  });

  it('of a file that is no checkpoint is translated', async () => {
    for (const [name, content] of [
      ['a.pt', ''],
      ['b.pt', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n'],
      ['c.pt', '\u001f\u008b'],
      ['d.safetensors', 'x'.repeat(100)],
      ['e.npz', 'PK\u0003\u0004'],
    ] as const) {
      const file = join(folder, name);
      await writeFile(file, content, 'latin1');
      const said = await openCheckpoint(file).then(() => say``, saidBy);
      expect(english(said)).toMatch(/^\w\.\w+ (is|cannot|was) /);
      expect(englishIn(toChinese(said)), english(said)).toEqual([]);
    }
  });
});

it('what is wrong with a result is translated', () => {
  for (const text of ['x', '[]', '{}', '{"schema":99}', '{"schema":1}']) {
    const reading = parseResult(text);
    expect(reading.ok ? '' : englishIn(toChinese(reading.why))).toEqual([]);
    expect(reading.ok ? '' : toChinese(reading.why)).toMatch(/^[它其]/);
  }
});

describe('a template', () => {
  it('is the key of its translation, whatever is put in', () => {
    const value = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(
        fc.nat(Object.keys(chinese).length - 1),
        fc.array(value, { minLength: 8, maxLength: 8 }),
        (at, values) => {
          const [template, translation] = Object.entries(chinese)[at]!;
          const fill = (text: string) =>
            text.replaceAll(/\{(\d+)\}/g, (_, index: string) => values[Number(index)]!);
          expect(toChinese({ template, values })).toBe(fill(translation));
          expect(english({ template, values })).toBe(fill(template));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('says numbers, lists and messages as they are', () => {
    const { value } = fc.letrec<{ readonly value: Value }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.integer(),
        fc.record({ template: fc.constant('<{0}>'), values: fc.tuple(tie('value')) }),
      ),
    }));
    const spelled = (given: Value): string =>
      typeof given === 'object' ? `<${spelled((given as Message).values[0]!)}>` : String(given);
    fc.assert(
      fc.property(value, (given) => {
        expect(english(say`${given}!`)).toBe(`${spelled(given)}!`);
      }),
    );
  });
});
