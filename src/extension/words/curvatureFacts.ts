import type { Hessian } from '../../shared/result/hessian';
import { formatNumber, formatShare, formatWithUncertainty } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';

/** What a Hessian says beside its spectrum: a row for the gradient, and one for each that was asked for. */
export function curvatureFacts({
  gradient,
  gaussNewton,
  fisher,
  offDiagonal,
}: Hessian): { readonly name: string; readonly value: string }[] {
  const facts: { readonly name: string; readonly value: string }[] = [];
  if (gradient !== undefined) {
    const norm = formatNumber(gradient.norm);
    const { ascent } = gradient;
    facts.push({
      name: t('Gradient, sharpness'),
      value:
        ascent === null
          ? norm
          : t(
              '{0}, {1} (a step of {2} uphill)',
              norm,
              formatNumber(ascent.rise),
              formatNumber(ascent.radius),
            ),
    });
  }
  if (gaussNewton !== undefined) {
    const { eigenvalues, trace, rest, fisherOf } = gaussNewton;
    facts.push({
      name:
        fisherOf === null ? t('Gauss–Newton λmax, trace') : t('Gauss–Newton (Fisher) λmax, trace'),
      value: `${formatNumber(eigenvalues[0]?.value ?? NaN)}, ${formatWithUncertainty(trace.value, trace.standardError)}`,
    });
    facts.push({
      name: t('Trace of the rest, H − G'),
      value: formatWithUncertainty(rest.trace.value, rest.trace.standardError),
    });
  }
  if (fisher !== undefined) {
    const { eigenvalues, trace } = fisher;
    facts.push({
      name: t('Empirical Fisher λmax, trace'),
      value: `${formatNumber(eigenvalues[0]?.value ?? NaN)}, ${formatWithUncertainty(trace.value, trace.standardError)}`,
    });
  }
  if (offDiagonal !== undefined) {
    facts.push({
      name: t('Share of ‖H‖² between tensors'),
      value: `${formatShare(offDiagonal.share)} ± ${formatShare(offDiagonal.standardError)}`,
    });
  }
  return facts;
}
