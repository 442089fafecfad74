import { checkConfiguration } from '../../shared/checkConfiguration';
import type { Check } from './basinJsonProblems';

/**
 * What the engine's own schema says where values do not belong together. What a JSON schema can
 * say as well, the editor has said. In a file of its own, as it is only loaded where a basin.json is
 * open.
 */
export const checkBasinJson: Check = (value) => {
  const result = checkConfiguration(value);
  return result.ok ? [] : result.problems.filter(({ isBeyondSchema }) => isBeyondSchema);
};
