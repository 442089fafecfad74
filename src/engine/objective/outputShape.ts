import { InputError } from '../../shared/inputError';
import { say } from '../../shared/words/message';
import { Graph } from '../graph/graph';
import type { Model } from '../graph/model';

/** What the graph is given, before its values are looked at. */
export interface ShapedInput {
  readonly input: { readonly name: string };
  readonly array: { readonly shape: readonly number[] };
}

/** The shape of a model's one output for a number of samples. */
export function outputShape(
  model: Model,
  inputs: readonly ShapedInput[],
  count: number,
): readonly number[] {
  const g = new Graph();
  const weights = new Map(model.weights.map(({ name, shape }) => [name, g.input(name, shape)]));
  const given = new Map(
    inputs.map(({ input, array }) => [
      input.name,
      g.input(`input:${input.name}`, [count, ...array.shape.slice(1)]),
    ]),
  );
  return model.buildAll(g, given, (name) => weights.get(name)!)[0]!.shape;
}

/**
 * The same of a model whose output has the samples as its first axis.
 *
 * @throws InputError where it has not.
 */
export function samplesOutputShape(
  model: Model,
  inputs: readonly ShapedInput[],
  count: number,
): readonly number[] {
  const shape = outputShape(model, inputs, count);
  if (shape[0] !== count) {
    throw new InputError(
      say`${model.path}: the output [${shape.join(', ')}] does not keep the batch as its first axis; export the model with a dynamic batch axis.`,
      'unsupported',
    );
  }
  return shape;
}

/** Whether two shapes are the same but for axes of one. */
export function isSameButForOnes(a: readonly number[], b: readonly number[]): boolean {
  const [own, other] = [a, b].map((shape) => shape.filter((extent) => extent !== 1));
  return own!.length === other!.length && own!.every((extent, i) => extent === other![i]);
}
