// What Basin costs in an editor: npm run bench:extension
//
// Runs code-server with Basin and without it, three times each, in a workspace of 10,000
// checkpoints, and prints a table. Of several runs the best counts: what else the machine does is
// in every one of them.
import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { findChromium } from '../scripts/chromium.mjs';
import { installCodeServer } from '../scripts/codeServer.mjs';
import { runHostSuiteInCodeServer } from '../scripts/hostSuite.mjs';
import { copyExample, createThrowaway } from '../scripts/throwaway.mjs';

const root = join(import.meta.dirname, '..');
const RUNS = Number(process.env.BASIN_BENCH_RUNS ?? 3);
/** Where profiles are kept, of code that can be read. */
const PROFILES = process.env.BASIN_BENCH_PROFILES;
/** Nothing here takes longer; what does is broken. */
const MAX_MILLISECONDS = 600_000;

const chromium = await findChromium();
if (chromium === undefined) throw new Error('There is no Chromium: CHROMIUM=FILE names one.');
const codeServer = await installCodeServer('newest', join(root, '.vscode-test'), console.error);
const throwaway = await createThrowaway();
try {
  const withBasin = join(throwaway.folder, 'with');
  await mkdir(withBasin);
  await cp(join(root, 'package.json'), join(withBasin, 'package.json'));
  await cp(join(root, 'media'), join(withBasin, 'media'), { recursive: true });
  await symlink(join(root, 'node_modules'), join(withBasin, 'node_modules'));
  await build(join(withBasin, 'dist'));
  const without = join(throwaway.folder, 'without');
  await mkdir(without);
  await writeFile(
    join(without, 'package.json'),
    JSON.stringify({ name: 'none', publisher: 'none', version: '0.0.1', engines: { vscode: '*' } }),
  );
  const watching = join(throwaway.folder, 'watching');
  await mkdir(watching);
  await cp(join(root, 'bench', 'extensionWatchers.cjs'), join(watching, 'main.js'));
  await writeFile(
    join(watching, 'package.json'),
    JSON.stringify({
      name: 'watching',
      publisher: 'none',
      version: '0.0.1',
      engines: { vscode: '*' },
      main: './main.js',
      activationEvents: ['*'],
    }),
  );
  const runs = [];
  for (let run = 0; run < RUNS; run++) {
    runs.push({
      basin: await measure(withBasin, `with-${run}`),
      watching: await measure(watching, `watching-${run}`),
      none: await measure(without, `without-${run}`),
    });
    console.error(`run ${run + 1} of ${RUNS}`);
  }
  print(runs);
} finally {
  await throwaway.remove();
}
process.exit();

async function measure(extension, name) {
  const place = join(throwaway.folder, name);
  const profile = join(place, 'profile');
  const workspace = join(place, 'workspace');
  await mkdir(profile, { recursive: true });
  await makeWorkspace(workspace);
  const report = join(place, 'bench.json');
  await bounded(
    runHostSuiteInCodeServer(codeServer, {
      root,
      extension,
      suite: join(root, 'bench', 'extensionProbe.cjs'),
      chromium,
      profile,
      workspace,
      environment: {
        ...throwaway.environment,
        BASIN_BENCH_REPORT: report,
        BASIN_BENCH_NAME: name,
      },
    }),
  );
  return JSON.parse(await readFile(report, 'utf8'));
}

/** Ten runs of a thousand checkpoints of some hundred bytes, a basin.json, and the example. */
async function makeWorkspace(workspace) {
  await copyExample(root, join(workspace, 'example'));
  const header = Buffer.from(
    JSON.stringify({ w: { dtype: 'F32', shape: [8], data_offsets: [0, 32] } }).padEnd(128),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const bytes = Buffer.concat([length, header, Buffer.alloc(32)]);
  await cp(
    join(root, 'examples', 'digits-resnet', 'runs', 'resnet', 'basin.json'),
    join(workspace, 'many', 'basin.json'),
  );
  const named = JSON.parse(
    (await readFile(join(workspace, 'many', 'basin.json'), 'utf8')).replace(/^\s*\/\/.*$/gm, ''),
  );
  await writeFile(
    join(workspace, 'many', 'basin.json'),
    JSON.stringify({ ...named, checkpoints: ['run-*/epoch-*.pt'] }),
  );
  for (let run = 0; run < 10; run++) {
    const folder = join(workspace, 'many', `run-${run}`);
    await mkdir(folder, { recursive: true });
    for (let epoch = 0; epoch < 1000; epoch++) {
      await writeFile(join(folder, `epoch-${epoch}.pt`), bytes);
    }
  }
}

async function bounded(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no end within ${MAX_MILLISECONDS / 1000} s`)),
      MAX_MILLISECONDS,
    );
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function build(outdir) {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        'esbuild.config.mjs',
        ...(PROFILES === undefined ? ['--production'] : []),
        '--outdir',
        outdir,
      ],
      {
        cwd: root,
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error('the build failed'))));
  });
}

function print(runs) {
  const best = (of) => Math.min(...runs.map(of));
  const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
  const ms = (value) => `${value.toFixed(1)} ms`;
  const phase = (key) => [
    ms(best(({ basin }) => basin[key].own[0])),
    ms(best(({ basin }) => basin[key].longest[0])),
    ms(best(({ watching }) => watching[key].longest[0])),
    ms(best(({ none }) => none[key].longest[0])),
  ];
  const activated = runs.map(({ basin }) => basin.activation).filter((each) => each !== null);
  const rows = [
    [
      'activation: loading the code and calling it, by VS Code’s measure',
      activated.length === 0
        ? '?'
        : ms(Math.min(...activated.map(({ load, call }) => load + call))),
      '',
      '',
      '',
      '60 ms',
    ],
    ['longest block while 10,000 checkpoints are found', ...phase('discovery'), '16 ms'],
    ['longest block while their rows are shown', ...phase('rows'), '16 ms'],
    ['longest block at 200 file events a second', ...phase('events'), '16 ms'],
    ['longest block while an analysis runs', ...phase('analysis'), '16 ms'],
    [
      'processor time of the host for 2000 file events',
      `${best(({ basin }) => basin.events.ownSeconds).toFixed(2)} s`,
      ...['basin', 'watching', 'none'].map(
        (which) => `${best((run) => run[which].events.cpuSeconds).toFixed(2)} s`,
      ),
      '',
    ],
    [
      'hover over a known checkpoint, median',
      '',
      ms(best(({ basin }) => median(basin.known))),
      '',
      '',
      '30 ms',
    ],
    [
      'hover over a new file of 2 GiB, median',
      '',
      ms(best(({ basin }) => median(basin.large))),
      '',
      '',
      '200 ms',
    ],
    [
      'heap of the host',
      '',
      ...['basin', 'watching', 'none'].map(
        (which) => `${best((run) => run[which].memory.heap).toFixed(1)} MB`,
      ),
      '60 MB more',
    ],
  ];
  console.log(
    '| | Basin’s own | with Basin | watchers alone | without | aim |\n|:--|--:|--:|--:|--:|--:|',
  );
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
  console.log(
    `\nBest of ${RUNS} runs; code-server ${codeServer.version}, ${process.platform}-${process.arch}.`,
  );
}
