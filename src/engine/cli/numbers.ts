/** A number for a table: few digits, no more than it is worth. */
export function figure(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(Math.max(0, digits - 2));
  return value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
}

/** 17462 as 17,462. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const power = Math.min(4, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** power).toFixed(1)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]!}`;
}
