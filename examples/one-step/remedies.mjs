// node remedies.mjs FOLDER PYTHON… [--only CASE]…: does what Basin's messages say about graphs and settings that do not fit.
//
// For each case of remedies.py, exporter and interpreter (PyTorch 1.13 to 2.13, with numpy and onnx, from 2.5 on
// onnxscript) Basin is run, every way its message names is followed to the letter, Basin is run again, and loss,
// λmax and the number of parameters are compared with PyTorch's in float64. Needs dist/basin.js (npm run build).
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const basin = here('../../dist/basin.js');
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', multiple: true } },
});
const [out, ...pythons] = positionals;
const names = [
  ...readFileSync(here('remedies.py'), 'utf8').matchAll(/^ {4}"([a-z-]+)": \((?:BOTH|OLD)/gm),
];
const MAX_MESSAGES = 4;

/** What messages say to do: a setting of basin.json, or a step of remedies.py. */
const remedies = [
  {
    says: /export it again with (torch\.onnx\.export\(.*?PRESERVE.*?\)|torch\.onnx\.export\(.*?optimize=False\))/,
    way: 'the export it names',
    do: ([, call]) => ({ step: { call } }),
  },
  {
    says: /add the checkpoint of that moment to "checkpoints"/,
    way: '"checkpoints"',
    do: () => ({ step: { then: true }, set: { checkpoints: ['then.pt', 'last.pt'] } }),
  },
  {
    says: /[Ee]xport the graph (again from the same model|from the model that was trained)/,
    way: 'export again',
    do: () => ({ step: { again: true } }),
  },
  {
    says: /save a checkpoint in which they are equal/,
    way: 'a checkpoint',
    do: () => ({ step: { equal: true } }),
  },
  {
    says: /"names": (\{.*?\})/,
    way: '"names"',
    do: ([, json]) => ({ set: { names: JSON.parse(json) } }),
  },
  {
    says: /several sets of weights \("(.*?)".*name one of them as "weights"/,
    way: '"weights"',
    do: ([, weights]) => ({ set: { weights } }),
  },
  {
    says: /"frozen" in basin\.json has .* fits no tensor.*near it are ([^\s,;]+)/,
    way: '"frozen"',
    do: ([, name]) => ({ set: { frozen: [name.replace(/\.$/, '')] } }),
  },
  {
    says: /"names" in basin\.json has .* fits no tensor/,
    way: 'without "names"',
    do: () => ({ set: { names: undefined } }),
  },
  {
    says: /say which one is meant, as in "output": "(.*?)"/,
    way: '"output"',
    do: ([, output]) => ({ set: { output } }),
  },
  {
    says: /add "output": "(.*?)" to basin\.json/,
    way: '"output"',
    do: ([, output]) => ({ set: { output } }),
  },
  {
    says: /or export the model without its (Softmax|Sigmoid)/,
    way: 'export without it',
    do: () => ({ step: { bare: true } }),
  },
  {
    says: /set "data\.limit" to (\d+)/,
    way: '"data.limit"',
    do: ([, limit]) => ({ limit: Number(limit), step: {} }),
  },
  {
    says: /export the model with a dynamic batch axis/,
    way: 'a dynamic axis',
    do: () => ({ step: { dynamic: true } }),
  },
  {
    says: /choose "kind": "binary"/,
    way: '"kind"',
    do: () => ({ set: { objective: { kind: 'binary' } } }),
  },
  {
    says: /(call model\.eval\(\) before the export|export after model\.eval\(\))/,
    way: 'model.eval()',
    do: () => ({ step: { again: true } }),
  },
  {
    says: /([\w., ]+) look like saved buffers.*name them as "frozen"/,
    way: '"frozen"',
    isOptional: true,
    do: ([, list]) => ({ set: { frozen: list.trim().split(', ') } }),
  },
];

function python(interpreter, folder, name, step) {
  const { status, stderr } = spawnSync(
    interpreter,
    [here('remedies.py'), folder, name, ...(step ? [JSON.stringify(step)] : [])],
    { encoding: 'utf8' },
  );
  if (status !== 0 && status !== 3) throw new Error(stderr.trim().split('\n').slice(-3).join(' '));
  return status === 0;
}

function analyze(folder) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [basin, 'analyze', folder, '--only', 'metrics,hessian', '--json'],
    { encoding: 'utf8' },
  );
  if (status !== 0) return { message: stderr.trim() };
  const parsed = JSON.parse(stdout);
  const all = Array.isArray(parsed) ? parsed : [parsed];
  const last =
    all.find(({ checkpoint }) => JSON.stringify(checkpoint).includes('last.pt')) ?? all[0];
  return { last, message: last.notes.join('\n') };
}

