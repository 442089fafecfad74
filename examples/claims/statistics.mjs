/** ρ with its interval, as text: 0.42 [0.15, 0.64]. */
export function rhoText({ rho, interval }) {
  if (rho === null) return 'no ρ: the same everywhere';
  return `${signed(rho)} [${signed(interval[0])}, ${signed(interval[1])}]`;
}

/**
 * What an interval says of a claim that two figures rise together: 95 % above 0 it holds, below 0 the
 * opposite does, and between them it cannot be said.
 */
export function verdictOf({ rho, interval }) {
  if (rho === null) return 'cannot be said';
  if (interval[0] > 0) return 'holds';
  return interval[1] < 0 ? 'the opposite' : 'cannot be said';
}

/** Whether a number that was published lies in the interval. */
export function contains({ interval }, value) {
  return interval !== null && interval[0] <= value && value <= interval[1];
}

export function signed(value) {
  const text = Math.abs(value).toFixed(2);
  return Number(text) === 0 ? '0.00' : `${value < 0 ? '−' : ''}${text}`;
}

export function median(values) {
  const sorted = [...values].filter((value) => value !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

/** Three figures, as a table has them. */
export function short(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(1).split('e');
    return `${mantissa}·10${superscript(Number(exponent))}`;
  }
  return size >= 1000
    ? Math.round(value).toLocaleString('en-US')
    : String(Number(value.toPrecision(3)));
}

export function superscript(exponent) {
  return String(exponent).replaceAll(/[-\d]/g, (digit) =>
    digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)],
  );
}

/** A Markdown table. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
