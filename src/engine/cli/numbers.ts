/** A number for a table: few digits, no more than it is worth. */
export function figure(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(Math.max(0, digits - 2));
  return value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
}
