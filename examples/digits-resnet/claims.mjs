/**
 * The paper's claim on residual connections, asked of ten networks: what is claimed, what is found, and
 * how the answer depends on what one chooses.
 *
 *   npm run build
 *   node examples/digits-resnet/claims.mjs [--work FOLDER] [--no-write] [--workers N]
 *       [--study cifar10/study --page FILE --images FOLDER]
 *
 * It analyses a copy of `study/` (git ignores `claims-work/`) with one setting after the other and writes
 * the tables and pictures of docs/studies/residual-connections.md. Networks of CIFAR-10, once they are
 * trained (`python train.py --dataset cifar10 --study`), are asked the same with --study; then name a
 * page with the same marks.
 */
import { cpSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_THRESHOLD } from '../claims/counts.mjs';
import { engine } from '../claims/engine.mjs';
import { pageOptions, publish } from '../claims/page.mjs';
import { choiceGroups, look, Planes } from '../claims/planes.mjs';
import { forest } from '../claims/figures.mjs';
import { planesFigure } from '../claims/planesFigure.mjs';
import { rhoText, short, table } from '../claims/statistics.mjs';
import { Variants } from '../claims/variants.mjs';
import { pairsFigure } from './claimsFigures.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const options = pageOptions(here, 'residual-connections.md', {
  study: { type: 'string', default: 'study' },
});

const basin = await engine();
const source = join(here, options.study);
// The data is two folders above the runs of a study, and so above the copy.
mkdirSync(options.work, { recursive: true });
const data = `${basename(dirname(source)) === 'cifar10' ? 'cifar10' : 'digits'}-eval.npz`;
cpSync(join(dirname(source), data), join(options.work, data));
const variants = new Variants(
  source,
  join(options.work, 'study'),
  'shortcuts-{shortcuts}/seed-{seed}/epoch-*.safetensors',
);

/** Each is one study of all networks; the first has curvature too. */
const WAYS = [
  { name: 'random-1', title: 'random directions, by filter, ±1', change: (s) => s },
  {
    name: 'hessian-1',
    title: 'Hessian directions, ±1',
    change: (s) => look(s, { directions: 'hessian', range: 1 }),
  },
  {
    name: 'random-again',
    title: 'random, another seed',
    change: (s) => look(s, { seed: 1 }),
  },
  {
    name: 'layer-1',
    title: 'random, by layer',
    change: (s) => look(s, { normalization: 'layer' }),
  },
  {
    name: 'random-0.5',
    title: 'random, ±0.5',
    change: (s) => look(s, { range: 0.5 }),
  },
  {
    name: 'all-images',
    title: 'random, all 360 images',
    change: (s) => {
      delete s.data.limit;
      return s;
    },
  },
];

const key = ({ factors }) => `${factors.shortcuts} ${factors.seed}`;
const planes = new Planes(basin, variants, WAYS, key, options);
const { base, networks } = planes;
/** 1 without shortcuts: the claim is that what follows rises. */
const without = base.rows.map(({ factors }) => Number(factors.shortcuts === 'without'));

function columnsOf(choice) {
  const counts = planes.countsOf(choice);
  const figure = (name) => base.rows.map((row) => row.figures[name]);
  return {
    without,
    loss: figure('loss'),
    accuracy: figure('accuracy'),
    eigenvalue: figure('eigenvalue'),
    trace: figure('trace'),
    lowest: base.rows.map(({ document }) => document.hessian.lowest?.[0]?.value ?? null),
    saddles: counts.map((each) => each?.saddles ?? null),
    persistence: counts.map((each) => each?.persistence ?? 0),
    withEssential: counts.map((each) => each?.withEssential ?? null),
  };
}

/**
 * How often ten networks that are dealt into two groups at random differ as much in their means, in the
 * direction that is claimed: exact, over all ways to deal them.
 */
function chance(values) {
  const count = values.length;
  const size = without.reduce((sum, each) => sum + each, 0);
  const total = values.reduce((sum, value) => sum + value, 0);
  const observed = values.reduce((sum, value, at) => sum + value * without[at], 0);
  let [asMuch, all] = [0, 0];
  const deal = (from, left, sum) => {
    if (left === 0) {
      all++;
      if (sum >= observed - 1e-12 * Math.abs(total)) asMuch++;
      return;
    }
    for (let at = from; at <= count - left; at++) deal(at + 1, left - 1, sum + values[at]);
  };
  deal(0, size, 0);
  return asMuch / all;
}

const group = (values, isWithout) => values.filter((_, at) => (without[at] === 1) === isWithout);
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const spread = (values) => {
  const middle = mean(values);
  return Math.sqrt(
    values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1),
  );
};
const meanText = (values) => `${short(mean(values))} ± ${short(spread(values))}`;

/** What chance says of the claim that values are larger without shortcuts. */
function verdictOf(values) {
  if (chance(values) < 0.025) return 'holds';
  return chance(values.map((value) => -value)) < 0.025 ? 'the opposite' : 'cannot be said';
}

