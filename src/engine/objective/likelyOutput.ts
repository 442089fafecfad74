import type { Objective } from '../../shared/objectiveConfiguration';

/** Axes of a value; null where the graph leaves one open. */
type OpenShape = readonly (number | null)[];

/** Targets as their file says them, before they are read. */
export interface TargetShape {
  readonly shape: readonly number[];
  /** Whether they are whole numbers, or true and false. */
  readonly isWhole: boolean;
  /** How many classes their indices are of, counted from 0; null where they are no indices. */
  readonly classes: number | null;
}

/**
 * The output of a graph that an objective most likely means: one of a shape its targets can be compared
 * with, of several the one with as many classes, then the one whose name says so, and of those the last,
 * as networks give what leads to their answer first.
 *
 * @param targets null where there are none, or they cannot be looked at.
 */
export function likelyOutput(
  outputs: ReadonlyMap<string, OpenShape>,
  { kind }: Pick<Objective, 'kind'>,
  targets: TargetShape | null,
): string {
  const names = [...outputs.keys()];
  const fits = (name: string): boolean => {
    const shape = outputs.get(name)!;
    if (kind === 'output') return shape.slice(1).every((extent) => extent === 1);
    return targets === null || fitsTargets(kind, shape, targets);
  };
  const said = kind === 'output' ? /loss/i : /logit|pred|out|score/i;
  const hasClasses = (name: string): boolean =>
    kind === 'classification' &&
    outputs
      .get(name)!
      .slice(1)
      .includes(targets?.classes ?? NaN);
  const rank = (name: string): number =>
    (fits(name) ? 4 : 0) + (hasClasses(name) ? 2 : 0) + (said.test(name) ? 1 : 0);
  return names.reduce((best, name) => (rank(name) >= rank(best) ? name : best));
}

function fitsTargets(
  kind: Objective['kind'],
  output: OpenShape,
  { shape, isWhole }: TargetShape,
): boolean {
  if (kind !== 'classification') return isSame(withoutOnes(output), withoutOnes(shape));
  if (!isWhole) return isSame(output.slice(1), shape.slice(1));
  return output.some((classes, axis) => {
    if (axis === 0 || classes === 1) return false;
    const rest = output.filter((_, other) => other !== axis);
    return isSame(withoutOnes(rest), withoutOnes(shape));
  });
}

/** Of all axes but that of the samples. */
function withoutOnes(shape: OpenShape): OpenShape {
  return shape.slice(1).filter((extent) => extent !== 1);
}

function isSame(a: OpenShape, b: OpenShape): boolean {
  return (
    a.length === b.length &&
    a.every((extent, axis) => extent === null || b[axis] === null || extent === b[axis])
  );
}
