import type { Eigenvalue, Hessian } from '../../shared/result/hessian';
import { formatNumber, formatShare } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';

/** Rows of the table of curvature for what stands beside the spectrum: name, value, error. */
export function deeperRows({
  gradient,
  gaussNewton,
  fisher,
  offDiagonal,
  edgeOfStability,
  layers = [],
}: Hessian): string[][] {
  const row = (name: string, value: string, error = ''): string[] => [name, value, error, '', ''];
  const uncertain = (
    name: string,
    { value, standardError }: { readonly value: number; readonly standardError: number },
  ): string[] => row(name, formatNumber(value, 4), formatNumber(standardError, 2));
  const pair = (name: string, { value, residual, converged }: Eigenvalue): string[] => [
    name,
    formatNumber(value, 6),
    formatNumber(residual, 2),
    '',
    converged ? t('yes') : t('no'),
  ];
  const rows: string[][] = [];
  if (gradient !== undefined) {
    const { norm, curvature, ascent } = gradient;
    rows.push(row(t('length of the gradient'), formatNumber(norm, 4)));
    if (curvature !== null) {
      rows.push(row(t('curvature along the gradient'), formatNumber(curvature, 4)));
    }
    if (ascent !== null) {
      rows.push(
        row(
          t('sharpness: rise after a step of {0} uphill', formatNumber(ascent.radius)),
          formatNumber(ascent.rise, 4),
        ),
      );
    }
  }
  if (gaussNewton !== undefined) {
    const { eigenvalues, trace, rest, fisherOf } = gaussNewton;
    const name =
      fisherOf === null ? t('Gauss–Newton') : t('Gauss–Newton, Fisher of the model’s distribution');
    eigenvalues.forEach((own, i) => rows.push(pair(`${name} λ${i + 1}`, own)));
    rows.push(uncertain(t('trace of Gauss–Newton'), trace));
    rows.push(uncertain(t('trace of the rest, H − G'), rest.trace));
  }
  if (fisher !== undefined) {
    fisher.eigenvalues.forEach((own, i) =>
      rows.push(pair(`${t('Empirical Fisher')} λ${i + 1}`, own)),
    );
    rows.push(uncertain(t('trace of the empirical Fisher'), fisher.trace));
  }
  if (edgeOfStability !== undefined) {
    const { bound, sharpness, residual = 0, optimizer } = edgeOfStability;
    if (optimizer === 'adam') {
      rows.push(
        row(
          t('λmax scaled by Adam’s second moments'),
          formatNumber(sharpness, 4),
          formatNumber(residual, 2),
        ),
      );
    }
    rows.push(row(t('edge of stability'), formatNumber(bound, 4)));
  }
  if (offDiagonal !== undefined) {
    const { share, standardError } = offDiagonal;
    rows.push(
      row(t('share of ‖H‖² between tensors'), formatShare(share), formatShare(standardError)),
    );
  }
  for (const { name, largest } of layers) {
    if (largest !== undefined) rows.push(pair(t('λmax of {0}', name), largest));
  }
  for (const { name, gradientNorm } of layers) {
    if (gradientNorm !== undefined) {
      rows.push(row(t('length of the gradient of {0}', name), formatNumber(gradientNorm, 4)));
    }
  }
  return rows;
}
