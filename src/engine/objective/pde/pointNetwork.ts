import { InputError } from '../../../shared/inputError';
import type { Graph } from '../../graph/graph';
import type { Node } from '../../graph/operations';
import type { Model } from '../../graph/model';
import type { ModelInput } from '../../graph/onnx/importOnnx';
import { say } from '../../../shared/words/message';
import { sizeOf } from '../../tensor';
import type { Network } from '../lossTerm';

/*
 * Networks of differential equations take points and give values of the unknowns. One may take
 * every variable by itself, and give every unknown by itself: its inputs are then the columns of
 * the points, and its outputs those of the values.
 */

/**
 * @param variables of the equation: columns of the points.
 * @throws InputError where the graph does not take points of so many.
 */
export function requirePointInputs({ inputs, path }: Model, variables: number): void {
  const columns = inputs.map((input) => columnsOf(input, variables, inputs.length, path));
  const total = columns.reduce((sum, count) => sum + count, 0);
  if (total === variables) return;
  throw new InputError(
    say`"variables" makes points of shape [${variables}] and ${path} takes ${inputs.length === 0 ? 'none' : inputs.map(({ name, shape }) => `${name} [${shape.map((extent) => extent ?? '?').join(', ')}]`).join(', ')}; name a variable for each column, in the order of the inputs.`,
    'mismatch',
  );
}

/** The values of the unknowns at points [batch, variables], as [batch, unknowns]. */
export function atPoints(
  g: Graph,
  network: Network,
  { inputs, path }: Model,
  points: Node,
): readonly Node[] {
  const [batch, variables] = points.shape as [number, number];
  let start = 0;
  const given = new Map<string, Node>();
  for (const input of inputs) {
    const columns = columnsOf(input, variables, inputs.length, path);
    const own =
      columns === variables
        ? points
        : g.slice(points, { starts: [0, start], steps: [1, 1], counts: [batch, columns] });
    start += columns;
    const rest =
      input.shape.length === 1 ? [] : inputs.length === 1 ? [variables] : input.shape.slice(1);
    given.set(input.name, g.reshape(own, [batch, ...(rest as number[])]));
  }
  return network(given);
}

/** Columns of the points that an input is; the axes after the first must be known. */
function columnsOf(
  { name, shape }: ModelInput,
  variables: number,
  count: number,
  path: string,
): number {
  const rest = shape.slice(1);
  if (count === 1 && (shape.length === 0 || (rest.length === 1 && rest[0] === null))) {
    return variables;
  }
  if (rest.includes(null)) {
    throw new InputError(
      say`${path}: input ${name} leaves more than its first axis open ([${shape.map((extent) => extent ?? '?').join(', ')}]); export the model with a dynamic first axis only.`,
      'unsupported',
    );
  }
  return sizeOf(rest as number[]);
}
