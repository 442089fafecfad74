/**
 * The same network as train.py's, trained by Basin's own gradients: L-BFGS with a strong Wolfe line
 * search (Nocedal and Wright 2006, algorithms 7.4, 3.5 and 3.6), in TypeScript, on the points and from
 * the initial weights of a run of PyTorch.
 *
 *   node examples/convection-pinn/train.mjs [RUN] [OUT] [ITERATIONS]
 *
 * RUN is a folder with step-00000.pt and basin.json, `study/beta-4/seed-0` if absent. OUT is made:
 * checkpoints as safetensors, and losses.json with the loss after every iteration.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { derivativeBatches } from '../../src/engine/objective/batches';
import { openNetwork } from '../../src/engine/graph/openNetwork';
import { lossTerms } from '../../src/engine/objective/lossData';
import { LossEvaluator } from '../../src/engine/objective/lossEvaluator';
import { chooseRuntime, openRuntime } from '../../src/engine/runtime/chooseRuntime';
import { openForAnalysis, openStudyInputs } from '../../src/engine/study/openProblem';
import { readStudy } from '../../src/engine/study/configuration/study';

/** L-BFGS iterations after which a checkpoint is written, as in train.py. */
const SAVED = [0, 100, 300, 1000, 2000, 5000];
const HISTORY = 50;
/** Of the line search: sufficient decrease, and curvature. */
const [DECREASE, CURVATURE] = [1e-4, 0.9];
const MIN_CHANGE = 1e-12;
const MIN_GRADIENT = 1e-7;

interface At {
  readonly step: number;
  readonly loss: number;
  readonly gradient: Float64Array;
  /** Along the direction. */
  readonly slope: number;
}

const [run = 'study/beta-4/seed-0', out = 'typescript/beta-4', most = '5000'] =
  process.argv.slice(2);
/** Settled when it is done. */
export const trained = train(resolve(run), resolve(out), Number(most));

async function train(folder: string, target: string, iterations: number): Promise<void> {
  const study = await readStudy(join(folder, 'basin.json'));
  const inputs = await openStudyInputs(study);
  const { problem } = await openForAnalysis(study, inputs, join(folder, 'step-00000.pt'));
  const { data, parameters } = problem;
  const chosen = chooseRuntime({ runtime: 'auto', provider: 'cpu', precision: 'float32' });
  const model = openNetwork(problem.model, problem.modelPath, problem.outputs[0]);
  const evaluator = new LossEvaluator(
    { ...problem, model, terms: lossTerms(data, model) },
    openRuntime(chosen, 1),
  );
  const batches = derivativeBatches(data.sets);

  /** The loss and its gradient; weights are single, as PyTorch's. */
  const evaluate = async (
    theta: Float32Array,
  ): Promise<{ loss: number; gradient: Float64Array }> => {
    const loss = await evaluator.loss(theta);
    const gradient = new Float64Array(theta.length);
    for (const batch of batches) {
      const part = await evaluator.gradient(theta, batch);
      for (let i = 0; i < part.length; i += 1) gradient[i]! += batch.share * part[i]!;
    }
    return { loss, gradient };
  };

  mkdirSync(target, { recursive: true });
  const save = (theta: Float32Array, step: number): void => {
    const name = `step-${String(step).padStart(5, '0')}.safetensors`;
    const tensors = parameters.entries.map(({ name: tensor, shape, offset, size }) => ({
      tensor,
      shape,
      values: theta.subarray(offset, offset + size),
    }));
    writeFileSync(join(target, name), safetensors(tensors, step));
  };

  let theta = Float32Array.from(problem.theta);
  let { loss, gradient } = await evaluate(theta);
  const losses = [loss];
  let evaluations = 1;
  const memory: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  save(theta, 0);
  const started = Date.now();
  let done = 0;
  let saved = 0;
  while (done < iterations) {
    const direction = descent(gradient, memory);
    const slope = dot(gradient, direction);
    if (slope > -MIN_CHANGE) break;
    const first =
      done === 0 ? Math.min(1, 1 / gradient.reduce((sum, each) => sum + Math.abs(each), 0)) : 1;
    const from = theta;
    const at = async (step: number): Promise<At> => {
      evaluations += 1;
      const found = await evaluate(moved(from, direction, step));
      return { step, ...found, slope: dot(found.gradient, direction) };
    };
    const next = await lineSearch(at, { step: 0, loss, gradient, slope }, first, direction);
    const s = direction.map((each) => next.step * each);
    const y = next.gradient.map((each, i) => each - gradient[i]!);
    const sy = dot(s, y);
    theta = moved(from, direction, next.step);
    done += 1;
    const change = Math.abs(next.loss - loss);
    ({ loss, gradient } = next);
    losses.push(loss);
    if (sy > 1e-10) {
      memory.push({ s, y, rho: 1 / sy });
      if (memory.length > HISTORY) memory.shift();
    }
    if (SAVED.includes(done)) save(theta, (saved = done));
    const farthest = s.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
    const steepest = gradient.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
    if (farthest <= MIN_CHANGE || change < MIN_CHANGE || steepest <= MIN_GRADIENT) break;
  }
  if (saved !== done) save(theta, done);
  writeConfiguration(folder, target);
  writeFileSync(
    join(target, 'losses.json'),
    `${JSON.stringify(losses.map((each) => Number(each.toPrecision(7))))}\n`,
  );
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  console.log(
    `${done} iterations, ${evaluations} gradients, ${seconds} s: loss ${loss.toExponential(3)}`,
  );
  await evaluator.release();
}

