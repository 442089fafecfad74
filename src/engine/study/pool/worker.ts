import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../../../shared/inputError';
import { openNetwork } from '../../graph/openNetwork';
import { workOnSlice } from '../../hessian/vectorSlices';
import { fillDirection } from '../../landscape/directions';
import { lossTerms } from '../../objective/lossData';
import { LossEvaluator } from '../../objective/lossEvaluator';
import { Random } from '../../random';
import { openRuntime } from '../../runtime/chooseRuntime';
import type { Runtime } from '../../runtime/runtime';
import { zerosLike, type FloatArray } from '../../tensor';
import { analyzeTopology } from '../../topology/analyzeTopology';
import { releaseVectors } from '../../hessian/longVectors';
import { moveTo, type Point } from './point';
import { OwnCopies } from './sharedVector';
import {
  workOf,
  type Answers,
  type FromWorker,
  type ProblemMessage,
  type Task,
  type ToWorker,
  type Work,
  type WorkerRuntime,
} from './workerProtocol';

const { runtime: chosen, threads, left } = workerData as WorkerRuntime;
const runtime = leavable(openRuntime(chosen, threads));

/** Number of the task that is computed. */
let current = 0;

let evaluator: LossEvaluator | undefined;
/** The same loss with BatchNorm's statistics recomputed. */
let recomputing: LossEvaluator | undefined;
let problem: ProblemMessage | undefined;
let directions: readonly FloatArray[] = [];
/**
 * Where evaluations are: the only vector of the length of θ that a worker keeps, and only one that
 * evaluates.
 */
let place: Point | undefined;
const copies = new OwnCopies();
let bufferDirections: readonly Float64Array[] = [];
/** What the pool knows the memory of. */
const measured = new Set<Work>();

const port = parentPort;
if (port === null) throw new Error('This module runs in a worker thread.');

port.postMessage({ type: 'ready' } satisfies FromWorker);

/** Messages are handled one after the other: a problem is set before its tasks run. */
let last: Promise<void> = Promise.resolve();
port.on('message', (message: ToWorker) => {
  last = last.then(() => handle(message));
});

async function handle(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'problem':
      await change(message.problem);
      return;
    case 'directions':
      ({ directions, bufferDirections } = message);
      return;
    case 'task':
      await perform(message.id, message.task);
  }
}

async function change(message: ProblemMessage): Promise<void> {
  const next = { ...message, bufferValues: message.bufferValues.slice() };
  if (problem?.theta.length !== next.theta.length) copies.clear();
  if (problem?.programs === next.programs) {
    if (place !== undefined) place.isCenter = false;
    for (const each of [evaluator, recomputing]) each?.setBuffers(next.bufferValues);
  } else {
    for (const each of [evaluator, recomputing]) await each?.release();
    evaluator = undefined;
    recomputing = undefined;
    place = undefined;
  }
  problem = next;
  measured.clear();
  directions = [];
  bufferDirections = [];
}

function placeOf({ theta }: ProblemMessage): Point {
  place ??= { values: zerosLike(theta), isCenter: false };
  return place;
}

/** θ, in memory that native runtimes take. */
function center(own: ProblemMessage): FloatArray {
  const point = placeOf(own);
  if (!point.isCenter) point.values.set(own.theta);
  point.isCenter = true;
  return point.values;
}

/** Programs that are not run for a task that nobody waits for any more. */
function leavable(own: Runtime): Runtime {
  return {
    name: own.name,
    version: own.version,
    precision: own.precision,
    ...(own.carries === undefined ? {} : { carries: own.carries }),
    async compile(program, known) {
      const executable = await own.compile(program, known);
      const stopLeft = (): void => {
        if (Atomics.load(left, 0) === current) throw new Error('Nobody waits for this task.');
      };
      return {
        run(inputs) {
          stopLeft();
          return executable.run(inputs);
        },
        carry(inputs) {
          stopLeft();
          return executable.carry?.(inputs) ?? executable.run(inputs);
        },
        release: () => executable.release(),
      };
    },
  };
}

async function perform(id: number, task: Task): Promise<void> {
  current = id;
  try {
    const answer = await answerTo(task);
    const keeps = task.kind === 'products' && evaluator?.keeps(task.batch) === true;
    const arrays = Array.isArray(answer) ? answer : [answer];
    const transfer = arrays.flatMap((array: unknown) =>
      ArrayBuffer.isView(array) ? [array.buffer as ArrayBuffer] : [],
    );
    port!.postMessage({ type: 'done', id, answer, keeps } satisfies FromWorker, transfer);
    if (workOf(task) === 'derivatives') releaseVectors(problem!.theta.length);
  } catch (error) {
    port!.postMessage({
      type: 'failed',
      id,
      message: error instanceof Error ? error.message : String(error),
      input: error instanceof InputError ? { said: error.said, reason: error.reason } : null,
      stack: error instanceof Error ? (error.stack ?? null) : null,
    } satisfies FromWorker);
  }
}

