import type { Configuration, PdeObjective } from '../../../shared/configuration';
import { checkPoints } from './pointChecks';
import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import { readArray } from '../../checkpoint/numpy/npy';
import { Random } from '../../random';
import type { Tensor } from '../../tensor';
import type { PointSet } from '../batches';
import type { CollocationData } from './collocationData';
import type { ConditionSet, PdeProblem } from './pdeProblem';
import { gridPoints, samplePoints, type Interval } from './sampling';

/**
 * Most points in one run of a program: fewer spend the time of a small network between operations,
 * more leave the processor's cache (docs/pde.md has the measurement).
 */
const MAX_BATCH = 512;

/** Points of the test grid where the configuration does not say. */
const TEST_POINTS = 10_000;
const MAX_TEST_AXIS = 1000;
const MAX_TEST_POINTS = 1e7;
/** With more variables a grid is corners only. */
const MAX_TEST_AXES = 8;

/**
 * Samples or reads the collocation points of a problem.
 *
 * @param folder what relative names are relative to.
 * @throws InputError when arrays are missing or do not fit the problem.
 */
export async function collocate(
  problem: PdeProblem,
  objective: PdeObjective,
  data: Configuration['data'],
  folder: string,
): Promise<CollocationData> {
  const points: Float64Array[] = [];
  let measurements: Float64Array | null = null;
  const width = problem.notation.variables.length;
  const given = objective.collocation.points;
  for (const [index, set] of problem.sets.entries()) {
    if (set.kind === 'data') {
      const read = await readMeasurements(data!, problem, folder);
      points.push(read.points);
      measurements = read.values;
    } else if (given === undefined) {
      points.push(sampled(problem, set, objective, index));
    } else {
      const array = set.kind === 'residual' ? 'interior' : set.kind;
      points.push(await readPoints(`${given}#${array}`, width, folder));
    }
  }
  const sets = points.map((own): PointSet => lossSet(own.length / width));
  const samples = sets.reduce((sum, set) => sum + set.points, 0);
  if (problem.exact !== null) {
    const test = testPoints(problem, objective);
    points.push(test);
    sets.push({ ...lossSet(test.length / width), role: 'test' });
  }
  const collocated: CollocationData = {
    kind: 'collocation',
    objective,
    sets,
    samples,
    points,
    measurements,
  };
  checkPoints(problem, collocated, given);
  return collocated;
}

function lossSet(points: number): PointSet {
  return { role: 'loss', points, largestBatch: MAX_BATCH };
}

/** Points of a set of conditions, [points, variables]. */
function sampled(
  problem: PdeProblem,
  { kind, free, sides }: ConditionSet,
  { collocation }: PdeObjective,
  index: number,
): Float64Array {
  const { sampling, seed } = collocation;
  const count =
    kind === 'residual'
      ? collocation.interior
      : kind === 'initial'
        ? collocation.initial
        : collocation.boundary;
  const random = new Random(seed, `collocation ${index}`);
  if (sides === null) {
    return spread(problem, free, samplePoints(box(problem, free), sampling, count, random));
  }
  // Every side holds as many points as the others, or one more.
  const faces = sides.flatMap((variable) => [0, 1].map((end) => ({ variable, end })));
  const pieces = faces.map(({ variable, end }, face) => {
    const others = free.filter((other) => other !== variable);
    const own =
      typeof count === 'number'
        ? Math.floor(((face + 1) * count) / faces.length) -
          Math.floor((face * count) / faces.length)
        : count;
    if (own === 0) return new Float64Array(0);
    const piece = spread(
      problem,
      others,
      samplePoints(box(problem, others), sampling, own, random),
    );
    const { length } = problem.notation.variables;
    const value = problem.notation.domain[variable]![end]!;
    for (let i = variable; i < piece.length; i += length) piece[i] = value;
    return piece;
  });
  return concatenated(pieces);
}

function box({ notation, periodic }: PdeProblem, variables: readonly number[]): Interval[] {
  return variables.map((variable) => {
    const [min, max] = notation.domain[variable]!;
    return { min, max, periodic: periodic.has(variable) };
  });
}

/** Coordinates of some variables as points of all of them; the others are 0. */
function spread(
  { notation }: PdeProblem,
  variables: readonly number[],
  coordinates: Float64Array,
): Float64Array {
  const width = notation.variables.length;
  const narrow = variables.length;
  // Without free variables there is one point.
  const count = narrow === 0 ? 1 : coordinates.length / narrow;
  const points = new Float64Array(count * width);
  for (let point = 0; point < count; point += 1) {
    for (let i = 0; i < narrow; i += 1) {
      points[point * width + variables[i]!] = coordinates[point * narrow + i]!;
    }
  }
  return points;
}

