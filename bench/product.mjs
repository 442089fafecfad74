/**
 * The product, end to end: `basin analyze` as a process beside what its user would run instead.
 *
 *   npm run build && npm run bench:product -- [--python PYTHON] [--markdown FILE] [--minutes 20]
 *       [--cut 150] [--memory "20 GB"] [--networks mlp,digits,pinn,resnet20,resnet18,gpt2]
 *       [--peers plane,eigenthings,pyhessian,curvlinops] [--no-reference]
 *
 * PYTHON has torch, numpy, onnx, scipy and the peers:
 *
 *   pip install torch numpy onnx scipy hessian-eigenthings==1.0.0a5 PyHessian==0.1 \
 *     curvlinops-for-pytorch==3.0.1
 *
 * A peer that is missing is named and left out, one that takes longer than --cut seconds is ended,
 * and after --minutes nothing new begins. Networks, their settings and what peers do are in
 * bench/product_peers.py: Basin and the libraries have about as many products each, for eigenvalues,
 * trace and density together. Seconds, processor time and peak memory are of the whole process, its
 * start included; the share of the matrix product's speed is that of the points alone. The table is
 * written after every row. Run it on a machine that does nothing else.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lastLine, measured } from './measured.mjs';

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    python: { type: 'string', default: 'python3' },
    networks: { type: 'string', default: 'mlp,digits,pinn,resnet20,resnet18,gpt2' },
    peers: { type: 'string', default: 'plane,eigenthings,pyhessian,curvlinops' },
    reference: { type: 'boolean', default: true },
    minutes: { type: 'string', default: '20' },
    cut: { type: 'string', default: '150' },
    memory: { type: 'string', default: '20 GB' },
    markdown: { type: 'string' },
  },
});

const root = fileURLToPath(new URL('..', import.meta.url));
const peers = join(root, 'bench/product_peers.py');
const basin = join(root, 'dist/basin.js');

const timed = (command, cut = options.cut) => measured(options.python, cut, command);

/** Nothing is shown of the large one but the plane and the peer that is nearest. */
const PEERS_OF = { gpt2: ['plane', 'eigenthings'] };

