import type { TensorStatisticsOutcome, TensorTable } from '../../shared/engineProtocol';
import { t } from '../../shared/words/text';

/** The tensors of a file, and what has been measured of them. */
export class Tensors {
  readonly count: number;
  private readonly outcomes = new Map<number, TensorStatisticsOutcome>();
  /** What a search looks through, made once. */
  private texts: readonly string[] | null = null;

  constructor(private readonly table: TensorTable) {
    this.count = table.names.length;
  }

  name(index: number): string {
    return this.table.names[index] ?? '';
  }

  dtype(index: number): string {
    return this.table.dtypes[this.table.dtype[index] ?? -1] ?? '';
  }

  shape(index: number): readonly number[] {
    return this.table.shapes[index] ?? [];
  }

  /** Scalars. */
  parameters(index: number): number {
    return this.shape(index).reduce((product, length) => product * length, 1);
  }

  bytes(index: number): number | null {
    return this.table.bytes[index] ?? null;
  }

  outcome(index: number): TensorStatisticsOutcome | undefined {
    return this.outcomes.get(index);
  }

  learn(outcomes: readonly TensorStatisticsOutcome[]): void {
    for (const outcome of outcomes) this.outcomes.set(outcome.index, outcome);
  }

  /** Name, type and shape in lower case, as they are shown. */
  text(index: number): string {
    this.texts ??= Array.from({ length: this.count }, (_, i) =>
      `${this.name(i)} ${this.dtype(i)} ${shapeText(this.shape(i))}`.toLowerCase(),
    );
    return this.texts[index] ?? '';
  }
}

/** `64×3×7×7`; a scalar has no extent. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? t('scalar') : shape.join('×');
}
