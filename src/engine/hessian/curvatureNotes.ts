import type { Directions, Hessian } from '../../shared/result';

/** What must be said of eigenvalues and directions that have not converged. */
export function spectrumNotes({ eigenvalues, trace }: Hessian, error?: number): readonly string[] {
  const [largest] = eigenvalues;
  const notes: string[] = [];
  if (largest?.converged === false) {
    notes.push(
      `λmax has not converged: it is ${short(largest.value)} with a residual of ${short(largest.residual)}; raise "hessian.lanczosSteps".`,
    );
  }
  const { interval, value, samples } = trace;
  if (error !== undefined && interval !== undefined) {
    const half = (interval.high - interval.low) / 2;
    if (half > error * Math.abs(value)) {
      notes.push(
        `The trace is not as certain as "hessian.traceError" asks: after ${samples} samples half of its 95 % interval is ${short(half / Math.abs(value))} of it; raise "hessian.lanczosSteps".`,
      );
    }
  }
  return notes;
}

export function directionNotes({
  eigenvalues,
  residuals,
  converged,
}: Directions): readonly string[] {
  const open = (converged ?? []).flatMap((isConverged, i) => (isConverged ? [] : [i]));
  return open.map(
    (i) =>
      `Direction ${i + 1} of the landscape is no eigenvector yet: its residual is ${short(residuals![i]!)} at an eigenvalue of ${short(eigenvalues![i]!)}; raise "hessian.lanczosSteps".`,
  );
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
