import type { RuntimeIdentity } from '../../shared/result';
import type { Hessian } from '../../shared/result/hessian';
import type { Directions } from '../../shared/result/landscape';
import { say, type Message } from '../../shared/words/message';
import { formatNumber, formatShare } from '../../shared/words/numbers';

/** What must be said of eigenvalues and directions that have not converged. */
export function spectrumNotes({ eigenvalues, trace }: Hessian, error?: number): readonly Message[] {
  const [largest] = eigenvalues;
  const notes: Message[] = [];
  if (largest?.converged === false) {
    notes.push(
      say`λmax has not converged: it is ${formatNumber(largest.value, 3)} with a residual of ${formatNumber(largest.residual, 3)}; raise "hessian.lanczosSteps".`,
    );
  }
  const { interval, value, samples } = trace;
  if (error !== undefined && interval !== undefined) {
    const half = (interval.high - interval.low) / 2;
    if (half > error * Math.abs(value)) {
      notes.push(
        say`The trace is not as certain as "hessian.traceError" asks: after ${samples} samples half of its 95 % interval is ${formatShare(half / Math.abs(value))} of it; raise "hessian.lanczosSteps".`,
      );
    }
  }
  return notes;
}

/** Cross entropies below this are made of probabilities whose distance to 1 float32 rounds. */
const SATURATED = 1e-3;

/**
 * Where a classifier is nearly always sure, its curvature is of the order of 1 − p, and p is next to 1:
 * of that difference float32, whose numbers below 1 are 2⁻²⁴ apart, leaves few digits.
 */
export function saturationNote(
  loss: number,
  objective: string,
  { precision }: RuntimeIdentity,
): Message | null {
  const isSaturated = loss >= 0 && loss < SATURATED;
  if (precision !== 'float32' || !isSaturated) return null;
  if (objective !== 'classification' && objective !== 'binary') return null;
  return say`The loss of ${formatNumber(loss, 3)} is so near to 0 that float32 leaves its curvature about ${Math.max(1, Math.round(Math.log10(loss / 2 ** -24)))} digits; --runtime reference computes it in float64, slowly, in the editor "basin.runtime".`;
}

export function directionNotes({
  eigenvalues,
  residuals,
  converged,
}: Directions): readonly Message[] {
  const open = (converged ?? []).flatMap((isConverged, i) => (isConverged ? [] : [i]));
  return open.map(
    (i) =>
      say`Direction ${i + 1} of the landscape is no eigenvector yet: its residual is ${formatNumber(residuals![i]!, 3)} at an eigenvalue of ${formatNumber(eigenvalues![i]!, 3)}; raise "hessian.lanczosSteps".`,
  );
}
