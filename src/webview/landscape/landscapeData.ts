import type { Landscape } from '../../shared/result/landscape';
import type { DataTable } from '../export/drawing';
import type { TableTwin } from '../plots/tableTwin';
import { formatNumber } from '../../shared/words/numbers';
import { t } from '../../shared/words/text';
import { coordinateAt, type LossField } from './lossField';

/** Every point with its coordinates, in the order of the document; null where none was evaluated. */
export function landscapeData({ axes, values }: Landscape): DataTable {
  const strides = axes.map((_, axis) =>
    axes.slice(axis + 1).reduce((product, { steps }) => product * steps, 1),
  );
  return {
    columns: [...axes.map(({ name }) => name), 'loss'],
    rows: values.map((value, vertex) => [
      ...axes.map((axis, k) => coordinateAt(axis, Math.floor(vertex / strides[k]!) % axis.steps)),
      value,
    ]),
  };
}

/** A table of millions of cells helps nobody: every k-th row and column, said in the caption. */
const MAX_TABLE_STEPS = 41;

export function gridTable(field: LossField): TableTwin {
  const [first, second] = field.axes;
  const pick = (steps: number) => {
    const shown = Math.min(steps, MAX_TABLE_STEPS);
    return Array.from({ length: shown }, (_, k) => Math.round((k * (steps - 1)) / (shown - 1)));
  };
  const rows = pick(field.rows);
  const columns = pick(field.columns);
  const all = rows.length === first.steps && columns.length === second.steps;
  const at = (axis: typeof first, step: number, steps: number) =>
    formatNumber(axis.min + (step * (axis.max - axis.min)) / (steps - 1), 3);
  return {
    caption: all
      ? t('Loss, {0} down and {1} across', first.name, second.name)
      : t(
          'Loss, {0} down and {1} across; {2} of {3} rows and {4} of {5} columns',
          first.name,
          second.name,
          rows.length,
          first.steps,
          columns.length,
          second.steps,
        ),
    columns: [
      `${first.name} \\ ${second.name}`,
      ...columns.map((j) => at(second, j, field.columns)),
    ],
    rows: rows.map((i) => [
      at(first, i, field.rows),
      ...columns.map((j) => formatNumber(field.values[i * field.columns + j]!)),
    ]),
  };
}
