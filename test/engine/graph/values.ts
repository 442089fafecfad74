import type { OperationCase } from './operations';

/** Numbers in [0, 1) from a seed: the same in every run. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Values where an operation is smooth. */
export function draw(
  random: () => number,
  length: number,
  domain: OperationCase['domain'],
): Float64Array {
  const values = Float64Array.from({ length }, () => {
    const x = 2 * random() - 1;
    if (domain === 'positive') return 1.2 + 0.8 * x;
    if (domain === 'inside') return 0.7 * x;
    if (domain === 'awayFromZero') return x + Math.sign(x) * 0.3;
    return x;
  });
  if (domain !== 'distinct') return values;
  // The order of the drawn values, evenly spaced: none is near another.
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  order.forEach((at, rank) => (values[at] = (2 * rank + 1) / length - 1));
  return values;
}
