import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import type { GraphProto } from './onnx_pb';

/**
 * An ONNX graph is in static single assignment form: of two values of one name, readers would get
 * the one or the other by the order in which they happen to be looked up.
 *
 * @param graph with functions written out.
 * @throws InputError naming the first value that is defined twice.
 */
export function requireSingleValues({ node, initializer, input }: GraphProto, path: string): void {
  const made = new Set<string>();
  for (const { name } of initializer) {
    if (made.has(name)) {
      throw new InputError(
        say`${path} has two initializers called ${name}, and it is open which of them is meant; export the model again.`,
        'damaged',
      );
    }
    made.add(name);
  }
  // Initializers may be among the inputs, as defaults.
  for (const { name } of input) made.add(name);
  for (const { opType, name, output } of node) {
    for (const value of output) {
      if (value === '') continue;
      if (made.has(value)) {
        throw new InputError(
          say`${path}: node ${name === '' ? value : name} (${opType}) makes the value ${value}, which another node, an initializer or an input is already, and it is open which of them is meant; export the model again.`,
          'damaged',
        );
      }
      made.add(value);
    }
  }
}