async function answerTo(task: Task): Promise<Answers[Task['kind']]> {
  if (task.kind === 'topology') return analyzeTopology(task.values, task.shape, task.options);
  if (task.kind === 'slice') return workOnSlice(task.slice);
  if (task.kind === 'direction') {
    fillDirection(task.part);
    return null;
  }
  if (problem === undefined) throw new Error('No problem was set.');
  const work = task.kind === 'memory' ? task.work : workOf(task);
  const own =
    work === 'recomputed values'
      ? (recomputing ??= open(problem, true))
      : (evaluator ??= open(problem, false));
  if (task.kind === 'memory') return memory(own, task.work);
  if (work !== null && !measured.has(work)) {
    measured.add(work);
    port!.postMessage({ type: 'memory', work, bytes: memory(own, work) } satisfies FromWorker);
  }
  switch (task.kind) {
    case 'metrics':
      return own.metrics(center(problem), task.batch);
    case 'losses':
    case 'perturbedLosses': {
      const point = placeOf(problem);
      const losses: number[] = [];
      for (const [i, at] of task.coordinates.entries()) {
        moveTo(point, problem.theta, at, directions);
        if (task.kind === 'perturbedLosses') perturb(point.values, task.seed);
        losses.push(await withBuffers(own, problem, task.mixes?.[i], () => own.loss(point.values)));
      }
      return losses;
    }
    case 'pointLoss': {
      const point = placeOf(problem);
      moveTo(point, task.theta, [], []);
      return withBuffers(own, problem, task.mix, () => own.loss(point.values));
    }
    case 'pointGradient': {
      const point = placeOf(problem);
      moveTo(point, task.theta, [], []);
      return withBuffers(own, problem, task.mix, () => own.gradient(point.values, task.batch));
    }
    case 'gradient':
      return own.gradient(center(problem), task.batch, 'seldom');
    case 'curvatures':
      return own.curvatures(center(problem), copies.of([task.direction])[0]!, task.batch);
    case 'products':
      own.setPoint(center(problem), task.matrix);
      return own.hessianProducts(copies.of(task.directions), task.batch);
    case 'nonFinite':
      return own.firstNonFinite(center(problem), task.batch, task.of);
  }
}

/**
 * What runtimes take for what is alive at once: ONNX Runtime's arenas grow by doubling, and what is
 * free in them is in pieces. GPT-2's shape went 0.6 GiB beyond a plan of 4.6 for its worker.
 */
const ARENA = 1.15;

function memory(own: LossEvaluator, work: Work): number {
  return Math.ceil(ARENA * own.memory(work === 'derivatives' ? 'derivatives' : 'values'));
}

function open(message: ProblemMessage, recomputesStatistics: boolean): LossEvaluator {
  const [output, ...others] = message.outputs;
  const only = others.length === 0 ? output : undefined;
  const model = openNetwork(message.model, message.modelPath, only);
  const terms = lossTerms(message.data, model);
  return new LossEvaluator({ ...message, model, terms, recomputesStatistics }, runtime);
}

/** Does work with the buffers b + Σ mᵢβᵢ, and puts b back. */
async function withBuffers<T>(
  own: LossEvaluator,
  { bufferValues }: ProblemMessage,
  mix: readonly number[] | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (mix === undefined || mix.every((share) => share === 0)) return work();
  const mixed = zerosLike(bufferValues);
  for (let i = 0; i < mixed.length; i += 1) {
    let sum = bufferValues[i]!;
    for (const [k, share] of mix.entries()) sum += share * bufferDirections[k]![i]!;
    mixed[i] = sum;
  }
  own.setBuffers(mixed);
  try {
    return await work();
  } finally {
    own.setBuffers(bufferValues);
  }
}

/** Moves every weight by its unit in the last place, up or down. */
function perturb(values: FloatArray, seed: number): void {
  const random = new Random(seed, 'rounding');
  const unit = values instanceof Float64Array ? 2 ** -53 : 2 ** -24;
  const most = values.length;
  for (let start = 0; start < most; start += 32) {
    const stop = Math.min(most, start + 32);
    let signs = random.bits();
    for (let i = start; i < stop; i += 1) {
      const value = values[i]!;
      values[i] = value + value * (1 - 2 * (signs & 1)) * unit;
      signs >>>= 1;
    }
  }
}
