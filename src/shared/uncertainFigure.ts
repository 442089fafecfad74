/** A figure, and the digits of it that its error leaves. */
export interface UncertainFigure {
  /** Rounded to the last of them. */
  readonly value: number;
  readonly digits: number;
}

/** The larger of a figure's numerical error and of what the data leave open of it. */
export function largerError(numerical: number, ofData: number | undefined): number {
  return Math.max(numerical, ofData ?? 0);
}

/**
 * A value to the digit its error reaches: the second of the error where it is small, the first else,
 * as the Particle Data Group rounds (two digits where the first three are below 355).
 *
 * @param error 0 or not finite where nothing is known of it: all digits are left then.
 * @param most digits, whatever the error leaves.
 */
export function uncertainFigure(value: number, error: number, most: number): UncertainFigure {
  if (!Number.isFinite(value) || !Number.isFinite(error) || error <= 0 || value === 0) {
    return { value, digits: most };
  }
  const first = Math.floor(Math.log10(error));
  const last = Math.round(error / 10 ** (first - 2)) < 355 ? first - 1 : first;
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  const digits = Math.min(most, Math.max(1, exponent - last + 1));
  return { value: Number(value.toPrecision(digits)), digits };
}
