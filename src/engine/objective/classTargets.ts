import type { ClassificationObjective } from '../../shared/objectiveConfiguration';
import { InputError } from '../../shared/inputError';
import { say, type Message } from '../../shared/words/message';
import type { StoredArray } from '../checkpoint/numpy/storedArray';
import { sizeOf } from '../tensor';
import { isWhole, openSamples, type SampleArray, type SampleOptions } from './sampleArray';

/** What classification compares the output with. */
export interface ClassTargets {
  readonly kind: 'classes';
  readonly array: SampleArray;
  /** Of the output [batch, …], along which the classes are. */
  readonly axis: number;
  readonly classes: number;
  /** Whether the array holds a probability for each class, in the shape of the output. */
  readonly isSoft: boolean;
  /** The index that does not count; null where there is none among the targets. */
  readonly ignore: number | null;
  readonly weights: readonly number[] | null;
  readonly smoothing: number;
  /** What the sum of all losses is divided by, as PyTorch's mean. */
  readonly total: number;
  /** Targets that count. */
  readonly counted: number;
}

interface Named {
  readonly name: string;
  readonly array: StoredArray;
}

/**
 * Looks at the targets of a classification.
 *
 * @param output shape of the graph's output, with the batch.
 * @param path of the graph, for messages.
 * @throws InputError where they are not classes of that output.
 */
export async function openClassTargets(
  objective: ClassificationObjective,
  targets: Named,
  output: readonly number[],
  samples: number,
  path: string,
  options: SampleOptions,
): Promise<{ readonly targets: ClassTargets; readonly notes: readonly Message[] }> {
  const { axis, isSoft } = classAxis(objective, targets, output, path);
  const classes = output[axis]!;
  if (classes === 1) {
    throw new InputError(
      say`${path} gives one number, [${output.join(', ')}], whose softmax is 1 whatever it is; choose "kind": "binary" for one logit.`,
      'mismatch',
    );
  }
  const { classWeights = null, labelSmoothing: smoothing = 0, ignore = null } = objective;
  if (classWeights !== null && classWeights.length !== classes) {
    throw new InputError(
      say`"objective.classWeights" has ${classWeights.length} weights and ${path} has ${classes} classes; give one for each.`,
      'mismatch',
    );
  }
  const base = {
    kind: 'classes',
    axis,
    classes,
    isSoft,
    weights: classWeights,
    smoothing,
  } as const;
  const read = isSoft ? openProbabilities : openIndices;
  if (isSoft && ignore !== null) {
    throw new InputError(
      say`"objective.ignore" is for class indices and ${targets.name} holds probabilities, [${targets.array.shape.join(', ')}]; remove it.`,
      'mismatch',
    );
  }
  const found = await read(targets, { ...base, ignore }, samples, path, options);
  return { targets: { ...base, ...found.own }, notes: found.notes };
}

/** Along which axis of the output the classes are. */
function classAxis(
  { classAxis: given }: ClassificationObjective,
  { name, array }: Named,
  output: readonly number[],
  path: string,
): { readonly axis: number; readonly isSoft: boolean } {
  const own = array.shape.slice(1);
  const shapes = say`${name} has shape [${array.shape.join(', ')}] and ${path} gives [${output.join(', ')}]`;
  const rank = output.length;
  const asked = given === undefined ? undefined : given < 0 ? given + rank : given;
  if (asked !== undefined && (asked < 1 || asked >= rank)) {
    throw new InputError(
      say`"objective.classAxis" is ${given!} and ${path} gives [${output.join(', ')}]; it must be one of the axes after the batch.`,
      'mismatch',
    );
  }
  if (rank < 2) {
    throw new InputError(
      say`${path} gives [${output.join(', ')}], one number for each sample; choose "kind": "binary" for one logit, or export the logits of all classes.`,
      'mismatch',
    );
  }
  const axes = Array.from({ length: rank - 1 }, (_, i) => i + 1);
  const matching = axes.filter((axis) => {
    const rest = output.slice(1);
    rest.splice(axis - 1, 1);
    const kept = output.slice(1).map((extent, i) => (i === axis - 1 ? 1 : extent));
    return same(own, rest) || same(own, kept);
  });
  const choice = asked === undefined ? matching : matching.filter((axis) => axis === asked);
  if (choice.length > 1) {
    throw new InputError(
      say`${shapes}, where the classes may be along axis ${choice.join(' or ')}; say which in the objective, as in "classAxis": ${choice[0]!}.`,
      'mismatch',
    );
  }
  if (choice.length === 1) {
    if (!isWhole(array)) {
      throw new InputError(
        say`${name} holds ${array.type}, and class indices are whole numbers; save it as int64, or choose another "kind" if these are no classes.`,
        'mismatch',
      );
    }
    return { axis: choice[0]!, isSoft: false };
  }
  if (!same(own, output.slice(1))) {
    throw new InputError(
      say`${shapes}; classification needs one class index for each place, the output's shape without the axis of the classes.`,
      'mismatch',
    );
  }
  if (isWhole(array)) {
    throw new InputError(
      say`${shapes}, whole numbers in the shape of the output; save one-hot rows as float32, or choose "kind": "binary" for labels that may be true together.`,
      'mismatch',
    );
  }
  if (asked === undefined && rank > 2) {
    throw new InputError(
      say`${shapes}, where the classes may be along axis ${axes.join(' or ')}; say which in the objective, as in "classAxis": 1.`,
      'mismatch',
    );
  }
  return { axis: asked ?? 1, isSoft: true };
}

