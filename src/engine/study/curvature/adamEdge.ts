import type { Eigenvalue, EdgeOfStability } from '../../../shared/result/hessian';
import { say, type Message } from '../../../shared/words/message';
import { openCheckpoint } from '../../checkpoint/openCheckpoint';
import type { OptimizerState } from '../../checkpoint/pytorch/optimizer';
import type { ParameterMoments } from '../../checkpoint/pytorch/secondMoments';
import {
  adaptiveEdge,
  precondition,
  preconditioned,
  type Preconditioner,
} from '../../hessian/edgeOfStability';
import { largestEigenvalue } from '../../hessian/largestEigenvalue';
import { derivativeBatches } from '../../objective/batches';
import { tensorSpans, type WeightEntry } from '../../objective/weights';
import { fillSigns } from '../../tensorRandom';
import type { MatrixOptions } from './otherMatrices';
import type { OpenedCheckpoint } from '../openProblem';
import { productsOn } from '../pool/products';
import type { PartWork } from '../partWork';

/** The figure, or a sentence that says why there is none. */
export type AdamEdge =
  { readonly edge: EdgeOfStability; readonly assumed: Message | null } | { readonly why: Message };

/**
 * How far from the edge of stability Adam was, from the second moments in its checkpoint: the largest
 * eigenvalue of the Hessian scaled by them, by Lanczos from one vector.
 *
 * @param path of the checkpoint.
 * @throws NonFiniteProduct
 */
export async function adamEdge(
  work: PartWork,
  opened: OpenedCheckpoint,
  optimizer: OptimizerState,
  path: string,
  { settings, signal, onProgress }: MatrixOptions,
): Promise<AdamEdge> {
  const checkpoint = await openCheckpoint(path);
  let moments: readonly ParameterMoments[] | null;
  let names: readonly string[];
  try {
    moments = (await checkpoint.secondMoments?.()) ?? null;
    names = [...checkpoint.tensors.keys()];
  } finally {
    await checkpoint.close();
  }
  const { theta, parameters } = opened.weights;
  const { length } = theta;
  const count = parameters.entries.length;
  if (moments === null || moments.length === 0) {
    return {
      why: say`The checkpoint says that Adam trained it and holds no second moments: its curvature is not compared with the learning rate; save the state_dict of the optimizer after a step.`,
    };
  }
  const ordered = joined(parameters.entries, names, moments);
  if (ordered === null) {
    return {
      why: say`Adam's state in the checkpoint is of ${moments.length} parameters whose shapes are not, in their order, those of the ${count} of the graph: its curvature is not compared with the learning rate; save the optimizer of this model, with its parameters in one group.`,
    };
  }
  const scale: Preconditioner = {
    divisors: new Float64Array(length),
    decay: new Float64Array(length),
  };
  for (const [{ offset }, own] of ordered) precondition(scale, offset, own, optimizer.learningRate);
  if (!scale.divisors.every((x) => x > 0 && Number.isFinite(x))) {
    return {
      why: say`Adam's second moments in the checkpoint are zero, infinite or not a number somewhere: its curvature is not compared with the learning rate; choose a checkpoint of a step at which training was finite.`,
    };
  }
  work.setProblem(opened);
  const batches = derivativeBatches(opened.problem.data.sets);
  const apply = productsOn(work.pool, { batches, length, signal });
  const start = new Float64Array(length);
  fillSigns(start, tensorSpans(parameters), settings.seed, 'adam');
  let done = 0;
  const largest: Eigenvalue = await largestEigenvalue(
    preconditioned(async (v) => (await apply([v]))[0]!, scale),
    start,
    {
      steps: settings.lanczosSteps,
      precision: work.pool.runtime.identity.precision,
      onProduct: () => {
        done += 1;
        onProgress?.(done / settings.lanczosSteps);
      },
    },
  );
  const isOpen = moments.some((own) => own.isDecoupled === null && own.weightDecay !== 0);
  return {
    edge: adaptiveEdge(optimizer, largest),
    assumed: isOpen
      ? say`The checkpoint does not say whether its weight decay is that of Adam or that of AdamW; beside the edge of stability it is taken for that of AdamW.`
      : null,
  };
}

/**
 * Each parameter of the graph with its moments: by name where the optimizer has names, else by its
 * place. PyTorch numbers parameters group by group, in each in the order of the model and so of the
 * checkpoint; whose group a parameter is in is known where no two groups share a shape.
 *
 * @param names of the checkpoint's tensors, in the order of the file.
 * @returns null where it is not certain.
 */
export function joined(
  entries: readonly WeightEntry[],
  names: readonly string[],
  moments: readonly ParameterMoments[],
): readonly (readonly [WeightEntry, ParameterMoments])[] | null {
  if (moments.length !== entries.length) return null;
  const fits = ({ shape }: WeightEntry, own: ParameterMoments | undefined): boolean =>
    own?.shape.join() === shape.join();
  if (moments.every(({ name }) => name !== null)) {
    const byName = new Map(moments.map((own) => [own.name!, own]));
    const pairs = entries.map(
      (entry) => [entry, byName.get(entry.tensor ?? entry.name) ?? byName.get(entry.name)] as const,
    );
    if (pairs.every(([entry, own]) => fits(entry, own))) {
      return pairs.map(([entry, own]) => [entry, own!]);
    }
  }
  const places = new Map(names.map((name, place) => [name, place]));
  const placeOf = ({ name, tensor = name }: WeightEntry): number => {
    const own = places.get(tensor) ?? places.get(name);
    if (own !== undefined) return own;
    const ending = names.filter((each) => each.endsWith(`.${tensor}`));
    return ending.length === 1 ? places.get(ending[0]!)! : NaN;
  };
  const placed = entries.map((entry) => ({ entry, place: placeOf(entry) }));
  if (placed.some(({ place }) => Number.isNaN(place))) return null;
  placed.sort((a, b) => a.place - b.place);
  const groupOf = new Map<string, number>();
  const waiting = new Map<number, ParameterMoments[]>();
  for (const own of moments) {
    const shape = own.shape.join();
    if ((groupOf.get(shape) ?? own.group) !== own.group) return null;
    groupOf.set(shape, own.group);
    const group = waiting.get(own.group) ?? [];
    group.push(own);
    waiting.set(own.group, group);
  }
  const next = new Map<number, number>();
  const pairs = placed.map(({ entry }) => {
    const group = groupOf.get(entry.shape.join()) ?? -1;
    const at = next.get(group) ?? 0;
    next.set(group, at + 1);
    return [entry, waiting.get(group)?.[at]] as const;
  });
  if (!pairs.every(([entry, own]) => fits(entry, own))) return null;
  return pairs.map(([entry, own]) => [entry, own!]);
}
