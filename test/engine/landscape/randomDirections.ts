import {
  fillDirection,
  finishDirections,
  type RandomDirectionSettings,
} from '../../../src/engine/landscape/directions';
import type { WeightLayout } from '../../../src/engine/objective/weights';
import type { FloatArray } from '../../../src/engine/tensor';

/** Random directions in float64, all in this thread. */
export function randomDirections(
  theta: FloatArray,
  layout: WeightLayout,
  settings: RandomDirectionSettings,
): readonly Float64Array[] {
  const vectors = Array.from({ length: settings.dimensions }, (_, index) => {
    const vector = new Float64Array(theta.length);
    fillDirection({ vector, theta, layout, index, settings });
    return vector;
  });
  finishDirections(vectors, settings);
  return vectors;
}
