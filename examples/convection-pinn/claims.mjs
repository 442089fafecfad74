/**
 * The paper's claims on convection, asked of fifty networks: what is claimed, what is found, and how
 * the answer depends on what one chooses.
 *
 *   npm run build
 *   node examples/convection-pinn/claims.mjs [--work FOLDER] [--no-write] [--workers N]
 *
 * It analyses a copy of `study/` (git ignores `claims-work/`, where it is by default) with one setting
 * after the other and writes the tables of docs/studies/convection.md and its pictures. Everything is
 * kept by content: what is there already is not computed again.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_THRESHOLD, NEIGHBORHOODS } from '../claims/counts.mjs';
import { engine } from '../claims/engine.mjs';
import { pageOptions, publish } from '../claims/page.mjs';
import { choiceGroups, LIKE_THE_PAPER, look, Planes } from '../claims/planes.mjs';
import { planesFigure } from '../claims/planesFigure.mjs';
import {
  contains,
  median,
  rhoText,
  short,
  signed,
  table,
  verdictOf,
} from '../claims/statistics.mjs';
import { Variants } from '../claims/variants.mjs';
import { betaFigure, choicesFigure, trainingFigure, lossesFigure } from './claimsFigures.mjs';
import { resolutionTable, typescriptTable } from './claimsTables.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const options = pageOptions(here, 'convection.md');

/** Xie et al. 2024, figure 6, one run for each β, as read off the figure. */
const PAPER = {
  beta: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  saddles: [13, 11, 13, 15, 12, 14, 14, 23, 19, 27],
  error: [0.005, 0.007, 0.012, 0.012, 0.009, 0.012, 0.423, 0.472, 0.625, 0.713],
  eigenvalue: [576, 1367, 208, 690, 717, 1410, 3348, 3322, 1455, 2464],
};

const basin = await engine();
const variants = new Variants(
  join(here, 'study'),
  options.work,
  'beta-{beta}/seed-{seed}/step-*.pt',
);

/** Each is one study of all networks; the first has curvature too. */
const WAYS = [
  { name: 'hessian-2', title: 'Hessian directions, ±2', change: (s) => s },
  { name: 'hessian-1', title: 'Hessian directions, ±1', change: (s) => look(s, { range: 1 }) },
  {
    name: 'hessian-0.5',
    title: 'Hessian directions, ±0.5',
    change: (s) => look(s, { range: 0.5 }),
  },
  {
    name: 'random-1',
    title: 'random directions, by filter, ±1',
    change: (s) => look(s, { directions: 'random', range: 1 }),
  },
  {
    name: 'points',
    title: 'Hessian, ±2, 400 other points (seed 0)',
    isWhole: true,
    pattern: 'beta-{beta}/seed-0/step-*.pt',
    change: (s) => {
      s.objective.collocation = { interior: 400 };
      return s;
    },
  },
];

/** Networks by β and seed. */
const key = ({ checkpoint }) => /beta-(\d+)\/seed-(\d+)/.exec(checkpoint).slice(1).join(' ');
const planes = new Planes(basin, variants, WAYS, key, options);
const { base, networks } = planes;
const { workers, memory } = options;
const training = variants.run('training', WAYS[0].change, { which: 'all', workers, memory });

/** The grid four times as fine, of the networks of one seed. */
const fine = variants.run('fine', (s) => look(s, { resolution: 81 }), {
  only: ['landscape', 'topology'],
  workers,
  memory,
  pattern: 'beta-{beta}/seed-0/step-*.pt',
});

const betas = base.rows.map(({ factors }) => Number(factors.beta));

/** A choice of everything: the columns a claim is about. */
function columnsOf(choice) {
  const counts = planes.countsOf(choice);
  // On other points curvature is another too.
  const curvature = choice.plane === 'points' ? planes.rowsOf('points') : base.rows;
  return {
    beta: betas,
    error: base.rows.map((row) => row.figures.error),
    eigenvalue: curvature.map((row) => row?.figures.eigenvalue ?? null),
    trace: curvature.map((row) => row?.figures.trace ?? null),
    saddles: counts.map((each) => each?.saddles ?? null),
    persistence: counts.map((each) => each?.persistence ?? null),
    withEssential: counts.map((each) => each?.withEssential ?? null),
  };
}

const correlations = new Map();
function correlation(choice, x, y) {
  const { plane, neighborhood, isInside, threshold } = choice;
  const name = JSON.stringify([plane, neighborhood, isInside, threshold?.name, x, y]);
  if (!correlations.has(name)) {
    const columns = columnsOf(choice);
    correlations.set(name, basin.rankCorrelation(columns[x], columns[y]));
  }
  return correlations.get(name);
}

const MAIN = { isMain: true };
const groups = choiceGroups([
  {
    title: 'range, directions and data',
    choices: WAYS.slice(1).map(({ name, title }) => ({ plane: name, name: title })),
  },
]);

