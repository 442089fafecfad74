import type { Landscape } from '../../shared/result/landscape';
import type { DataTable } from '../export/drawing';
import { coordinateAt } from './lossField';

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
