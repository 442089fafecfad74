import { InputError } from '../../../shared/inputError';
import { printableValue } from '../../checkpoint/fault';

/**
 * What is refused in the work on a configuration, in a sentence fit for a terminal: names in a configuration
 * are anybody's.
 */
export function printed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(printableValue(error.said), error.reason);
  }
}