/** What the paper says of this study. `published` is the ρ of its ten runs. */
const published = (x, y) => basin.rankCorrelation(PAPER[x], PAPER[y]).rho;
const CLAIMS = [
  { text: 'the error rises with β', x: 'beta', y: 'error', published: published('beta', 'error') },
  {
    text: 'λmax rises with β',
    x: 'beta',
    y: 'eigenvalue',
    published: published('beta', 'eigenvalue'),
  },
  { text: 'the trace rises with β', x: 'beta', y: 'trace' },
  {
    text: 'the number of saddles rises with β',
    x: 'beta',
    y: 'saddles',
    published: published('beta', 'saddles'),
    isCount: true,
  },
  {
    text: 'the average persistence rises with β',
    x: 'beta',
    y: 'persistence',
    isCount: true,
  },
  {
    text: 'saddles go with the error',
    x: 'saddles',
    y: 'error',
    published: published('saddles', 'error'),
    isCount: true,
  },
  {
    text: 'saddles go with λmax',
    x: 'saddles',
    y: 'eigenvalue',
    published: published('saddles', 'eigenvalue'),
    isCount: true,
  },
  { text: 'saddles go with the trace', x: 'saddles', y: 'trace', isCount: true },
  { text: 'persistence goes with the error', x: 'persistence', y: 'error', isCount: true },
  { text: 'persistence goes with λmax', x: 'persistence', y: 'eigenvalue', isCount: true },
];

const mainColumns = columnsOf(MAIN);
const seeds = [...new Set(base.rows.map(({ factors }) => factors.seed))];
/** ρ of each seed alone: what one run for each β, as in the paper, would have said. */
function bySeed(x, y) {
  return seeds.map((seed) => {
    const own = base.rows.map(({ factors }) => factors.seed === seed);
    const of = (column) => mainColumns[column].filter((_, at) => own[at]);
    return basin.rankCorrelation(of(x), of(y)).rho;
  });
}

function claimsTable() {
  return table(
    ['the paper claims', 'its ρ, n = 10', 'ρ here, 95 %', 'n', 'each seed alone, n = 10', ''],
    CLAIMS.map(({ text, x, y, published: value }) => {
      const found = correlation(MAIN, x, y);
      const alone = bySeed(x, y).filter((rho) => rho !== null);
      const inside =
        value === undefined
          ? ''
          : contains(found, value)
            ? '; its ρ lies within'
            : '; its ρ lies outside';
      return [
        text,
        value === undefined ? 'none given' : signed(value),
        rhoText(found),
        found.count,
        alone.length === 0 ? '' : `${signed(Math.min(...alone))} to ${signed(Math.max(...alone))}`,
        `**${verdictOf(found)}**${inside}`,
      ];
    }),
  );
}

/** Ranks among the networks of one β, which say nothing of β. */
function withinBeta(values) {
  return values.map((value, at) => {
    if (value === null) return null;
    const others = values.filter((other, k) => other !== null && betas[k] === betas[at]);
    const below = others.filter((other) => other < value).length;
    const equal = others.filter((other) => other === value).length;
    return (below + (equal - 1) / 2) / Math.max(1, others.length - 1);
  });
}

/** The claims with β taken off, and of the networks that learned alone. */
function withinTable() {
  const learned = mainColumns.error.map((error) => error <= 0.1);
  const only = (values) => values.map((value, at) => (learned[at] ? value : null));
  return table(
    ['', 'all, ρ', 'among networks of one β', 'n', 'of networks that learned (error ≤ 0.1)', 'n'],
    CLAIMS.map(({ text, x, y }) => {
      const [a, b] = [mainColumns[x], mainColumns[y]];
      const within = basin.rankCorrelation(withinBeta(a), withinBeta(b));
      const alone = basin.rankCorrelation(only(a), only(b));
      return [
        text,
        rhoText(correlation(MAIN, x, y)),
        x === 'beta' ? '' : rhoText(within),
        x === 'beta' ? '' : within.count,
        rhoText(alone),
        alone.count,
      ];
    }),
  );
}

function choicesTable() {
  const claims = CLAIMS.filter(({ isCount }) => isCount);
  const rows = groups.flatMap(({ title, choices }) =>
    choices.map((choice) => [
      title,
      choice.isMain ? `**${choice.name}**` : choice.name,
      ...claims.map(({ x, y }) => {
        const found = correlation(choice, x, y);
        const mark = verdictOf(found) === 'holds' ? '**' : '';
        return `${mark}${rhoText(found)}${mark}${found.count === networks.length ? '' : `, n ${found.count}`}`;
      }),
    ]),
  );
  return table(['', 'choice', ...claims.map(({ text }) => text)], rows);
}

