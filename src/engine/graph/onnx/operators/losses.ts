import { InputError } from '../../../../shared/inputError';
import type { Graph } from '../../graph';
import { sameShape } from '../../../tensor';
import type { Node } from '../../operations';
import { say } from '../../../../shared/words/message';
import { logSoftmax } from '../../softmax';
import type { Operator, OperatorCall } from './operatorCall';
import { moveAxesLast } from './places';

/**
 * −w[t] · log p[t] of the class t of each place, [N, …], from log-probabilities [N, C, …]; reduced
 * as the operator says. The mean is over the weights of the classes that are there, and places of
 * the class `ignore_index` count nowhere.
 *
 * Source: ONNX, NegativeLogLikelihoodLoss, as `torch.nn.NLLLoss`.
 */
function negativeLogLikelihood(c: OperatorCall, logProbabilities: Node): Node {
  const { g } = c;
  const target = c.node(1);
  const [samples, classes, ...places] = logProbabilities.shape;
  if (classes === undefined || !sameShape(target.shape, [samples!, ...places])) {
    throw new InputError(
      say`targets [${target.shape.join(', ')}] are not for scores [${logProbabilities.shape.join(', ')}]`,
      'mismatch',
    );
  }
  const { rows } = moveAxesLast(g, logProbabilities, [1]);
  const [count] = rows.shape as [number, number];
  const ignore = c.attribute('ignore_index') === undefined ? null : c.integer('ignore_index', 0);
  c.places(1, { extent: classes, except: ignore });
  const flat = g.reshape(target, [count, 1]);
  const ignored = ignore === null ? null : g.equal(flat, g.scalar(ignore));
  const indices = ignored === null ? flat : g.where(ignored, g.scalar(0), flat);
  const found = g.reshape(g.take(g.reshape(rows, [count, classes, 1]), indices), [count, 1]);

  const weights = weightsOf(g, c.optional(2), indices, ignored, classes);
  const losses = g.neg(g.mul(weights, found));
  const reduction = c.text('reduction', 'mean');
  switch (reduction) {
    case 'none':
      return g.reshape(losses, target.shape);
    case 'sum':
      return g.reshape(g.sum(losses, [0, 1]), []);
    case 'mean':
      return g.reshape(g.div(g.sum(losses, [0, 1]), g.sum(weights, [0, 1])), []);
    default:
      throw new InputError(say`there is no reduction "${reduction}"`, 'damaged');
  }
}

/** The weight of each place, [places, 1]: 0 where it is ignored. */
function weightsOf(
  g: Graph,
  given: Node | null,
  indices: Node,
  ignored: Node | null,
  classes: number,
): Node {
  const ones = g.expand(g.scalar(1), indices.shape);
  const own =
    given === null
      ? ones
      : g.reshape(
          g.take(g.reshape(given, [1, classes, 1]), g.reshape(indices, [1, indices.shape[0]!])),
          indices.shape,
        );
  return ignored === null ? own : g.where(ignored, g.scalar(0), own);
}

/** Losses of class scores. */
export const lossOperators: readonly (readonly [string, Operator])[] = [
  ['NegativeLogLikelihoodLoss', (c) => negativeLogLikelihood(c, c.node(0))],
  [
    'SoftmaxCrossEntropyLoss',
    (c) => {
      const logProbabilities = logSoftmax(c.g, c.node(0), 1);
      return [negativeLogLikelihood(c, logProbabilities), logProbabilities];
    },
  ],
];
