import { say } from '../../shared/words/message';
import { MAX_NESTING, tooDeep } from '../../shared/nesting';
import { Fault } from './fault';
import { objectOf, type Json } from './jsonObject';

/** Who wrote a configuration: some layers mean something else to each. */
export type Dialect = 'keras3' | 'keras2' | 'tfjs';

/** What a file of Keras or TensorFlow.js says of its model, beside the weights. */
export interface Architecture {
  readonly dialect: Dialect;
  /** `class_name` and `config` of the model. */
  readonly topology: Json;
  /** What it was compiled with; null where it was not. */
  readonly training: Json | null;
}

/** Configurations of the largest networks have a few MB. */
export const MAX_CONFIGURATION_BYTES = 32 * 2 ** 20;

/** @throws Fault where it is no JSON, or nests deeper than any model. */
export function configurationOf(text: string): Json {
  if (tooDeep(text) !== null) {
    throw new Fault(
      'damaged',
      say`its configuration nests more than ${MAX_NESTING} deep, as no model does`,
      SAVE_AGAIN,
    );
  }
  const value = objectOf(parsed(text));
  if (value === null) throw new Fault('damaged', say`its configuration is no JSON`, SAVE_AGAIN);
  return value;
}

/** null where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const SAVE_AGAIN = say`save the model again`;

/** @param config `config.json` of a `.keras` file. */
export function architectureOfKeras(config: Json): Architecture {
  return { dialect: 'keras3', topology: config, training: objectOf(config.compile_config) };
}

/**
 * Attributes of an `.h5` file.
 *
 * @param version of the Keras that wrote it.
 */
export function architectureOfHdf5(
  model: string,
  training: string | null,
  version: string,
): Architecture {
  return {
    dialect: version.startsWith('3') ? 'keras3' : 'keras2',
    topology: configurationOf(model),
    training: training === null ? null : configurationOf(training),
  };
}

/** @param model `model.json` of TensorFlow.js. @returns null where it is a graph model. */
export function architectureOfTfjs(model: Json): Architecture | null {
  const topology = objectOf(model.modelTopology);
  // What the Python converter writes is one level deeper.
  const inner = objectOf(topology?.model_config) ?? topology;
  if (topology === null || typeof inner?.class_name !== 'string') return null;
  const version = typeof topology.keras_version === 'string' ? topology.keras_version : '';
  return {
    dialect: version.startsWith('tfjs') ? 'tfjs' : version.startsWith('3') ? 'keras3' : 'keras2',
    topology: inner,
    training: objectOf(model.trainingConfig) ?? objectOf(topology.training_config),
  };
}