const started = Date.now();
const isOver = () => Date.now() - started > 60_000 * Number(options.minutes);
const rows = [];
const said = [];
const folder = mkdtempSync(join(tmpdir(), 'basin-product-'));
let peak = NaN;
try {
  peak = JSON.parse((await timed([options.python, peers, 'peak'])).out).flops;
  for (const network of options.networks.split(',')) {
    if (isOver()) {
      said.push(`${network}: not begun, the time was up.`);
      continue;
    }
    const own = join(folder, network);
    const made = await timed([options.python, peers, 'export', network, own]);
    if (made.status !== 0) {
      said.push(`${network}: could not be made.`);
      continue;
    }
    const { parameters, flops } = JSON.parse(lastLine(made.out));
    const of = { network, parameters, flops, reference: null };
    if (options.reference) {
      const found = answerOf(await peer(network, own, 'reference'));
      if (found.top !== undefined) {
        of.reference = found.top;
        const residual = found.residual.toExponential(0);
        said.push(
          `${network}: λmax ${found.top} with a residual of ${residual} after ${found.products} products in float64.`,
        );
      } else said.push(`${network}: no reference, ${found.missing}.`);
    }
    for (const part of ['landscape', 'hessian']) {
      const args = ['analyze', own, '--only', part, '--json', '--memory', options.memory];
      const run = await timed(['node', basin, ...args], 4 * Number(options.cut));
      const who = `Basin, ${part === 'landscape' ? 'plane' : 'curvature'}`;
      if (run.status !== 0) {
        said.push(
          `${network}, ${who}: ${run.status === null ? `ended after ${run.seconds.toFixed(0)} s` : 'it failed'}.`,
        );
        continue;
      }
      const { hessian, landscape, timings, notes } = JSON.parse(run.out);
      for (const note of notes.filter((each) => /memory/i.test(each)))
        said.push(`${network}, ${who}: ${note}`);
      if (hessian !== undefined && hessian !== null) of.traceError = hessian.trace.standardError;
      add(of, who, run, {
        top: hessian?.eigenvalues[0].value,
        trace: hessian?.trace.value,
        traceError: hessian?.trace.standardError,
        products: hessian?.products,
        points: landscape?.values.length,
        planeSeconds: timings.landscape / 1e3,
      });
    }
    for (const name of options.peers.split(',')) {
      if (PEERS_OF[network]?.includes(name) === false) continue;
      if (isOver()) {
        said.push(`${network}, ${name}: not begun, the time was up.`);
        continue;
      }
      const run = await peer(network, own, name);
      const found = answerOf(run);
      if (found.missing === undefined) {
        add(of, name, run, found);
        if (found.traceProducts !== undefined) await asExact(of, own, name, run, found);
      } else
        said.push(
          `${network}, ${name}: ${found.missing}; ${run.seconds.toFixed(0)} s, ${mebibytes(run)} MiB.`,
        );
      write();
    }
    rmSync(own, { recursive: true, force: true });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
write();
console.log(`\n${table()}`);

function table() {
  const minutes = ((Date.now() - started) / 60_000).toFixed(0);
  return [
    `${cpus()[0].model}, ${cpus().length} cores; a matrix product of 2048 × 2048 runs at ${(peak / 1e9).toFixed(0)} GFLOP/s on all of them. ${minutes} minutes, peers ended after ${options.cut} s.`,
    '',
    '| network | who | seconds | cores busy | peak, MiB | products | λmax | its error | trace | points | share of peak |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    ...said.map((sentence) => `- ${sentence}`),
  ].join('\n');
}

function write() {
  if (options.markdown === undefined) return;
  const marks = ['<!-- The table of `npm run bench:product`, from here -->', '<!-- to here -->'];
  const [before, rest] = readFileSync(options.markdown, 'utf8').split(marks[0]);
  const after = rest.split(marks[1])[1];
  const text = `${before}${marks[0]}\n\n${table()}\n\n${marks[1]}${after}`;
  writeFileSync(options.markdown, text);
}

function peer(network, own, name, ...more) {
  return timed([options.python, peers, 'run', network, own, name, ...more.map(String)]);
}

/**
 * The same peer with as many products as its trace needs for Basin's error, which falls with the root
 * of their number; where that takes longer than anything may take, how long is said.
 */
async function asExact(of, own, name, run, { products, traceProducts, traceError }) {
  const ratio = (traceError / of.traceError) ** 2;
  if (!(ratio > 1) || !Number.isFinite(ratio)) return;
  const needed = Math.ceil(traceProducts * ratio);
  const seconds = (run.seconds * (products - traceProducts + needed)) / products;
  const long = `${of.network}, ${name}: for Basin's error of the trace it needs ${needed.toPrecision(2)} products, which is ${seconds.toPrecision(2)} s`;
  if (seconds > Number(options.cut) || isOver()) {
    said.push(`${long} at its pace.`);
    return;
  }
  const whole = await peer(of.network, own, name, needed);
  const found = answerOf(whole);
  if (found.missing === undefined) add(of, `${name}, as exact`, whole, found);
  else said.push(`${long} at its pace; ${found.missing}.`);
}

function answerOf(run) {
  if (run.status === null) return { missing: `ended after ${options.cut} s` };
  if (run.status !== 0) return { missing: 'it failed' };
  return JSON.parse(lastLine(run.out));
}

function mebibytes({ peak: bytes }) {
  return Math.round(bytes / 2 ** 20);
}

function add({ network, parameters, flops, reference }, who, run, found) {
  const { top, trace, traceError, products, points, planeSeconds } = found;
  const number = (x) => (x === undefined || x === null ? '' : Number(x.toPrecision(4)));
  const error =
    reference === null || top === undefined ? '' : Math.abs(top / reference - 1).toExponential(0);
  const busy = (run.cpu / run.seconds).toFixed(1);
  const share =
    points === undefined || flops === 0
      ? ''
      : `${((100 * flops * points) / planeSeconds / peak).toFixed(0)} %`;
  const sure = traceError === undefined || traceError === null ? '' : ` ± ${number(traceError)}`;
  const row = `| ${network}, ${parameters} | ${who} | ${run.seconds.toFixed(1)} | ${busy} | ${mebibytes(run)} | ${products ?? ''} | ${number(top)} | ${error} | ${number(trace)}${sure} | ${points ?? ''} | ${share} |`;
  console.log(row);
  rows.push(row);
}
