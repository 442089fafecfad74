import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Fault, named } from '../../src/engine/checkpoint/fault';
import { openCheckpoint } from '../../src/engine/checkpoint/openCheckpoint';
import { refinementNotes } from '../../src/engine/landscape/refinementNotes';
import { readStudy } from '../../src/engine/study/study';
import { problemOfEngine } from '../../src/extension/configuration/basinJsonProblems';
import { speak, translated } from '../../src/extension/words/text';
import { parseResult } from '../../src/shared/resultShape';
import { sentenceTranslation } from '../../src/shared/sentences';
import { sentencesOfEngine } from './sentencesOfEngine';

const root = join(import.meta.dirname, '..', '..');
const chinese = JSON.parse(readFileSync(join(root, 'l10n', 'engine.zh-cn.json'), 'utf8')) as Record<
  string,
  string
>;
const toChinese = sentenceTranslation(() => chinese);

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

/**
 * Sentences whose parts stand apart in the sources, with what is in between: a name and its fault,
 * a list and its last. And what jsonc-parser says.
 */
const PUT_TOGETHER = [
  '"variables" makes points of shape [{0}] and {1} takes [{2}]; give the inputs the shape the model was exported with.',
  '"{0}" {1}.',
  '1 step',
  'CloseBraceExpected',
  'CloseBracketExpected',
  'ColonExpected',
  'CommaExpected',
  'EndOfFileExpected',
  'InvalidCharacter',
  'InvalidCommentToken',
  'InvalidEscapeCharacter',
  'InvalidNumberFormat',
  'InvalidSymbol',
  'InvalidUnicode',
  'No convolution of [{0}] with weights [{1}] in {2} groups.',
  'No pooling of [{0}] with weights [{1}] in {2} groups.',
  'PropertyNameExpected',
  'The file has {0} and {1} coordinates but {2} values: its axes are swapped, and are taken the other way round.',
  'The function that is 0 everywhere has an error of {0} and a loss of {1} here.',
  'The landscape of the first was computed with BatchNorm statistics of each point, that of the second with those of the checkpoint, so that the two are different functions; analyze both with the same "landscape.batchNorm".',
  'The landscape of the second was computed with BatchNorm statistics of each point, that of the first with those of the checkpoint, so that the two are different functions; analyze both with the same "landscape.batchNorm".',
  'The landscapes lie in different planes: {0} {1} and {2}; differences between them are differences of the planes too.',
  'The landscapes lie in different planes: {0} {1} and {2}, {3} {4} and {5}, {6} {7} and {8}; differences between them are differences of the planes too.',
  'The landscapes lie in different planes: {0} {1} and {2}, {3} {4} and {5}; differences between them are differences of the planes too.',
  'There is no precision {0}; choose one of {1}.',
  'There is no runtime {0}; choose one of {1}.',
  'UnexpectedEndOfComment',
  'UnexpectedEndOfNumber',
  'UnexpectedEndOfString',
  'ValueExpected',
  'it has no dataset "{0}"',
  'it has no {0} and no {1}',
  'it holds no VTK data, no {0}',
  'its schema is missing, and this version reads {0}',
  'uniform, seed {0}',
  '{0} boundary',
  '{0} boundary, {1}',
  '{0} cannot be read: {1}; {2}.',
  '{0} cannot be used: {1}; {2}.',
  '{0} has samples of shape [{1}] and {2} takes [{3}]; give the inputs the shape the model was exported with.',
  '{0} has shape [{1}] and not [{2}], {3}',
  '{0} has shape [{1}]; the first axis is the samples, of which there are none.',
  '{0} initial',
  '{0} initial, {1}',
  '{0} interior',
  '{0} interior, {1}',
  '{0} is damaged: {1}; {2}.',
  '{0} is no number of parts',
  '{0} is no number of places',
  '{0} means nothing; there are the variables {1}; unknowns {2} and derivatives as in {3}_{4}; constants {5}; and functions {6}',
  '{0} measured',
  '{0} measured, {1}',
  '{0} parts are more than Basin computes with',
  '{0} places are more than Basin computes with',
  '{0} points from {1} to {2} by {3}',
  '{0} was not opened: {1}; {2}.',
  '{0}: "{1}" {2}.',
  '{0}: the file must hold an object, as in {"checkpoints": […], …}.',
  '{0}: node {1} ({2}): {3}',
  '{0}: node {1} ({2}): {3} Does the data have the shape the model expects?',
];

