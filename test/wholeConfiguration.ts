import { configurationSchema, type Configuration } from '../src/shared/configuration';

/** A configuration that leaves nothing to the model's own file. */
export function wholeConfiguration(value: unknown): Configuration {
  const { model, objective, ...others } = configurationSchema.parse(value);
  if (model === undefined || objective === undefined) {
    throw new Error('The configuration leaves model or objective to the file of the model.');
  }
  return { ...others, model, objective };
}
