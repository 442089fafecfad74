import type {
  Inspection,
  TensorStatistics,
  TensorStatisticsOutcome,
  TensorSummary,
} from '../../shared/engineProtocol';
import type { Scalar } from '../../shared/result/scalar';
import { english } from '../../shared/words/message';
import { formatCount, formatNumber } from '../../shared/words/numbers';
import { measureTensors } from '../weights/measureTensors';
import { complain } from './output';
import { table } from './table';

interface Compared {
  readonly first?: string;
  readonly previous?: string;
}

/** Statistics of every tensor, in the file's order; null for one that cannot be read. */
export async function measureAll(
  file: string,
  { tensors }: Inspection,
  { first, previous }: Compared,
  signal: AbortSignal,
): Promise<readonly (TensorStatistics | null)[]> {
  const found = new Array<TensorStatistics | null>(tensors.length).fill(null);
  const onOutcome = (outcome: TensorStatisticsOutcome) => {
    if (outcome.ok) found[outcome.index] = outcome.statistics;
    else
      complain(
        `Warning: ${tensors[outcome.index]!.name} is not measured: ${english(outcome.message)}`,
      );
  };
  await measureTensors(file, [...tensors.keys()], { first, previous, signal, onOutcome });
  return found;
}

/** What `--statistics` shows, and below it how the exponents were found. */
export function weightTable(
  tensors: readonly TensorSummary[],
  statistics: readonly (TensorStatistics | null)[],
  { first, previous }: Compared,
): string {
  const compared = [
    ...(first === undefined ? [] : [['Δ first', 'fromFirst'] as const]),
    ...(previous === undefined ? [] : [['Δ previous', 'fromPrevious'] as const]),
  ];
  const rows = tensors.map(({ name, shape }, index) => {
    const own = statistics[index];
    const matrix = own?.matrix;
    const law = matrix?.powerLaw;
    return [
      name,
      `[${shape.join(', ')}]`,
      shown(own?.norm),
      shown(matrix?.spectralNorm),
      shown(matrix?.stableRank),
      matrix === undefined ? '–' : `${formatCount(matrix.deadUnits)}/${formatCount(matrix.rows)}`,
      shown(law?.exponent),
      law ? `${formatCount(law.tail)}/${formatCount(law.eigenvalues)}` : '–',
      shown(law?.distance),
      ...compared.map(([, key]) => shown(own?.[key])),
    ];
  });
  const head = [
    ...['tensor', 'shape', '‖W‖', 'σ₁', 'stable rank', 'dead units', 'α', 'tail', 'KS'],
    ...compared.map(([title]) => title),
  ];
  return `${table(head, rows)}\n\n${NOTE}`;
}

const NOTE =
  'Tensors of two axes and more are taken as the matrix W of the first axis by all others. α: power law λ^−α of the largest eigenvalues of WᵀW, by maximum likelihood, from the λmin on whose fit has the smallest Kolmogorov–Smirnov distance (KS); tail: how many of how many eigenvalues. Not given for fewer than 50 eigenvalues, nor for matrices with more than 1024 rows and columns. A unit is a row, dead where its norm is at most 10⁻⁶ of the root mean square of all.';

function shown(value: Scalar | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return formatNumber(value);
}