function concatenated(pieces: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

/** The points the error is taken at: a grid, or Latin hypercube points of many variables. */
function testPoints(problem: PdeProblem, { test, collocation }: PdeObjective): Float64Array {
  const variables = problem.notation.variables.map((_, variable) => variable);
  const axes = box(problem, variables);
  if (test === undefined && axes.length > MAX_TEST_AXES) {
    const random = new Random(collocation.seed, 'test points');
    return samplePoints(axes, 'latin-hypercube', TEST_POINTS, random);
  }
  const each = Math.min(MAX_TEST_AXIS, Math.floor(TEST_POINTS ** (1 / axes.length) + 1e-9));
  const steps = typeof test === 'object' ? test : new Array<number>(axes.length).fill(test ?? each);
  if (steps.length !== axes.length) {
    throw new InputError(
      say`"objective.test" has ${steps.length} numbers for ${axes.length} variables; give one for each, or one number.`,
      'mismatch',
    );
  }
  const count = steps.reduce((product, n) => product * n, 1);
  if (count > MAX_TEST_POINTS) {
    throw new InputError(
      say`"objective.test" makes a grid of ${count} points; ${MAX_TEST_POINTS} are the most, choose smaller numbers.`,
    );
  }
  return gridPoints(axes, steps);
}

async function readPoints(name: string, width: number, folder: string): Promise<Float64Array> {
  const tensor = await readArray(name, folder);
  const [count, columns] = tensor.shape;
  const isList = width === 1 && tensor.shape.length === 1;
  if ((!isList && (tensor.shape.length !== 2 || columns !== width)) || count === 0) {
    throw new InputError(
      say`${name} has shape [${tensor.shape.join(', ')}]; points need the shape [points, ${width}], a column for each of "variables".`,
      'mismatch',
    );
  }
  return finite(tensor, name, count! * width);
}

async function readMeasurements(
  data: NonNullable<Configuration['data']>,
  { notation }: PdeProblem,
  folder: string,
): Promise<{ readonly points: Float64Array; readonly values: Float64Array }> {
  const width = notation.variables.length;
  const { length } = notation.unknowns;
  if (data.targets === undefined) {
    throw new InputError(
      say`"data.targets" is missing: the measured values at the points of "data.inputs"; name their array, as in "measured.npz#u".`,
      'missing',
    );
  }
  const [named, ...others] =
    typeof data.inputs === 'string' ? [data.inputs] : Object.values(data.inputs);
  if (named === undefined || others.length > 0) {
    throw new InputError(
      say`"data.inputs" names several arrays and measured points are one, a column for each of "variables"; name that one, as in "measured.npz#points".`,
      'mismatch',
    );
  }
  const inputs = await readArray(named, folder);
  const targets = await readArray(data.targets, folder);
  const available = inputs.shape[0] ?? 0;
  if (targets.shape[0] !== available || available === 0) {
    throw new InputError(
      say`${data.targets} has ${targets.shape[0] ?? 0} samples and ${named} has ${available}; both must have as many.`,
      'mismatch',
    );
  }
  const count = Math.min(available, data.limit ?? available);
  if (inputs.shape.length !== 2 || inputs.shape[1] !== width) {
    throw new InputError(
      say`${named} has shape [${inputs.shape.join(', ')}]; measured points need the shape [points, ${width}], a column for each of "variables".`,
      'mismatch',
    );
  }
  const columns = targets.shape.length === 1 ? 1 : targets.shape[1];
  if (targets.shape.length > 2 || columns !== length) {
    throw new InputError(
      say`${data.targets} has shape [${targets.shape.join(', ')}]; measured values need the shape [points, ${length}], a column for each unknown.`,
      'mismatch',
    );
  }
  return {
    points: finite(inputs, named, count * width),
    values: finite(targets, data.targets, count * length),
  };
}

/** The first numbers of an array, in double precision. */
function finite({ data }: Tensor, name: string, length: number): Float64Array {
  const values = Float64Array.from({ length }, (_, i) => Number(data[i]));
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new InputError(
      say`${name} holds ${values[bad]!} at element ${bad}; points and measurements must be finite.`,
    );
  }
  return values;
}