describe('the sentences of the engine', () => {
  const said = new Set(
    ['engine', 'shared', join('extension', 'client')].flatMap((house) => [
      ...sentencesOfEngine(join(root, 'src', house)),
    ]),
  );

  it('are translated whole', () => {
    expect(said.size).toBeGreaterThan(500);
    expect([...said].filter((sentence) => !(sentence in chinese))).toEqual([]);
  });

  it('have no translation of what nobody says', () => {
    const left = Object.keys(chinese).filter((sentence) => !said.has(sentence));
    expect(left.sort()).toEqual([...PUT_TOGETHER].sort());
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

describe('a sentence', () => {
  it('of a fault is translated in its three parts', () => {
    const sentence = (fault: Fault) => (named('/runs/epoch-3.pt', fault) as Error).message;
    expect(
      toChinese(sentence(new Fault('damaged', 'it ends before the data its header announces'))),
    ).toBe('epoch-3.pt 已损坏：文件在文件头所声明的数据之前就结束了；请重新复制，或等待写入完成。');
    expect(toChinese(sentence(new Fault('invalid', 'it is a folder', 'check the path')))).toBe(
      'epoch-3.pt 无法使用：它是文件夹；请检查路径。',
    );
  });

  it('keeps names that hold what stands between its parts', () => {
    const fault = new Fault('hostile', 'this file would run `os; rm: -rf` if Python opened it');
    const { message } = named('/a/b is damaged: c; d.pt', fault) as Error;
    expect(toChinese(message)).toBe(
      'b is damaged: c; d.pt 未打开：用 Python 打开此文件会运行 `os; rm: -rf`；请勿在任何地方加载它，并从可信的来源获取检查点。',
    );
  });

  it('keeps names with what replacements and patterns are written with', () => {
    for (const name of ['$&$1{0}.pt', '\\d+(.*.pt', '模型 第3轮.pt', '{1}', '\u202e.pt']) {
      expect(toChinese(`${name} does not exist; check the path.`)).toBe(
        `${name} 不存在；请检查路径。`,
      );
    }
  });

  it('is found in another, however deep', () => {
    expect(
      toChinese(
        "a.pt is left out of the run: a.pt has no tensor for 2 of the graph's 9 parameters (names read without the prefix `module.`): fc.weight, fc.bias. Export the graph again from the same model.",
      ),
    ).toBe(
      'a.pt 未计入训练运行：a.pt 中没有计算图 9 个参数中 2 个的张量（名称匹配方式：去掉前缀 `module.`）：fc.weight, fc.bias。请从同一模型重新导出计算图。',
    );
    expect(
      toChinese(
        '/m/net.onnx: node conv1 (Conv): A kernel [8, 3, 5, 5] is larger than its input [1, 3, 4, 4]. Does the data have the shape the model expects?',
      ),
    ).toBe(
      '/m/net.onnx：节点 conv1（Conv）：卷积核 [8, 3, 5, 5] 大于其输入 [1, 3, 4, 4]。数据的形状是否与模型所需的一致？',
    );
  });

  it('of a comparison is translated', () => {
    expect(
      toChinese(
        'The landscapes are not comparable point by point: the first covers 21 points from -1 to 1 by 21 points from -1 to 1, the second 41 points from -0.5 to 0.5; sample both with the same range and resolution.',
      ),
    ).toBe(
      '两个损失景观不能逐点比较：前者为从 -1 到 1 的 21 个点 × 从 -1 到 1 的 21 个点，后者为从 -0.5 到 0.5 的 41 个点；请以相同的范围和分辨率采样。',
    );
  });

  it('is translated with the lists in it', () => {
    expect(
      toChinese(
        'The landscapes lie in different planes: seed 0 and 1, normalization "filter" and "none"; differences between them are differences of the planes too.',
      ),
    ).toBe(
      '两个损失景观位于不同的平面：seed 分别为 0 和 1，normalization 分别为 "filter" 和 "none"；其差异也包含平面的差异。',
    );
    expect(
      toChinese(
        'The loss is taken at collocation points: 256 interior, 64 initial, 32 boundary (uniform, seed 3).',
      ),
    ).toBe('损失在配点上计算：内部 256 个，初始 64 个，边界 32 个（均匀分布，种子 3）。');
    expect(
      toChinese(
        'a.pt does not fit the graph: w has shape [2] and not [3], b has shape [1, 2] and not [2], c has shape [] and not [1] and 4 more. Export the graph again from the same model.',
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
      ).toEqual(note.match(/[\d.,]+\d/g)?.sort());
    }
  });

  it('stays English where none fits, or where it is longer than any', () => {
    expect(toChinese('Cannot read properties of undefined')).toBe(
      'Cannot read properties of undefined',
    );
    const long = `${'x'.repeat(5000)} does not exist; check the path.`;
    expect(toChinese(long)).toBe(long);
  });

  it('is soon read, whatever the names in it are', () => {
    toChinese('a');
    for (const name of ['; ', ': ', ' is damaged: ', '`', ', without the prefix `', ' (']) {
      const before = performance.now();
      toChinese(`x is damaged: ${name.repeat(Math.floor(3900 / name.length))}; y.`);
      expect(performance.now() - before).toBeLessThan(2000);
    }
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

  async function complaint(text: string): Promise<string> {
    await writeFile(path, text);
    return readStudy(path).then(
      () => '',
      (error: unknown) => (error as Error).message,
    );
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
    expect(message).toContain(path);
    expect(toChinese(message)).toContain(path);
    expect(toChinese(message)).not.toBe(message);
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
    expect(translated(message)).toBe(message);
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
      const message = await openCheckpoint(file).then(
        () => '',
        (error: unknown) => (error as Error).message,
      );
      expect(message).toMatch(/^\w\.\w+ (is|cannot|was) /);
      expect(englishIn(toChinese(message)), message).toEqual([]);
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
  it('is found again, whatever was put in', () => {
    const templates = Object.entries(chinese);
    // Characters that no template has: there is one way to read the sentence.
    const value = fc.string({ unit: fc.constantFrom('Ω', '東', '🜁'), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(templates.length - 1), fc.array(value, { minLength: 8 }), (at, values) => {
        const [english, translation] = templates[at]!;
        const fill = (text: string) =>
          text.replaceAll(/\{(\d+)\}/g, (_, index: string) => values[Number(index)]!);
        expect(toChinese(fill(english))).toBe(fill(translation));
      }),
      { numRuns: 2000 },
    );
  });

  it('loses nothing of what was put in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
        expect(toChinese(`${name} may not be read; change its permissions.`)).toContain(name);
      }),
    );
  });

  it('is chosen by the text it has, whatever its order', () => {
    const templates = { '{0} is {1}': 'short', '{0} is no {1}': 'long', 'a is no {0}': 'longest' };
    for (const order of [Object.entries(templates), Object.entries(templates).reverse()]) {
      const translate = sentenceTranslation(() => Object.fromEntries(order));
      expect(translate('a is no b')).toBe('longest');
      expect(translate('b is no c')).toBe('long');
      expect(translate('b is c')).toBe('short');
    }
  });

  it('is not read before it is needed', () => {
    let times = 0;
    const translate = sentenceTranslation(() => {
      times++;
      return {};
    });
    expect(times).toBe(0);
    translate('a');
    translate('b');
    expect(times).toBe(1);
  });
});
