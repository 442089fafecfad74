import { describe, expect, it } from 'vitest';
import {
  findProblems,
  problemOfEngine,
  type Disk,
} from '../../../src/extension/configuration/basinJsonProblems';
import { checkBasinJson } from '../../../src/extension/configuration/checkBasinJson';

const files = ['model.onnx', 'data/eval.npz', 'e-1.pt'];
const disk: Disk = {
  isFile: (path) => Promise.resolve(files.includes(path)),
  list: (folder) =>
    Promise.resolve(
      files.flatMap((path) => {
        const [name = '', parent = '.'] = path.split('/').toReversed();
        return parent === folder ? [name] : [];
      }),
    ),
  count: (glob) => Promise.resolve(glob === '*.pt' ? 1 : 0),
};

const good = {
  checkpoints: ['*.pt'],
  model: 'model.onnx',
  data: { inputs: 'data/eval.npz#x', targets: 'data/eval.npz#y' },
  objective: { kind: 'classification' },
};

/** What is marked, and what is said of it. */
async function problems(value: unknown): Promise<[marked: string, message: string][]> {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return (await findProblems(text, disk, checkBasinJson)).map(({ offset, length, message }) => [
    text.slice(offset, offset + length),
    message,
  ]);
}

describe('a basin.json', () => {
  it('that is right has no problems', async () => {
    expect(await problems(good)).toEqual([]);
  });

  it('is told where it names a file that is not there', async () => {
    const found = await problems({
      ...good,
      model: 'modle.onnx',
      data: { inputs: 'data/eval.npz#x', targets: 'eval.npz#y' },
    });
    expect(found).toEqual([
      ['"modle.onnx"', 'modle.onnx does not exist. Paths are relative to this file.'],
      ['"eval.npz#y"', 'eval.npz does not exist. Paths are relative to this file.'],
    ]);
  });

  it('is offered the file it may mean, and the folder', async () => {
    const text = JSON.stringify({ ...good, data: { inputs: 'data/evla.npz#x' } });
    const [problem] = await findProblems(text, disk, () => []);
    expect(problem?.fixes).toEqual([
      { kind: 'replace', title: 'Use data/eval.npz#x', text: '"data/eval.npz#x"' },
      { kind: 'reveal', title: 'Show the folder it should be in', folder: 'data' },
    ]);
  });

  it('is told which glob fits nothing', async () => {
    expect(await problems({ ...good, checkpoints: ['*.pt', '*.ckpt'] })).toEqual([
      ['"*.ckpt"', 'No file fits *.ckpt yet. Globs are relative to this file.'],
    ]);
  });

  it('is told of an even resolution, which is changed to an odd one', async () => {
    const text = JSON.stringify({ ...good, landscape: { resolution: [41, 40] } });
    const found = await findProblems(text, disk, checkBasinJson);
    expect(found).toMatchObject([
      { severity: 'hint', fixes: [{ kind: 'replace', title: 'Change to 41', text: '41' }] },
    ]);
    expect(text.slice(found[0]!.offset, found[0]!.offset + found[0]!.length)).toBe('40');
    // The line between two checkpoints has no middle that matters.
    const line = { directions: 'interpolation', through: 'first', resolution: 40 };
    expect(await problems({ ...good, landscape: line })).toEqual([]);
  });

  it('is told what does not belong together, where it is', async () => {
    expect(await problems({ ...good, data: undefined })).toEqual([
      [
        '{',
        '"data" is missing, which classification needs; name the arrays of inputs and targets.',
      ],
    ]);
    const landscape = { directions: 'plane', dimensions: 3, through: ['a.pt', 'b.pt'] };
    expect(await problems({ ...good, landscape })).toEqual([
      ['3', '"landscape.dimensions" must be 2 with plane, or absent.'],
    ]);
  });

  it('names the graph of checkpoints that bring none along', async () => {
    const { model: _, ...without } = good;
    const missing = '"model" is missing: name the ONNX export of the network’s graph.';
    expect(await problems(without)).toEqual([['{', missing]]);
    expect(await problems({ ...without, checkpoints: [] })).toContainEqual(['{', missing]);
    const own = await problems({ ...without, checkpoints: ['*.keras'] });
    expect(own.map(([, message]) => message)).not.toContain(missing);
  });

  it('may be half typed, or anything', async () => {
    expect(await problems('{ "checkpoints": ["*.pt"], "model": ')).toEqual([]);
    expect(await problems('[1]')).toEqual([]);
    expect(await problems('')).toEqual([]);
    expect(await problems('{ "checkpoints": {"a": 1}, "model": [], "data": "x" }')).toEqual([]);
  });
});

describe('a sentence of the engine', () => {
  const path = '/w/basin.json';
  const text = '{\n  "objective": {\n    "kind": "pde",\n    "residual": "u_tt + "\n  }\n}\n';
  const marked = (message: string): string | undefined => {
    const problem = problemOfEngine(text, message, path);
    return problem === null
      ? undefined
      : text.slice(problem.offset, problem.offset + problem.length);
  };

  it('is put where the key is that it names', () => {
    expect(marked(`${path}: "objective.residual" ends too early.`)).toBe('"u_tt + "');
    expect(marked(`${path}: "objective.unknown" is missing.`)).toBe('"objective"');
    expect(marked(`${path}: nothing is named.`)).toBe('{');
  });

  it('is put at the line and column it names', () => {
    expect(problemOfEngine(text, `${path}:3:5: not valid JSON.`, path)).toMatchObject({
      offset: text.indexOf('"kind"'),
      message: 'not valid JSON.',
    });
  });

  it('is put where the file is named that it tells of', () => {
    const data = '{ "data": { "inputs": "../eval.npz#x", "targets": "../eval.npz#z" } }';
    const message = 'eval.npz cannot be read: it has no array `z`; it holds x, y.';
    expect(problemOfEngine(data, message, path)).toMatchObject({
      offset: data.indexOf('"../eval.npz#z"'),
      message,
    });
    expect(marked('"objective.residual": expected expression after +.')).toBe('"u_tt + "');
  });

  it('is not put anywhere if it is about another file', () => {
    expect(marked('/w/model.onnx: is damaged.')).toBeUndefined();
  });
});
