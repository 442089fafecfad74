/**
 * Everything Basin says of a checkpoint, beside what one runs in Python to get it: a plane along the two
 * sharpest directions with its topology, the ten largest eigenvalues, the trace and the density.
 *
 *   npm run build && node bench/comparison.mjs [--python PYTHON] [--networks mlp,pinn,digits]
 *       [--peers eigenthings,pyhessian,landscaper,loss_landscapes] [--cut 600] [--write] [--faults-only]
 *
 * PYTHON has what the peers need; what is missing is named and left out:
 *
 *   pip install torch numpy onnx scipy gudhi hessian-eigenthings==1.0.0a5 PyHessian==0.1 \
 *     landscaper==1.3.1 loss-landscapes==3.0.6
 *
 * What each peer does is in bench/comparison_peers.py; networks are those of bench/product_peers.py.
 * Errors are against float64 (Lanczos with 120 steps and full reorthogonalisation, its trace and its
 * plane). Seconds, processor time and peak memory are of the whole process. With --write the tables and
 * pictures of docs/comparison.md are made. On two quiet cores it takes about ten minutes.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { engine } from '../examples/claims/engine.mjs';
import { short, table } from '../examples/claims/statistics.mjs';
import { writeBetween } from '../examples/claims/variants.mjs';
import { lastLine, measured } from './measured.mjs';
import { faultsFigure, timesFigure } from './comparisonFigures.mjs';

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    python: { type: 'string', default: 'python3' },
    networks: { type: 'string', default: 'mlp,pinn,digits' },
    peers: { type: 'string', default: 'eigenthings,pyhessian,landscaper,loss_landscapes' },
    cut: { type: 'string', default: '600' },
    memory: { type: 'string', default: '8 GB' },
    write: { type: 'boolean', default: false },
    'faults-only': { type: 'boolean', default: false },
    // Where networks, references and results are kept: what is there is not made again.
    keep: { type: 'string' },
    // Makes networks and references alone, so that the timings can follow on a quiet machine.
    prepare: { type: 'boolean', default: false },
    faults: { type: 'boolean', default: true },
  },
});

const root = fileURLToPath(new URL('..', import.meta.url));
const PEERS = join(root, 'bench/comparison_peers.py');
const NETWORKS = join(root, 'bench/product_peers.py');
const BASIN = join(root, 'dist/basin.js');
const PAGE = join(root, 'docs/comparison.md');
const IMAGES = join(root, 'docs/images/comparison');
const TITLES = {
  basin: 'Basin',
  eigenthings: 'hessian-eigenthings, PyTorch loop, GUDHI',
  pyhessian: 'PyHessian, PyTorch loop, GUDHI',
  landscaper: 'Landscaper',
  loss_landscapes: 'loss-landscapes, GUDHI (plane only)',
};

const timed = (command) => measured(options.python, options.cut, command);
/** What is not compared may take as long as it needs on a machine that does something else too. */
const untimed = (command) => measured(options.python, 6 * 3600, command);

const basin = await engine();
const folder = options.keep ?? mkdtempSync(join(tmpdir(), 'basin-comparison-'));
mkdirSync(folder, { recursive: true });
try {
  if (!options['faults-only']) {
    // None: what is kept is written again.
    for (const network of options.networks.split(',').filter((each) => each !== '')) {
      const { own, parameters, settings, reference } = await prepared(network);
      if (!options.prepare) await compare(network, own, parameters, settings, reference);
    }
    if (!options.prepare) report();
  }
  if (options.faults && !options.prepare) await showFaults();
} finally {
  if (options.keep === undefined) rmSync(folder, { recursive: true, force: true });
}

