/**
 * Loss, gradient and Hessian-vector product: Basin beside PyTorch, in the same run.
 *
 *   npm run bench:derivatives -- [--seconds 6] [--rounds 3] [--networks resnet20,pde,decoder]
 *                                [--ways threads,processes] [--python /path/to/python]
 *                                [--json FILE]
 *
 * ResNet-20 on 3×32×32, batch 128; the residual u_t + 30 u_x of a network 2-50-50-50-50-1 at 1,000
 * points; a GPT-2-shaped decoder of 6 layers, width 384, sequence 128, batch 8. Both engines take
 * turns, each as one process with all threads and as one process for each core with one; what is
 * compared is milliseconds per job with the machine full, the better of both ways. `--ways one` is
 * one process with one thread. The least processor time of a job on one thread is given beside,
 * because it says something on a busy machine too.
 *
 *   point     the loss at one point of a grid: new weights each time
 *   gradient  loss and gradient
 *   product   one H·v at a point that was prepared (PyTorch: its gradient's graph is kept)
 *   first     H·v with that preparation
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import esbuild from 'esbuild';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '3' },
    networks: { type: 'string', default: 'resnet20,pde,decoder' },
    kinds: { type: 'string', default: 'point,gradient,product,first' },
    ways: { type: 'string', default: 'threads,processes' },
    python: { type: 'string', default: 'python3' },
    json: { type: 'string' },
    // Measures one kind of job in this process and prints it.
    measure: { type: 'string' },
    engine: { type: 'string' },
    folder: { type: 'string' },
    threads: { type: 'string', default: '1' },
  },
});

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
  const peaks = JSON.parse(
    execFileSync(options.python, [torch, 'peak', '1'], { encoding: 'utf8' }),
  );
  const rows = [];
  for (const network of options.networks.split(',')) {
    for (const kind of options.kinds.split(',')) {
      const elapsed = { basin: new Map(), torch: new Map() };
      const cpu = { basin: [], torch: [] };
      const memory = { basin: 0, torch: 0 };
      const results = {};
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
          }
        }
      }
      const best = (who) => Math.min(...[...elapsed[who].values()].map(median));
      const least = (who) => Math.min(...cpu[who]);
      const row = {
        network,
        kind,
        milliseconds: { basin: best('basin'), torch: best('torch') },
        ratio: best('torch') / best('basin'),
        processor: { basin: least('basin'), torch: least('torch') },
        processorRatio: least('torch') / least('basin'),
        memory,
        agreement: Math.abs(results.basin / results.torch - 1),
      };
      rows.push(row);
      console.log(
        `${network} ${kind}: basin ${row.milliseconds.basin.toFixed(1)} ms, torch ${row.milliseconds.torch.toFixed(1)} ms, ratio ${row.ratio.toFixed(2)}; ` +
          `least processor time on one thread ${row.processor.basin.toFixed(1)}, ${row.processor.torch.toFixed(1)} ms, ratio ${row.processorRatio.toFixed(2)}; ` +
          `peak ${(memory.basin / 2 ** 20).toFixed(0)}, ${(memory.torch / 2 ** 20).toFixed(0)} MiB; results differ by ${row.agreement.toExponential(1)}`,
      );
    }
  }
  const report = {
    processor: cpus()[0].model,
    cores,
    torch: peaks.version,
    gflops: peaks.gflops,
    rows,
  };
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(report, null, 2));
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
