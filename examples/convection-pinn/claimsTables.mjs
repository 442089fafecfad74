import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rhoText, short, table } from '../claims/statistics.mjs';
import { analyzed } from '../claims/variants.mjs';

/** Saddles inside of the planes of seed 0 on coarser and finer grids of the same range. */
export function resolutionTable(basin, betas, documentOf, finerOf) {
  const coarse = (document, stride) =>
    document.topology.sensitivity.byResolution.find((each) => each.stride === stride).innerSaddles;
  const columns = betas.map((beta) => {
    const [document, finer] = [documentOf(beta), finerOf(beta)];
    return [coarse(document, 2), coarse(document, 1), finer.topology.inner.saddles];
  });
  const persistences = betas.map((beta) => {
    const [document, finer] = [documentOf(beta), finerOf(beta)];
    // Pairs that reach a thousandth of the range are not of the grid's own making.
    const large = ({ topology }) =>
      topology.pairs.filter(
        ({ birth, death, border }) => !border && death - birth > 1e-3 * topology.summaries.range,
      ).length;
    return [large(document), large(finer)];
  });
  const line = (title, of) => [title, ...betas.map((_, k) => of(k))];
  const rho = (at) =>
    rhoText(
      basin.rankCorrelation(
        betas,
        columns.map((each) => each[at]),
      ),
    );
  return table(
    ['points', ...betas.map((beta) => `β = ${beta}`), 'ρ with β, n = 10'],
    [
      [...line('21 × 21', (k) => columns[k][0]), rho(0)],
      [...line('41 × 41', (k) => columns[k][1]), rho(1)],
      [...line('81 × 81', (k) => columns[k][2]), rho(2)],
      [...line('41 × 41, pairs above 10⁻³ of the range', (k) => persistences[k][0]), ''],
      [...line('81 × 81, the same', (k) => persistences[k][1]), ''],
    ],
  );
}

/**
 * The network that was trained twice, beside itself.
 *
 * @param own its folder. @param pytorch what Basin says of the other.
 */
export function typescriptTable(own, pytorch) {
  const { losses, eigenvalues } = JSON.parse(readFileSync(join(own, 'pytorch.json'), 'utf8'));
  const inTypeScript = JSON.parse(readFileSync(join(own, 'losses.json'), 'utf8'));
  const [document] = analyzed(own).slice(-1);
  const exact = (path) => Object.entries(eigenvalues).find(([name]) => name.startsWith(path))[1];
  const line = (title, series, { metrics, hessian }, value) => [
    title,
    (series.length - 1).toLocaleString('en-US'),
    short(metrics.loss),
    short(metrics.error),
    Number(hessian.eigenvalues[0].value.toPrecision(8)),
    Number(value.toPrecision(8)),
  ];
  return {
    curves: [
      { title: 'PyTorch', losses },
      { title: 'TypeScript, Basin’s gradients', losses: inTypeScript },
    ],
    text: table(
      ['trained by', 'iterations', 'loss', 'error', 'λmax, Basin', 'λmax, PyTorch in float64'],
      [
        line('PyTorch', losses, pytorch, exact('study/')),
        line('TypeScript, with Basin’s gradients', inTypeScript, document, exact('typescript/')),
      ],
    ),
  };
}
