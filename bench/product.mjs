/**
 * The product, end to end: `basin analyze` as a process beside what its user would run instead.
 *
 *   npm run build && npm run bench:product -- [--python PYTHON] [--networks mlp,resnet20,resnet18]
 *                                             [--peers plane,eigenthings,pyhessian,curvlinops]
 *                                             [--reference] [--markdown FILE]
 *
 * PYTHON has torch, numpy, onnx, scipy and the peers:
 *
 *   pip install torch numpy onnx scipy hessian-eigenthings==1.0.0a5 PyHessian==0.1 \
 *     curvlinops-for-pytorch==3.0.1
 *
 * A peer that is missing is named and left out. Networks are a tanh MLP (3,466 weights), ResNet-20 of
 * width 16 (272,474) and ResNet-18 (11 million), each made by bench/product_peers.py. Basin and the
 * libraries have about 50 products each: ten eigenvalues, trace and density; the plane is 11 × 11.
 * Seconds, processor time and peak memory are of the whole process, its start included. Run it on a
 * machine that does nothing else.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    networks: { type: 'string', default: 'mlp,resnet20,resnet18' },
    peers: { type: 'string', default: 'plane,eigenthings,pyhessian,curvlinops' },
    reference: { type: 'boolean', default: false },
    markdown: { type: 'string' },
  },
});

const root = fileURLToPath(new URL('..', import.meta.url));
const peers = join(root, 'bench/product_peers.py');
const basin = join(root, 'dist/basin.js');
/** Processor time and peak memory of a child are what its parent is told when it has ended. */
const MEASURE = `import json, resource, subprocess, sys, time
start = time.time()
run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"seconds": time.time() - start, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024, "status": run.returncode, "out": run.stdout.decode()}))`;

const rows = [];
const folder = mkdtempSync(join(tmpdir(), 'basin-product-'));
try {
  for (const network of options.networks.split(',')) {
    const own = join(folder, network);
    const made = execFileSync(options.python, [peers, 'export', network, own], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { parameters } = JSON.parse(lastLine(made.toString()));
    const reference = options.reference
      ? JSON.parse(lastLine((await peer(network, own, 'reference')).out)).top
      : null;
    for (const part of ['landscape', 'hessian']) {
      const run = await measured('node', [basin, 'analyze', own, '--only', part, '--json']);
      const { hessian } = JSON.parse(run.out);
      add(network, parameters, `Basin, ${part === 'landscape' ? 'plane' : 'curvature'}`, run, {
        top: hessian?.eigenvalues[0].value,
        trace: hessian?.trace.value,
        products: hessian?.products,
        reference,
      });
    }
    for (const name of options.peers.split(',')) {
      const run = await peer(network, own, name);
      const found = run.status === 0 ? JSON.parse(lastLine(run.out)) : { missing: 'it failed' };
      if (found.missing !== undefined) {
        console.log(`${network}, ${name}: left out, ${found.missing}`);
        continue;
      }
      add(network, parameters, name, run, { ...found, reference });
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const table = [
  `${cpus()[0].model}, ${cpus().length} cores`,
  '',
  '| network | who | seconds | cores busy | peak, MiB | products | λmax | its error | trace |',
  '|---|---|---|---|---|---|---|---|---|',
  ...rows,
].join('\n');
console.log(`\n${table}`);
if (options.markdown !== undefined) {
  const marks = ['<!-- The table of `npm run bench:product`, from here -->', '<!-- to here -->'];
  const [before, rest] = readFileSync(options.markdown, 'utf8').split(marks[0]);
  const after = rest.split(marks[1])[1];
  writeFileSync(options.markdown, `${before}${marks[0]}\n\n${table}\n\n${marks[1]}${after}`);
}

function peer(network, own, name) {
  return measured(options.python, [peers, 'run', network, own, name]);
}

function measured(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(options.python, ['-c', MEASURE, command, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout.on('data', (data) => (text += data));
    child.on('error', reject);
    child.on('close', () => resolve(JSON.parse(lastLine(text))));
  });
}

function lastLine(text) {
  return text.trim().split('\n').at(-1);
}

function add(network, parameters, who, run, { top, trace, products, reference }) {
  const number = (x) => (x === undefined || x === null ? '' : Number(x.toPrecision(4)));
  const error =
    reference === null || top === undefined ? '' : Math.abs(top / reference - 1).toExponential(0);
  const busy = (run.cpu / run.seconds).toFixed(1);
  const peak = Math.round(run.peak / 2 ** 20);
  const row = `| ${network}, ${parameters} | ${who} | ${run.seconds.toFixed(1)} | ${busy} | ${peak} | ${products ?? ''} | ${number(top)} | ${error} | ${number(trace)} |`;
  console.log(row);
  rows.push(row);
}
