/**
 * Loss, gradient and Hessian-vector product: Basin beside PyTorch, in the same run.
 *
 *   npm run bench:derivatives -- [--quick] [--seconds 3] [--rounds 2] [--python /path/to/python]
 *                                [--networks resnet20,pde,decoder]
 *                                [--kinds point,gradient,product,first]
 *                                [--ways threads,processes] [--json FILE] [--markdown FILE]
 *
 * A quarter of an hour on a quiet machine of two cores; `--quick` is once a second of each job but
 * the last kind, under four minutes. The table that is printed at the end is that of
 * docs/derivatives.md.
 *
 * ResNet-20 on 3×32×32, batch 128; the residual u_t + 30 u_x of a network 2-50-50-50-50-1 at 1,000
 * points; a GPT-2-shaped decoder of 6 layers, width 384, sequence 128, batch 8. Both engines take
 * turns, each as one process with all threads and as one process for each core with one; what is
 * compared is milliseconds per job with the machine full, the better of both ways. `--ways one` is
 * one process with one thread. The least processor time of a job on one thread is given beside,
 * because it says something on a busy machine too. The share is that of the speed of a product of
 * two float32 matrices of 1024², in PyTorch, on all cores: the additions and multiplications in the
 * products and convolutions of Basin's program, of both engines.
 *
 *   point     the loss at one point of a grid: new weights each time
 *   gradient  loss and gradient
 *   product   one H·v at a point that was prepared (PyTorch: its gradient's graph is kept)
 *   first     H·v with that preparation
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import esbuild from 'esbuild';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    networks: { type: 'string', default: 'resnet20,pde,decoder' },
    kinds: { type: 'string' },
    ways: { type: 'string', default: 'threads,processes' },
    python: { type: 'string', default: 'python3' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    // Measures one kind of job in this process and prints it.
    measure: { type: 'string' },
    engine: { type: 'string' },
    folder: { type: 'string' },
    threads: { type: 'string', default: '1' },
  },
});

options.seconds ??= options.quick ? '1' : '3';
options.rounds ??= options.quick ? '1' : '2';
options.kinds ??= options.quick ? 'point,gradient,product' : 'point,gradient,product,first';

/** What Basin should reach: PyTorch's time divided by its own. */
const WANTED = {
  'resnet20 point': 1.6,
  'resnet20 gradient': 1.1,
  'resnet20 product': 2,
  'pde point': 2,
  'pde gradient': 2,
  'pde product': 2,
  'decoder point': 1.1,
  'decoder gradient': 1,
  'decoder product': 1.3,
};

const NETWORKS = {
  resnet20: 'ResNet-20, 3×32×32, batch 128',
  pde: 'PDE network, 1,000 points',
  decoder: 'decoder, 8 × 128 tokens',
};

const KINDS = {
  point: 'value',
  gradient: 'gradient',
  product: 'H·v at a prepared point',
  first: 'H·v with its preparation',
};

const root = fileURLToPath(new URL('..', import.meta.url));
const torch = join(root, 'bench/derivatives_torch.py');