function verdictsTable() {
  const all = groups.flatMap(({ choices }) => choices);
  return table(
    ['claim', 'choices it holds with', 'cannot be said', 'the opposite', 'ρ from', 'to'],
    CLAIMS.filter(({ isCount }) => isCount).map(({ text, x, y }) => {
      const found = all.map((choice) => correlation(choice, x, y));
      const count = (verdict) => found.filter((each) => verdictOf(each) === verdict).length;
      const rhos = found.flatMap(({ rho }) => (rho === null ? [] : [rho]));
      return [
        text,
        `${count('holds')} of ${all.length}`,
        count('cannot be said'),
        count('the opposite'),
        signed(Math.min(...rhos)),
        signed(Math.max(...rhos)),
      ];
    }),
  );
}

function countsTable() {
  const at = (choice, column, beta) =>
    median(columnsOf(choice)[column].filter((_, k) => betas[k] === beta));
  return table(
    [
      'β',
      'error: paper',
      'here',
      'λmax: paper',
      'here',
      'trace here',
      'saddles: paper',
      'here, inside',
      'with the border',
      'knn:8, border',
      'average persistence, inside',
      'with the essential pair',
    ],
    PAPER.beta.map((beta, k) => [
      beta,
      short(PAPER.error[k]),
      short(at(MAIN, 'error', beta)),
      short(PAPER.eigenvalue[k]),
      short(at(MAIN, 'eigenvalue', beta)),
      short(at(MAIN, 'trace', beta)),
      PAPER.saddles[k],
      short(at(MAIN, 'saddles', beta)),
      short(at({ isInside: false }, 'saddles', beta)),
      short(at(LIKE_THE_PAPER, 'saddles', beta)),
      short(at(MAIN, 'persistence', beta)),
      short(at(MAIN, 'withEssential', beta)),
    ]),
  );
}

function failureTable() {
  return table(
    ['seed', 'first β with an error above 0.1', 'error there', 'largest β below 0.1'],
    seeds.map((seed) => {
      const own = base.rows
        .filter(({ factors }) => factors.seed === seed)
        .map(({ factors, figures }) => ({ beta: Number(factors.beta), error: figures.error }))
        .sort((a, b) => a.beta - b.beta);
      const first = own.find(({ error }) => error > 0.1);
      const good = own.filter(({ error }) => error <= 0.1).at(-1);
      return [seed, first?.beta ?? 'none', short(first?.error), good?.beta ?? 'none'];
    }),
  );
}

/** Saddles of one and the same planes, all seeds and β together. */
function totalsTable() {
  const head = ['directions and range', 'border', ...NEIGHBORHOODS];
  return table(
    head,
    WAYS.flatMap(({ name, title }) =>
      [true, false].map((isInside) => [
        title,
        isInside ? 'left out' : 'counted',
        ...NEIGHBORHOODS.map((neighborhood) =>
          columnsOf({ plane: name, neighborhood, isInside }).saddles.reduce(
            (sum, value) => sum + (value ?? 0),
            0,
          ),
        ),
      ]),
    ),
  );
}

function trainingTable() {
  const rows = training.rows.filter((row) =>
    training.rows.some((other) => key(other) === key(row) && other.step === 0),
  );
  return {
    rows,
    text: table(
      ['β', 'iteration', 'loss', 'error', 'λmax', 'trace', 'saddles inside', 'average persistence'],
      rows.map(({ factors, step, figures }) => [
        factors.beta,
        step.toLocaleString('en-US'),
        short(figures.loss),
        short(figures.error),
        short(figures.eigenvalue),
        short(figures.trace),
        figures.saddles,
        short(figures.persistence),
      ]),
    ),
  };
}

const documentOf = (beta) => base.rows[networks.indexOf(`${beta} 0`)].document;
const typescript = typescriptTable(join(here, 'typescript/beta-4'), documentOf(4));
const followed = trainingTable();
const tables = {
  Claims: claimsTable(),
  Within: withinTable(),
  Verdicts: verdictsTable(),
  Choices: choicesTable(),
  Numbers: countsTable(),
  Failures: failureTable(),
  Totals: totalsTable(),
  Resolution: resolutionTable(
    basin,
    PAPER.beta,
    documentOf,
    (beta) => fine.rows.find(({ factors }) => Number(factors.beta) === beta).document,
  ),
  Training: followed.text,
  TypeScript: typescript.text,
};
const pictures = {
  'convection-beta.svg': betaFigure(basin, base.rows, PAPER, mainColumns),
  'convection-planes.svg': planesFigure(
    basin,
    [1, 4, 7, 10].map((beta) => networks.indexOf(`${beta} 0`)),
    [
      { title: 'Hessian directions', name: 'hessian-2' },
      { title: 'random directions', name: 'random-1' },
    ].map(({ title, name }) => ({
      title,
      rows: planes.rowsOf(name),
      pairs: planes.pairsOf(name, 'freudenthal'),
    })),
    (document) => DEFAULT_THRESHOLD.of(document),
    ({ beta }) => `β = ${beta}`,
  ),
  'convection-choices.svg': choicesFigure(CLAIMS, groups, correlation),
  'convection-training.svg': trainingFigure(basin, followed.rows),
  'convection-typescript.svg': lossesFigure(typescript.curves),
};
publish(options, tables, pictures, planes.others);
