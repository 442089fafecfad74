import type { FloatArray, Tensor } from '../../tensor';
import { numberOr, onlyOptimizer } from './optimizer';
import { attributesOf, type PickleValue } from './pickleValue';
import { TensorReference } from './pytorchPickle';

/** What Adam keeps of one parameter, and the settings of its group. */
export interface ParameterMoments {
  /** Number of its group. */
  readonly group: number;
  /** Where the optimizer says it. */
  readonly name: string | null;
  readonly shape: readonly number[];
  /** Steps it was trained for. */
  readonly step: number;
  /** The mean of squared gradients, not corrected for its start; the largest so far with AMSGrad. */
  readonly squares: FloatArray;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  /**
   * Whether the decay is of the weights (AdamW), not a part of the gradient. Null where the file does
   * not say, as those of before PyTorch 2.6.
   */
  readonly isDecoupled: boolean | null;
}

/**
 * The second moments of a checkpoint's Adam or AdamW, in the order of the optimizer's parameters.
 * Those without a state, as they got no gradient, are left out.
 *
 * @returns null where there is no such optimizer.
 */
export async function secondMomentsOf(
  root: PickleValue,
  read: (tensor: TensorReference) => Promise<Tensor>,
): Promise<readonly ParameterMoments[] | null> {
  const optimizer = onlyOptimizer(root);
  const states = attributesOf(optimizer?.state ?? null);
  if (optimizer?.settings.kind !== 'adam' || states === null) return null;
  const found: ParameterMoments[] = [];
  for (const [group, value] of optimizer.groups.entries()) {
    const settings = attributesOf(value);
    const numbers = settings?.get('params');
    const names = settings?.get('param_names');
    const betas = settings?.get('betas');
    const decoupled = settings?.get('decoupled_weight_decay');
    if (!Array.isArray(numbers) || !Array.isArray(betas)) continue;
    for (const [place, number] of numbers.entries()) {
      const state = attributesOf(states.get(number) ?? null);
      const largest = settings?.get('amsgrad') === true ? state?.get('max_exp_avg_sq') : undefined;
      const squares = largest ?? state?.get('exp_avg_sq');
      const step = await numberIn(state?.get('step'), read);
      if (!(squares instanceof TensorReference) || step === null) continue;
      const name: PickleValue | undefined = Array.isArray(names) ? names[place] : undefined;
      const { data } = await read(squares);
      found.push({
        group,
        name: typeof name === 'string' ? name : null,
        shape: squares.shape,
        step,
        squares: data instanceof Float64Array ? data : Float32Array.from(data, Number),
        betas: [numberOr(betas[0], 0.9), numberOr(betas[1], 0.999)],
        epsilon: numberOr(settings?.get('eps'), 1e-8),
        weightDecay: numberOr(settings?.get('weight_decay'), 0),
        isDecoupled: typeof decoupled === 'boolean' ? decoupled : null,
      });
    }
  }
  return found;
}

async function numberIn(
  value: PickleValue | undefined,
  read: (tensor: TensorReference) => Promise<Tensor>,
): Promise<number | null> {
  if (typeof value === 'number') return value;
  if (!(value instanceof TensorReference)) return null;
  return Number((await read(value)).data[0] ?? NaN);
}