/** Whether a figure is larger without shortcuts. */
function line(text, values) {
  return [
    text,
    meanText(group(values, false)),
    meanText(group(values, true)),
    rhoText(basin.rankCorrelation(without, values)),
    chance(values).toFixed(3),
    `**${verdictOf(values)}**`,
  ];
}

const main = columnsOf({});
const claims = table(
  ['without shortcuts, larger is', 'with', 'without', 'ρ, 95 %, n = 10', 'by chance', ''],
  [
    line('the number of saddles (the paper’s claim)', main.saddles),
    line('the average persistence', main.persistence),
    line('the average persistence with the essential pair', main.withEssential),
    line('λmax', main.eigenvalue),
    line('the trace', main.trace),
    line(
      'the size of the most negative eigenvalue',
      main.lowest.map((value) => -value),
    ),
    line('the loss', main.loss),
    line(
      'the error, 1 − accuracy',
      main.accuracy.map((value) => 1 - value),
    ),
  ],
);

const groups = choiceGroups([
  {
    title: 'directions, range and data',
    choices: WAYS.slice(1).flatMap(({ name, title }) => [
      { plane: name, name: title },
      { plane: name, name: `${title}, border counted`, isInside: false },
    ]),
  },
]);
const choices = table(
  ['', 'choice', 'saddles with', 'without', 'ρ, 95 %, n = 10', 'by chance', 'the paper’s claim'],
  groups.flatMap(({ title, choices: own }) =>
    own.map((choice) => {
      const { saddles } = columnsOf(choice);
      return [
        title,
        choice.isMain ? `**${choice.name}**` : choice.name,
        meanText(group(saddles, false)),
        meanText(group(saddles, true)),
        rhoText(basin.rankCorrelation(without, saddles)),
        chance(saddles).toFixed(3),
        `**${verdictOf(saddles)}**`,
      ];
    }),
  ),
);

const relations = table(
  ['', 'ρ, 95 %, n = 10'],
  [
    ['saddles with the error', 'saddles', (k) => 1 - main.accuracy[k]],
    ['saddles with λmax', 'saddles', (k) => main.eigenvalue[k]],
    ['saddles with the trace', 'saddles', (k) => main.trace[k]],
    ['average persistence with the error', 'persistence', (k) => 1 - main.accuracy[k]],
    ['λmax with the error', 'eigenvalue', (k) => 1 - main.accuracy[k]],
  ].map(([text, x, of]) => [
    text,
    rhoText(
      basin.rankCorrelation(
        main[x],
        networks.map((_, k) => of(k)),
      ),
    ),
  ]),
);

const rows = table(
  ['shortcuts', 'seed', 'loss', 'accuracy', 'λmax', 'trace', 'saddles inside', 'on the border'],
  base.rows.map(({ factors, figures, document }) => [
    factors.shortcuts,
    factors.seed,
    short(figures.loss),
    `${(100 * figures.accuracy).toFixed(1)} %`,
    short(figures.eigenvalue),
    short(figures.trace),
    document.topology.inner.saddles,
    document.topology.saddles - document.topology.inner.saddles,
  ]),
);

const tables = { Claims: claims, Choices: choices, Relations: relations, Networks: rows };
const shown = [0, 1].map((seed) => String(seed));
const pictures = {
  'residual-planes.svg': planesFigure(
    basin,
    ['with', 'without'].flatMap((kind) => shown.map((seed) => networks.indexOf(`${kind} ${seed}`))),
    [
      { title: 'random directions', name: 'random-1' },
      { title: 'Hessian directions', name: 'hessian-1' },
    ].map(({ title, name }) => ({
      title,
      rows: planes.rowsOf(name),
      pairs: planes.pairsOf(name, 'freudenthal'),
    })),
    (document) => DEFAULT_THRESHOLD.of(document),
    ({ shortcuts, seed }) => `${shortcuts} shortcuts, seed ${seed}`,
  ),
  'residual-choices.svg': forest(
    [
      { title: 'saddles', column: 'saddles' },
      { title: 'persistence', column: 'persistence' },
      { title: 'with essential pair', column: 'withEssential' },
    ].map(({ title, column }) => ({
      title,
      of: (choice) => {
        const values = columnsOf(choice)[column];
        return { ...basin.rankCorrelation(without, values), verdict: verdictOf(values) };
      },
    })),
    groups,
  ),
  'residual-counts.svg': pairsFigure(
    basin,
    [
      { title: 'saddles inside', values: main.saddles },
      { title: 'saddles, border counted', values: columnsOf({ isInside: false }).saddles },
      { title: 'λmax', values: main.eigenvalue, log: true },
      { title: 'trace', values: main.trace, log: true },
    ],
    without,
  ),
};
publish(options, tables, pictures, planes.others);
