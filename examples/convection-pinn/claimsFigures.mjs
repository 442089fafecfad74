import { COLORS, Drawing, forest, frame, linearScale, logScale } from '../claims/figures.mjs';
import { median } from '../claims/statistics.mjs';

const PAPER_COLOR = COLORS[1];

/** Each figure against β: a dot for each network, a line through the medians, the paper's values. */
export function betaFigure(basin, rows, paper, columns) {
  const panels = [
    { title: 'mean absolute error', column: 'error', paper: paper.error, log: true },
    { title: 'λmax', column: 'eigenvalue', paper: paper.eigenvalue, log: true },
    { title: 'trace', column: 'trace', log: true },
    { title: 'saddles inside', column: 'saddles', paper: paper.saddles },
    { title: 'average persistence inside', column: 'persistence', log: true },
  ];
  const [across, width, height] = [3, 270, 220];
  const drawing = new Drawing(across * width + 30, 2 * height - 2);
  panels.forEach(({ title, column, paper: published, log }, k) => {
    const box = {
      left: 52 + (k % across) * width,
      top: 30 + Math.floor(k / across) * height,
      width: width - 66,
      height: height - 74,
    };
    const values = columns[column];
    const known = [...values, ...(published ?? [])].filter(
      (value) => value !== null && (!log || value > 0),
    );
    const y = log
      ? logScale(Math.min(...known), Math.max(...known))
      : linearScale(basin, 0, Math.max(...known) * 1.05);
    const at = frame(drawing, box, {
      x: { low: 0.5, high: 10.5, ticks: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
      y,
      title,
      xLabel: 'β',
    });
    const medians = paper.beta.map((beta) => [
      beta,
      median(values.filter((_, i) => Number(rows[i].factors.beta) === beta)),
    ]);
    drawing.line(
      medians
        .filter(([, value]) => value !== null && (!log || value > 0))
        .map(([beta, value]) => [at.x(beta), at.y(value)]),
      { color: COLORS[0], width: 1.6 },
    );
    values.forEach((value, i) => {
      if (value === null || (log && !(value > 0))) return;
      const beta = Number(rows[i].factors.beta) + 0.12 * (Number(rows[i].factors.seed) - 2);
      drawing.dot(at.x(beta), at.y(value), { color: COLORS[0], radius: 2.4, opacity: 0.65 });
    });
    published?.forEach((value, i) =>
      drawing.square(at.x(paper.beta[i]), at.y(value), { color: PAPER_COLOR, radius: 3.2 }),
    );
  });
  const left = 52 + 2 * width;
  const top = 30 + height + 40;
  drawing.dot(left + 8, top, { color: COLORS[0], radius: 2.4, opacity: 0.65 });
  drawing.text(left + 22, top + 4, 'one network (five seeds)');
  drawing.line(
    [
      [left, top + 22],
      [left + 16, top + 22],
    ],
    { color: COLORS[0], width: 1.6 },
  );
  drawing.text(left + 22, top + 26, 'median of the seeds');
  drawing.square(left + 8, top + 44, { color: PAPER_COLOR });
  drawing.text(left + 22, top + 48, 'the paper’s one run');
  return drawing;
}

/** ρ of the claims about counts with every choice. */
export function choicesFigure(claims, groups, correlation) {
  const shown = claims.filter(({ isCount }) => isCount).slice(0, 4);
  const titles = [
    'saddles with β',
    'persistence with β',
    'saddles with error',
    'saddles with λmax',
  ];
  return forest(
    shown.map(({ x, y, published }, k) => ({
      title: titles[k],
      published,
      of: (choice) => correlation(choice, x, y),
    })),
    groups,
  );
}

/** The runs that were saved through their training. */
export function trainingFigure(basin, rows) {
  const betas = [...new Set(rows.map(({ factors }) => factors.beta))];
  const panels = [
    { title: 'mean absolute error', figure: 'error', log: true },
    { title: 'λmax', figure: 'eigenvalue', log: true },
    { title: 'saddles inside', figure: 'saddles' },
  ];
  const width = 270;
  const drawing = new Drawing(panels.length * width + 78, 222);
  panels.forEach(({ title, figure, log }, k) => {
    const values = rows.map(({ figures }) => figures[figure]).filter((value) => value !== null);
    const box = { left: 52 + k * width, top: 30, width: width - 66, height: 150 };
    const at = frame(drawing, box, {
      // Iteration 0 stands where 10 would.
      x: {
        low: 8,
        high: 6000,
        log: true,
        ticks: [[10, '0'], 100, [1000, '1,000'], [5000, '5,000']],
      },
      y: log
        ? logScale(Math.min(...values), Math.max(...values))
        : linearScale(basin, 0, Math.max(1, ...values) * 1.05),
      title,
      xLabel: 'L-BFGS iteration',
    });
    betas.forEach((beta, b) => {
      const points = rows
        .filter(({ factors, figures }) => factors.beta === beta && figures[figure] !== null)
        .map(({ step, figures }) => [at.x(Math.max(10, step)), at.y(figures[figure])]);
      drawing.line(points, { color: COLORS[b], width: 1.6 });
      for (const [x, y] of points) drawing.dot(x, y, { color: COLORS[b], radius: 2.6 });
    });
  });
  betas.forEach((beta, b) => {
    const top = 60 + 22 * b;
    const left = panels.length * width + 14;
    drawing.dot(left, top, { color: COLORS[b], radius: 3 });
    drawing.text(left + 10, top + 4, `β = ${beta}`);
  });
  return drawing;
}

/** The loss after every iteration of several trainings. */
export function lossesFigure(curves) {
  const drawing = new Drawing(640, 266);
  const all = curves.flatMap(({ losses }) => losses);
  const longest = Math.max(...curves.map(({ losses }) => losses.length));
  const at = frame(
    drawing,
    { left: 60, top: 16, width: 560, height: 210 },
    {
      x: { low: 0, high: longest, ticks: [0, [500, '500'], [1000, '1,000'], [1500, '1,500']] },
      y: logScale(Math.min(...all), Math.max(...all)),
      xLabel: 'L-BFGS iteration',
      yLabel: 'loss',
    },
  );
  curves.forEach(({ title, losses }, k) => {
    drawing.line(
      losses.map((loss, iteration) => [at.x(iteration), at.y(loss)]),
      { color: COLORS[k], width: 1.5 },
    );
    drawing.line(
      [
        [380, 40 + 20 * k],
        [404, 40 + 20 * k],
      ],
      { color: COLORS[k], width: 2 },
    );
    drawing.text(412, 44 + 20 * k, title);
  });
  return drawing;
}