if (options.measure !== undefined) {
  const { measure } = await import(pathToFileURL(options.engine).href);
  const [network, kind] = options.measure.split(' ');
  const result = await measure(
    options.folder,
    network,
    kind,
    Number(options.seconds),
    Number(options.threads),
  );
  process.stdout.write(JSON.stringify(result));
} else {
  const folder = mkdtempSync(join(tmpdir(), 'basin-bench-'));
  try {
    await compare(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(folder) {
  const engine = join(root, 'node_modules/.basin-bench-derivatives.cjs');
  await esbuild.build({
    entryPoints: [join(root, 'bench/derivativesJobs.mjs')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['onnxruntime-node'],
    outfile: engine,
    logLevel: 'error',
  });
  execFileSync(options.python, [torch, 'export', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const cores = availableParallelism();
  const peaks = await matrixProducts(cores);
  const rows = [];
  for (const network of options.networks.split(',')) {
    for (const kind of options.kinds.split(',')) {
      const elapsed = { basin: new Map(), torch: new Map() };
      const cpu = { basin: [], torch: [] };
      const memory = { basin: 0, torch: 0 };
      const results = {};
      let operations = 0;
      for (let round = 0; round < Number(options.rounds); round += 1) {
        for (const way of options.ways.split(',')) {
          for (const who of ['basin', 'torch']) {
            const processes = way === 'processes' ? cores : 1;
            const threads = way === 'threads' ? cores : 1;
            const runs = await Promise.all(
              Array.from({ length: processes }, () =>
                child(who, engine, folder, network, kind, threads),
              ),
            );
            const times = runs.flatMap((run) => run.times.map((t) => t / processes));
            elapsed[who].set(way, [...(elapsed[who].get(way) ?? []), ...times]);
            if (threads === 1) cpu[who].push(...runs.flatMap((run) => run.cpu));
            memory[who] = Math.max(memory[who], runs[0].peak);
            results[who] = runs[0].result;
            operations = runs[0].operations ?? operations;
          }
        }
      }
      const best = (who) => Math.min(...[...elapsed[who].values()].map(median));
      const least = (who) => Math.min(...cpu[who]);
      const share = (who) => operations / (best(who) * 1e6) / peaks.all;
      const row = {
        network,
        kind,
        milliseconds: { basin: best('basin'), torch: best('torch') },
        ratio: best('torch') / best('basin'),
        wanted: WANTED[`${network} ${kind}`] ?? null,
        share: { basin: share('basin'), torch: share('torch') },
        ways: Object.fromEntries(
          ['basin', 'torch'].map((who) => [
            who,
            Object.fromEntries([...elapsed[who]].map(([way, times]) => [way, median(times)])),
          ]),
        ),
        processor: { basin: least('basin'), torch: least('torch') },
        // Null where nothing ran on one thread.
        processorRatio: cpu.torch.length === 0 ? null : least('torch') / least('basin'),
        memory,
        agreement: Math.abs(results.basin / results.torch - 1),
      };
      rows.push(row);
      const processor =
        row.processorRatio === null
          ? ''
          : `least processor time on one thread ${row.processor.basin.toFixed(1)}, ${row.processor.torch.toFixed(1)} ms, ratio ${row.processorRatio.toFixed(2)}; `;
      console.log(
        `${network} ${kind}: basin ${row.milliseconds.basin.toFixed(1)} ms, torch ${row.milliseconds.torch.toFixed(1)} ms, ratio ${row.ratio.toFixed(2)}; share of the peak ${percent(row.share.basin)}, ${percent(row.share.torch)}; ` +
          processor +
          `peak ${(memory.basin / 2 ** 20).toFixed(0)}, ${(memory.torch / 2 ** 20).toFixed(0)} MiB; results differ by ${row.agreement.toExponential(1)}`,
      );
    }
  }
  const report = {
    processor: cpus()[0].model,
    cores,
    torch: peaks.version,
    gflops: { one: peaks.one, all: peaks.all },
    rows,
  };
  const table = markdown(report);
  console.log(`\n${table}`);
  if (options.markdown !== undefined) writeFileSync(options.markdown, `${table}\n`);
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(report, null, 2));
}

/** The table of docs/derivatives.md. */
function markdown({ processor, cores, torch, gflops, rows }) {
  const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(0);
  const milliseconds = (x) => x.toFixed(x < 20 ? 1 : 0);
  const lines = rows.map((row) => {
    const cells = [
      `${NETWORKS[row.network]}: ${KINDS[row.kind]}`,
      milliseconds(row.milliseconds.basin),
      milliseconds(row.milliseconds.torch),
      row.ratio.toFixed(2),
      row.wanted === null ? '' : String(row.wanted),
      `${percent(row.share.basin)}, ${percent(row.share.torch)}`,
      row.processorRatio === null ? '' : row.processorRatio.toFixed(2),
      `${mebibytes(row.memory.basin)}, ${mebibytes(row.memory.torch)}`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `${processor}, ${cores} cores; PyTorch ${torch}. A product of two matrices of 1024² runs at ${gflops.one.toFixed(0)} GFLOPS on one thread and ${gflops.all.toFixed(0)} on all.`,
    '',
    '| job | Basin, ms | PyTorch, ms | PyTorch / Basin | wanted | share of the peak: Basin, PyTorch | the same of processor time on one thread | peak memory, MiB: Basin, PyTorch |',
    '|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function percent(share) {
  return `${(100 * share).toFixed(0)} %`;
}

/**
 * How fast PyTorch multiplies matrices, in GFLOPS: on one thread, and on all cores, as one process or
 * as one for each, whichever is faster.
 */
async function matrixProducts(cores) {
  const measure = async (processes, threads) => {
    const told = await Promise.all(
      Array.from({ length: processes }, () =>
        promisify(execFile)(options.python, [torch, 'peak', String(threads)]),
      ),
    );
    const runs = told.map(({ stdout }) => JSON.parse(stdout));
    return { gflops: runs.reduce((sum, run) => sum + run.gflops, 0), version: runs[0].version };
  };
  const one = await measure(1, 1);
  const all = [await measure(1, cores), await measure(cores, 1)];
  return {
    version: one.version,
    one: one.gflops,
    all: Math.max(...all.map(({ gflops }) => gflops)),
  };
}

/** One measurement in a process of its own. */
function child(who, engine, folder, network, kind, threads) {
  const [command, args] =
    who === 'basin'
      ? [
          process.execPath,
          [
            fileURLToPath(import.meta.url),
            ...['--measure', `${network} ${kind}`, '--engine', engine, '--folder', folder],
            ...['--seconds', options.seconds, '--threads', String(threads)],
          ],
        ]
      : [
          options.python,
          [torch, 'measure', folder, network, kind, options.seconds, String(threads)],
        ];
  return new Promise((resolve, reject) => {
    const running = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    running.stdout.on('data', (data) => (text += data));
    running.on('exit', (code) => {
      if (code === 0) resolve(JSON.parse(text));
      else reject(new Error(`${who} ${network} ${kind} ended with ${code}`));
    });
  });
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