type Settings = Pick<
  ClassTargets,
  'axis' | 'classes' | 'isSoft' | 'weights' | 'smoothing' | 'ignore'
>;
type Found = Pick<ClassTargets, 'array' | 'ignore' | 'total' | 'counted'>;

async function openIndices(
  { name, array: stored }: Named,
  { classes, weights, ignore }: Settings,
  samples: number,
  path: string,
  options: SampleOptions,
): Promise<{ readonly own: Found; readonly notes: readonly Message[] }> {
  const width = sizeOf(stored.shape.slice(1));
  const counts = new Float64Array(classes);
  let ignored = 0;
  const array = await openSamples(name, stored, samples, options, (values, start) => {
    for (let i = 0; i < values.length; i += 1) {
      const value = values[i]!;
      if (value >= 0 && value < classes) counts[value]! += 1;
      if (value === ignore) ignored += 1;
      else if (value < 0 || value >= classes) {
        const sample = start + Math.floor(i / width);
        throw new InputError(
          value < 0
            ? say`${name}: sample ${sample} has the target ${value}, which is no class index; if it marks targets that do not count, add "ignore": ${value} to the objective.`
            : say`Sample ${sample} is of class ${value} and ${path} has ${classes} classes, counted from 0; check the targets, or add "ignore": ${value} to the objective if it marks those that do not count.`,
          'mismatch',
        );
      }
    }
  });
  if (ignore !== null && ignore >= 0 && ignore < classes) counts[ignore] = 0;
  const counted = counts.reduce((sum, count) => sum + count, 0);
  const total = counts.reduce((sum, count, k) => sum + count * (weights?.[k] ?? 1), 0);
  if (total === 0) {
    throw new InputError(
      counted === 0
        ? say`Every target of ${name} is ${ignore!}, which "objective.ignore" says does not count; name targets that do.`
        : say`Every target of ${name} is of a class whose weight is 0 in "objective.classWeights"; give one of them another.`,
      'mismatch',
    );
  }
  const present = counts.reduce<number[]>(
    (list, count, k) => (count > 0 ? [...list, k] : list),
    [],
  );
  return {
    own: { array, ignore: ignored > 0 ? ignore : null, total, counted },
    notes:
      present.length === 1 && counted > 1
        ? [
            say`Every target is of class ${present[0]!}: a network that always answers so has no loss, and accuracy says nothing.`,
          ]
        : [],
  };
}

/** How far from 1 the sum of a row of probabilities is before a reader is told. */
const ROUNDING = 1e-3;

async function openProbabilities(
  { name, array: stored }: Named,
  { axis, classes }: Settings,
  samples: number,
  _path: string,
  options: SampleOptions,
): Promise<{ readonly own: Found; readonly notes: readonly Message[] }> {
  const shape = stored.shape.slice(1);
  const inner = sizeOf(shape.slice(axis));
  const width = sizeOf(shape);
  let [least, most] = [Infinity, -Infinity];
  const array = await openSamples(name, stored, samples, options, (values, start) => {
    for (let i = 0; i < values.length; i += classes * inner) {
      for (let k = 0; k < inner; k += 1) {
        let sum = 0;
        for (let c = 0; c < classes; c += 1) {
          const value = values[i + c * inner + k]!;
          if (value < 0 || value > 1) {
            throw new InputError(
              say`${name}: sample ${start + Math.floor(i / width)} has the target ${value}, and probabilities of classes are from 0 to 1; check the targets.`,
              'mismatch',
            );
          }
          sum += value;
        }
        least = Math.min(least, sum);
        most = Math.max(most, sum);
      }
    }
  });
  const places = (samples * width) / classes;
  return {
    own: { array, ignore: null, total: places, counted: places },
    notes:
      least < 1 - ROUNDING || most > 1 + ROUNDING
        ? [
            say`The probabilities in ${name} add up to between ${least.toPrecision(4)} and ${most.toPrecision(4)} for a target and not to 1; the loss is taken with them as they are, as PyTorch takes it.`,
          ]
        : [],
  };
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}
