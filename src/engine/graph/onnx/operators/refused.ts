import { InputError } from '../../../../shared/inputError';
import { say } from '../../../../shared/words/message';
import type { Operator } from './operatorCall';

const RANDOM = [
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Bernoulli',
  'Multinomial',
];

/** Operators with which a loss is no function of the weights. */
export const refusedOperators: readonly (readonly [string, Operator])[] = RANDOM.map((name) => [
  name,
  () => {
    throw new InputError(
      say`draws random numbers, so that the loss would be another one at every evaluation; export after model.eval(), or let the model take the numbers as an input`,
      'unsupported',
    );
  },
]);