function isRight(folder, last) {
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
  const off = (a, b) => Math.abs(a - b) / Math.abs(b);
  const loss = off(last.metrics.loss, expected.loss);
  const largest = off(last.hessian.eigenvalues[0].value, expected.largest);
  const isWell = loss < 1e-5 && largest < 1e-4 && last.parameters === expected.parameters;
  return {
    isWell,
    figures: `loss off by ${loss.toExponential(1)}, λmax by ${largest.toExponential(1)}, ${last.parameters} of ${expected.parameters} parameters`,
  };
}

const fitting = (message, isOptional) =>
  remedies.filter((remedy) => remedy.says.test(message) && (isOptional || !remedy.isOptional));

function follow(interpreter, folder, name, remedy, message) {
  const { set, limit, step } = remedy.do(remedy.says.exec(message));
  const file = join(folder, 'basin.json');
  const settings = { ...JSON.parse(readFileSync(file, 'utf8')), ...set };
  if (limit !== undefined) settings.data.limit = limit;
  writeFileSync(file, JSON.stringify(settings, null, 1));
  python(interpreter, folder, name, step ?? {});
}

/** Follows one way, and what is said after it, to the end. */
function tryWay(interpreter, folder, name, remedy, message) {
  const ways = [remedy.way];
  follow(interpreter, folder, name, remedy, message);
  for (;;) {
    const { last, message: said } = analyze(folder);
    if (last !== undefined) return { ways, ...isRight(folder, last) };
    const [next] = fitting(said, false);
    if (next === undefined || ways.length === MAX_MESSAGES)
      return { ways, isWell: false, figures: said };
    ways.push(next.way);
    follow(interpreter, folder, name, next, said);
  }
}

let failed = 0;
for (const interpreter of pythons) {
  const version = spawnSync(
    interpreter,
    ['-c', 'import torch; print(torch.__version__.split("+")[0])'],
    { encoding: 'utf8' },
  ).stdout.trim();
  const chosen = names.filter(([, one]) => values.only?.includes(one) ?? true);
  for (const name of chosen.flatMap(([, one]) => [`${one}@torchscript`, `${one}@dynamo`])) {
    const folder = join(out, version, name);
    rmSync(folder, { recursive: true, force: true });
    const say = (mark, ...more) => {
      if (mark === '✗') failed += 1;
      console.log([mark, version, name, ...more].join(' | '));
    };
    try {
      if (!python(interpreter, folder, name)) continue;
    } catch (error) {
      say('–', 'PyTorch does not export it', error.message);
      continue;
    }
    try {
      const { last, message } = analyze(folder);
      const first = last === undefined ? { isWell: false, figures: '' } : isRight(folder, last);
      if (first.isWell) {
        say('✓', 'right at once', first.figures);
        continue;
      }
      const ways = fitting(message, true);
      if (ways.length === 0) say('✗', 'no remedy', first.figures, message);
      for (const [i, remedy] of ways.entries()) {
        const copy = `${folder}-${i}`;
        if (existsSync(copy)) rmSync(copy, { recursive: true });
        cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith('.basin') });
        try {
          const end = tryWay(interpreter, copy, name, remedy, message);
          say(end.isWell ? '✓' : '✗', end.ways.join(', then '), end.figures);
        } catch (error) {
          say('✗', remedy.way, error.message);
        }
      }
    } catch (error) {
      say('✗', error.message);
    }
  }
}
process.exit(failed === 0 ? 0 : 1);
