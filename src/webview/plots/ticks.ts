/** Ticks on round numbers (Heckbert, Graphics Gems 1990): steps of 1, 2 or 5 times a power of ten. */
export interface Ticks {
  readonly values: readonly number[];
  /** Difference of two neighbors; for logarithmic ticks the smallest value. */
  readonly step: number;
}

export function linearTicks(low: number, high: number, most: number): Ticks {
  if (!(high > low)) return { values: [low], step: Math.abs(low) || 1 };
  const step = roundStep((high - low) / Math.max(1, most));
  const values: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) {
    values.push(k * step);
  }
  return { values, step };
}

/** Powers of ten, or 1-2-5 within a decade where there are too few of them. Both ends positive. */
export function logTicks(low: number, high: number, most: number): Ticks {
  const decades = Math.log10(high / low);
  if (decades < 0.7) return linearTicks(low, high, most);
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const stride = Math.max(1, Math.ceil(decades / most));
  const mantissas = stride === 1 && decades * 3 <= most ? [1, 2, 5] : [1];
  const values: number[] = [];
  for (let exponent = first; exponent <= last; exponent++) {
    if (stride > 1 && exponent % stride !== 0) continue;
    for (const mantissa of mantissas) {
      const value = mantissa * 10 ** exponent;
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) values.push(value);
    }
  }
  return values.length < 2 && decades < 1.5
    ? linearTicks(low, high, most)
    : { values, step: values[0] ?? low };
}

/** The smallest of 1, 2, 5 · 10ᵏ that is not below `atLeast`. */
export function roundStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  for (const mantissa of [1, 2, 5]) {
    if (mantissa * power >= atLeast * (1 - 1e-9)) return mantissa * power;
  }
  return 10 * power;
}