/** −Hg by the two loops of algorithm 7.4. */
function descent(
  gradient: Float64Array,
  memory: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((each) => -each);
  const shares = new Float64Array(memory.length);
  for (let k = memory.length - 1; k >= 0; k -= 1) {
    const { s, y, rho } = memory[k]!;
    shares[k] = rho * dot(s, q);
    for (let i = 0; i < q.length; i += 1) q[i]! -= shares[k]! * y[i]!;
  }
  const last = memory.at(-1);
  if (last !== undefined) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i += 1) q[i]! *= scale;
  }
  for (const [k, { s, y, rho }] of memory.entries()) {
    const beta = rho * dot(y, q);
    for (let i = 0; i < q.length; i += 1) q[i]! += (shares[k]! - beta) * s[i]!;
  }
  return q;
}

/** A step that fulfils the strong Wolfe conditions, or the best that 25 evaluations found. */
async function lineSearch(
  at: (step: number) => Promise<At>,
  start: At,
  first: number,
  direction: Float64Array,
): Promise<At> {
  const isEnough = ({ step, loss }: At): boolean =>
    loss <= start.loss + DECREASE * step * start.slope;
  const isFlat = ({ slope }: At): boolean => Math.abs(slope) <= -CURVATURE * start.slope;
  const reach = direction.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  let before = start;
  let here = await at(first);
  let low: At | undefined;
  let high: At | undefined;
  for (let tries = 0; tries < 25; tries += 1) {
    if (!isEnough(here) || (tries > 0 && here.loss >= before.loss)) {
      [low, high] = [before, here];
      break;
    }
    if (isFlat(here)) return here;
    if (here.slope >= 0) {
      [low, high] = [here, before];
      break;
    }
    const farther = here.step + 0.01 * (here.step - before.step);
    const step = cubicMinimum(before, here, farther, here.step * 10);
    before = here;
    here = await at(step);
  }
  if (low === undefined || high === undefined) return here;
  if (low.loss > high.loss) [low, high] = [high, low];
  for (let tries = 0; tries < 25; tries += 1) {
    const [left, right] = [Math.min(low.step, high.step), Math.max(low.step, high.step)];
    if ((right - left) * reach < 1e-9) break;
    // Not so near to an end that the interval hardly shrinks.
    const margin = 0.1 * (right - left);
    const step = Math.min(
      right - margin,
      Math.max(left + margin, cubicMinimum(low, high, left, right)),
    );
    const middle = await at(step);
    if (!isEnough(middle) || middle.loss >= low.loss) {
      high = middle;
      continue;
    }
    if (isFlat(middle)) return middle;
    if (middle.slope * (high.step - low.step) >= 0) high = low;
    low = middle;
  }
  return low;
}

/** The minimum of the cubic through two points with their slopes (equation 3.59), within bounds. */
function cubicMinimum(a: At, b: At, least: number, most: number): number {
  const [low, high] = a.step <= b.step ? [a, b] : [b, a];
  const d1 = low.slope + high.slope - (3 * (low.loss - high.loss)) / (low.step - high.step);
  const square = d1 * d1 - low.slope * high.slope;
  if (!(square >= 0)) return (least + most) / 2;
  const d2 = Math.sqrt(square);
  const step =
    high.step -
    ((high.step - low.step) * (high.slope + d2 - d1)) / (high.slope - low.slope + 2 * d2);
  return Math.min(most, Math.max(least, step));
}

function moved(
  from: Float32Array,
  direction: Float64Array,
  step: number,
): Float32Array<ArrayBuffer> {
  return Float32Array.from(from, (each, i) => each + step * direction[i]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}

/** A file of safetensors: the length of the header, the header, the values. */
function safetensors(
  tensors: readonly { tensor: string; shape: readonly number[]; values: Float32Array }[],
  step: number,
): Buffer {
  const header: Record<string, unknown> = { __metadata__: { step: String(step) } };
  let offset = 0;
  for (const { tensor, shape, values } of tensors) {
    header[tensor] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const text = JSON.stringify(header);
  const padded = text.padEnd(Math.ceil(text.length / 8) * 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const bytes = tensors.map(({ values }) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  );
  return Buffer.concat([length, Buffer.from(padded), ...bytes]);
}

/** The run's own settings, for the files that are written here. */
function writeConfiguration(folder: string, target: string): void {
  const from = (path: string): string =>
    relative(target, resolve(folder, path)).replaceAll('\\', '/');
  const text = readFileSync(join(folder, 'basin.json'), 'utf8')
    .replace('step-*.pt', 'step-*.safetensors')
    .replace(/"model": "([^"]*)"/, (_, path: string) => `"model": "${from(path)}"`)
    .replace(/"points": "([^"]*)"/, (_, path: string) => `"points": "${from(path)}"`);
  writeFileSync(join(target, 'basin.json'), text);
}
