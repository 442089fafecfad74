import { InputError } from '../../shared/inputError';
import type { Model } from '../graph/model';
import { say } from '../../shared/words/message';

/** Operators that make probabilities of logits. Of a log-softmax the softmax is taken harmlessly. */
const PROBABILITIES: ReadonlySet<string> = new Set(['Softmax', 'Sigmoid', 'HardSigmoid']);

/**
 * @throws InputError where the graph's output is probabilities already: of which the loss would take
 * the softmax or the sigmoid once more.
 */
export function requireLogits(model: Model, kind: 'classification' | 'binary'): void {
  const { operator, input, output } = model.lastOperation() ?? {};
  if (operator === undefined || !PROBABILITIES.has(operator)) return;
  const own = kind === 'classification' ? 'softmax' : 'sigmoid';
  throw new InputError(
    say`${model.path} ends in ${operator} (${output!}), and ${kind} takes logits, of which it takes the ${own} itself; add "output": "${input!}" to basin.json, the value before it, or export the model without its ${operator}.`,
    'mismatch',
  );
}