/** The network, Basin's settings for it and what float64 says of it. */
async function prepared(network) {
  const own = join(folder, network);
  const path = join(folder, `${network}.reference.json`);
  if (!existsSync(path)) {
    const made = await untimed([options.python, NETWORKS, 'export', network, own]);
    if (made.status !== 0) throw new Error(`${network} could not be made.`);
    const { parameters } = JSON.parse(lastLine(made.out));
    const settings = JSON.parse(readFileSync(join(own, 'basin.json'), 'utf8'));
    settings.landscape = { directions: 'hessian', resolution: 31, range: 0.5 };
    settings.hessian = { eigenvalues: 10, lanczosSteps: 40, probes: 4 };
    if (settings.data !== undefined) settings.data.limit = 64;
    writeFileSync(join(own, 'basin.json'), JSON.stringify(settings, null, 2));
    const found = await untimed([options.python, PEERS, 'reference', network, own]);
    if (found.status !== 0) throw new Error(`${network}: the reference failed.`);
    writeFileSync(path, JSON.stringify({ parameters, reference: JSON.parse(lastLine(found.out)) }));
  }
  const settings = readFileSync(join(own, 'basin.json'), 'utf8');
  return { own, settings, ...JSON.parse(readFileSync(path, 'utf8')) };
}

async function compare(network, own, parameters, settings, reference) {
  const said = [];
  said.push(
    `${network}: reference λmax ${short(reference.values[0])} and the nine after it with residuals below ${reference.residual.toExponential(0)}, trace ${short(reference.trace)} ± ${short(reference.traceError)}, after ${reference.products} products in float64.`,
  );
  const rows = [];
  rmSync(join(own, '.basin'), { recursive: true, force: true });
  const run = await timed(['node', BASIN, 'analyze', own, '--json', '--memory', options.memory]);
  if (run.status !== 0) throw new Error(`${network}: Basin failed.`);
  const { hessian, landscape, topology } = JSON.parse(run.out);
  rows.push({
    who: 'basin',
    ...run,
    values: hessian.eigenvalues.map(({ value }) => value),
    trace: hessian.trace.value,
    plane: landscape.values.map(Number),
    saddles: topology.saddles,
    inside: topology.inner.saddles,
    density: true,
    products: hessian.products,
    // The file, and the command.
    lines: settings.split('\n').length + 1,
  });
  for (const who of options.peers.split(',')) {
    const peer = await timed([options.python, PEERS, 'run', network, own, who]);
    if (peer.status === null) {
      said.push(`${network}, ${TITLES[who]}: ended after ${options.cut} s.`);
      continue;
    }
    const answer = peer.status === 0 ? JSON.parse(lastLine(peer.out)) : { missing: 'it failed' };
    if (answer.missing !== undefined) said.push(`${network}, ${TITLES[who]}: ${answer.missing}.`);
    else rows.push({ who, ...peer, ...answer, plane: answer.plane.flat() });
    if (typeof answer.density === 'string')
      said.push(`${network}, ${TITLES[who]}: no density, “${answer.density}”.`);
  }
  const result = { network, parameters, reference, rows, said };
  writeFileSync(join(folder, `${network}.result.json`), JSON.stringify(result));
}

/** Relative errors of what a row found. */
function errorsOf({ values, trace, plane, isRandom }, reference) {
  const known = reference.values;
  const of = (index) =>
    values?.length > index ? Math.abs(values[index] / known[index] - 1) : undefined;
  const all = known.map((_, index) => of(index)).filter((each) => each !== undefined);
  return {
    top: of(0),
    ten: all.length === known.length ? Math.max(...all) : undefined,
    trace: trace === undefined ? undefined : Math.abs(trace / reference.trace - 1),
    plane: isRandom || plane === undefined ? undefined : planeError(plane, reference.plane.flat()),
  };
}

/** An eigenvector may point either way: the best of the four turns counts. Median relative error. */
function planeError(plane, exact) {
  const side = Math.sqrt(exact.length);
  const turns = [
    (i, j) => [i, j],
    (i, j) => [side - 1 - i, j],
    (i, j) => [i, side - 1 - j],
    (i, j) => [side - 1 - i, side - 1 - j],
  ];
  return Math.min(
    ...turns.map((turn) => {
      const errors = exact.map((value, at) => {
        const [i, j] = turn(Math.floor(at / side), at % side);
        return Math.abs(plane[i * side + j] / value - 1);
      });
      return errors.sort((a, b) => a - b)[Math.floor(errors.length / 2)];
    }),
  );
}

function report() {
  const results = ['mlp', 'pinn', 'digits']
    .map((network) => join(folder, `${network}.result.json`))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')));
  const said = results.flatMap((result) => result.said);
  const power = (error) =>
    error === undefined ? '' : error === 0 ? '0' : error.toExponential(0).replace('-', '−');
  const whole = table(
    [
      'network',
      'who',
      'seconds',
      'processor time, s',
      'peak, MiB',
      'products',
      'error of λmax',
      'worst of ten',
      'of the trace',
      'of the plane',
      'saddles',
      'density',
      'lines',
    ],
    results.flatMap(({ network, parameters, reference, rows }) =>
      rows.map((row) => {
        const errors = errorsOf(row, reference);
        return [
          `${network}, ${parameters.toLocaleString('en-US')}`,
          TITLES[row.who],
          row.seconds.toFixed(1),
          row.cpu.toFixed(1),
          Math.round(row.peak / 2 ** 20),
          row.products ?? '',
          power(errors.top),
          power(errors.ten),
          power(errors.trace),
          power(errors.plane),
          row.inside === undefined ? row.saddles : `${row.inside} inside, ${row.saddles} in all`,
          row.density === true
            ? row.densityWeights === undefined
              ? 'yes'
              : `weights add up to ${short(row.densityWeights)}`
            : '',
          row.lines,
        ];
      }),
    ),
  );
  const ratios = table(
    [
      'network',
      'Basin, s',
      'hessian-eigenthings’ set',
      'PyHessian’s set',
      'Landscaper',
      'all peers',
    ],
    results.map(({ network, rows }) => {
      const own = rows.find(({ who }) => who === 'basin');
      const times = (others) => {
        if (others.length === 0) return '';
        const sum = (key) => others.reduce((total, row) => total + row[key], 0);
        return `${(sum('seconds') / own.seconds).toFixed(1)} × (processor time ${(sum('cpu') / own.cpu).toFixed(1)} ×)`;
      };
      const only = (name) => times(rows.filter(({ who }) => who === name));
      return [
        network,
        own.seconds.toFixed(1),
        only('eigenthings'),
        only('pyhessian'),
        only('landscaper'),
        times(rows.filter(({ who }) => who !== 'basin')),
      ];
    }),
  );
  const machine = `${cpus()[0].model}, ${cpus().length} cores.`;
  console.log(
    `${machine}\n\n${whole}\n\n${ratios}\n\n${said.map((each) => `- ${each}`).join('\n')}`,
  );
  if (!options.write) return;
  writeBetween(
    PAGE,
    'Comparison',
    `${machine}\n\n${whole}\n\n${said.map((each) => `- ${each}`).join('\n')}`,
  );
  writeBetween(PAGE, 'Ratios', ratios);
  draw('times.svg', timesFigure(results, TITLES));
}

async function showFaults() {
  // A folder of its own: that of the comparison has other settings.
  const own = join(folder, 'faults');
  await untimed([options.python, NETWORKS, 'export', 'digits', own]);
  const run = await untimed([options.python, PEERS, 'faults', own]);
  if (run.status !== 0) throw new Error('The faults could not be shown.');
  const found = JSON.parse(lastLine(run.out));
  if (found.missing !== undefined) throw new Error(found.missing);
  const { serpentine, landscaper, pyhessian, eigenthings } = found;
  const saddles = (plane) => {
    const shape = [plane.length, plane[0].length];
    const values = Float64Array.from(plane.flat());
    const branches = basin.branchesOf(basin.comparableKeys(values), shape, 'freudenthal');
    const persistences = basin.branchPersistences(branches, values);
    return persistences.filter((each, b) => b !== branches.root && each > 0).length;
  };
  const repaired = await repairedBy(serpentine.digits);
  const straight = await repairedBy(serpentine.linear);
  const rows = [
    [
      'loss-landscapes',
      'the plane of a linear function has one minimum',
      `${serpentine.linearMinima} minima, as every other row is one step off; ${saddles(straight) + 1} once Basin has put them back`,
    ],
    [
      'loss-landscapes',
      'a trained ResNet, 31 × 31, 64 samples, distance 10',
      `${saddles(serpentine.digits)} saddles as given, ${saddles(repaired)} with the rows put back (Basin’s neighbourhood)`,
    ],
    [
      'loss-landscapes',
      'a distance twice as large reaches twice as far',
      `${(serpentine.spans[1] / serpentine.spans[0]).toFixed(2)} times as far`,
    ],
    [
      'loss-landscapes',
      'the model is as before when its plane was sampled',
      `its loss goes from ${short(serpentine.digitsLoss)} to ${short(serpentine.digitsLossAfter)}`,
    ],
    [
      'loss-landscapes',
      'the checkpoint is a point of its plane',
      `no: the nearest value is ${percent(serpentine.nearestToLoss)} off its loss`,
    ],
    [
      'Landscaper',
      'random directions are orthogonal',
      `cosine ${landscaper.randomCosine.toFixed(4)}`,
    ],
    [
      'Landscaper',
      'a plane along eigenvectors is along eigenvectors',
      `it scales them tensor by tensor: cosine with the eigenvector ${landscaper.turned.map((each) => each.toFixed(2)).join(' and ')}`,
    ],
    [
      'Landscaper',
      'the grid reaches what its coordinates say',
      `±${Math.abs(landscaper.reach).toFixed(3)} where they say ±${Math.abs(landscaper.reachSaid)}`,
    ],
    [
      'Landscaper',
      'with 40 steps too the checkpoint is where its coordinates are 0',
      `its coordinate is ${landscaper.evenCentre.toFixed(3)}`,
    ],
    [
      'Landscaper',
      'a loss that is not a number is none',
      `it becomes ${landscaper.nanBecame.toFixed(4)}, the mean of the others, without a word`,
    ],
    [
      'Landscaper',
      'two runs of the same plane are equal',
      `noise is added to the maximum 0.25: ${landscaper.maximumTwice.map((each) => each.toFixed(5)).join(' and ')}`,
    ],
    [
      'Landscaper',
      'the weights of a density add up to 1',
      `to ${landscaper.densityWeights.toFixed(1)} after 40 steps`,
    ],
    [
      'hessian-eigenthings',
      'the four largest eigenvalues of a matrix are 100, 50, 20 and 1',
      `with its default settings ${eigenthings.fifty.map(digits).join(', ')} after 50 steps, ${eigenthings.eighty.map(digits).join(', ')} after 80: beyond 50 it does not make its vectors orthogonal, and says nothing`,
    ],
    [
      'PyHessian',
      'the largest eigenvalue of a matrix with −12, 10, 9.9 and 197 between −2 and 5 is 10',
      `${pyhessian.first.toFixed(2)}, as it finds the largest by size; among the first three 10 comes as ${pyhessian.largest.map((each) => each.toFixed(2)).join(' to ')} over 40 seeds`,
    ],
    [
      'PyHessian',
      'the trace, by its own stopping rule',
      `it stops after ${pyhessian.traceSamples} samples (median of 40 seeds) with an error of ${percent(pyhessian.traceError)} (median), and gives none`,
    ],
  ];
  const text = table(['library', 'what is true', 'what it gives'], rows);
  console.log(`\n${text}`);
  if (!options.write) return;
  writeBetween(PAGE, 'Faults', text);
  draw(
    'serpentine.svg',
    faultsFigure(basin, [
      { title: 'linear, by loss-landscapes', plane: serpentine.linear },
      { title: 'put back by Basin', plane: straight },
      { title: 'a ResNet, by loss-landscapes', plane: serpentine.digits },
    ]),
  );
}

/** A plane with its rows put back. */
async function repairedBy(plane) {
  const path = join(folder, 'plane.csv');
  writeFileSync(path, plane.map((row) => row.join(',')).join('\n'));
  const out = join(folder, 'repaired.csv');
  await untimed(['node', BASIN, 'topology', path, '--repair', '--export', out]);
  // A line for each point, the loss last; a plane that was put back has a column less.
  const losses = readFileSync(out, 'utf8').trim().split('\n').slice(1);
  const values = losses.map((line) => Number(line.split(',').at(-1)));
  const columns = values.length / plane.length;
  return plane.map((_, i) => values.slice(i * columns, (i + 1) * columns));
}

function digits(value) {
  return String(Number(value.toPrecision(4)));
}

function percent(share) {
  return `${(100 * share).toPrecision(2)} %`;
}

function draw(name, drawing) {
  mkdirSync(IMAGES, { recursive: true });
  writeFileSync(join(IMAGES, name), String(drawing));
}
