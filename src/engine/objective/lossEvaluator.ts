import type { Objective } from '../../shared/configuration';
import { InputError } from '../../shared/inputError';
import type { OnnxModel } from '../graph/onnx/importOnnx';
import type { Program } from '../graph/graph';
import type { Executable, FloatArray, Runtime } from '../runtime/runtime';
import { sizeOf } from '../tensor';
import type { EvaluationData } from './evaluationData';
import { DERIVATIVE, DIRECTION, INPUTS, LossGraph, TARGETS } from './lossGraph';
import type { WeightLayout } from './weights';

/** The loss of one model on one set of data, as a function of θ. */
export interface LossProblem {
  readonly model: OnnxModel;
  readonly objective: Objective;
  readonly data: EvaluationData;
  readonly parameters: WeightLayout;
  readonly buffers: WeightLayout;
  readonly bufferValues: Float32Array;
}

export interface BatchMetrics {
  readonly loss: number;
  /** Samples whose largest output is the target. */
  readonly correct: number;
  /** Σ |prediction − target| over samples and outputs, divided by the number of outputs. */
  readonly absoluteError: number;
}

/** Most samples in one run of a program. */
const MAXIMUM_BATCH = 256;

/** Bytes of intermediate values an evaluator keeps between Hessian-vector products. */
const KEPT_BYTES = 512 * 2 ** 20;

/**
 * Evaluates sums of losses and their derivatives batch by batch. The split into batches depends
 * on the data only, so that results do not depend on who evaluates which batch.
 */
export class LossEvaluator {
  readonly batches: readonly Batch[];
  readonly #problem: LossProblem;
  readonly #runtime: Runtime;
  #bufferValues: Float32Array;
  readonly #graphs = new Map<number, LossGraph>();
  readonly #executables = new Map<string, Promise<Executable>>();
  readonly #oneHot = new Map<number, FloatArray>();
  /** For each batch what its Hessian-vector products share, at the point they are taken at. */
  readonly #fixed = new Map<number, ReadonlyMap<string, FloatArray>>();
  readonly #fixedBytes: number[] = [];
  #point: Float32Array | undefined;

  constructor(problem: LossProblem, runtime: Runtime) {
    this.#problem = problem;
    this.#bufferValues = problem.bufferValues;
    this.#runtime = runtime;
    this.batches = splitBatches(problem.data.samples);
  }

  /** Takes the buffers of another checkpoint of the same model; what was compiled stays. */
  setBuffers(values: Float32Array): void {
    this.#bufferValues = values;
    this.#forgetPoint();
  }

  /** Σ of the losses over all samples. @param theta float32, or float64 on a float64 runtime. */
  async lossSum(theta: FloatArray): Promise<number> {
    let sum = 0;
    for (const batch of this.batches) {
      const value = await this.#executable('value', batch.size, (graph) => graph.value());
      const results = await value.run(this.#inputs(theta, batch));
      for (const loss of results.get('losses')!) sum += loss;
    }
    return sum;
  }

  async metrics(theta: FloatArray, batch: Batch): Promise<BatchMetrics> {
    const run = await this.#executable('evaluation', batch.size, (graph) => graph.evaluation());
    const results = await run.run(this.#inputs(theta, batch));
    let loss = 0;
    for (const value of results.get('losses')!) loss += value;
    const prediction = results.get('prediction')!;
    const width = prediction.length / batch.size;
    const { targets } = this.#problem.data;
    let correct = 0;
    let absoluteError = 0;
    for (let sample = 0; sample < batch.size; sample += 1) {
      const row = prediction.subarray(sample * width, (sample + 1) * width);
      if (targets.kind === 'classes') {
        if (argmax(row) === targets.classes[batch.start + sample]) correct += 1;
      } else {
        const start = (batch.start + sample) * width;
        for (let i = 0; i < width; i += 1) {
          absoluteError += Math.abs(row[i]! - targets.values[start + i]!) / width;
        }
      }
    }
    return { loss, correct, absoluteError };
  }

  /** The derivative of Σ losses of a batch with respect to θ. */
  async gradient(theta: FloatArray, batch: Batch): Promise<FloatArray> {
    const run = await this.#executable('gradient', batch.size, (graph) => graph.gradient());
    return this.#collect(await run.run(this.#inputs(theta, batch)));
  }

  /** Sets the point at which Hessian-vector products are taken. */
  setPoint(theta: FloatArray): void {
    this.#forgetPoint();
    this.#point = theta as Float32Array;
  }

  /** H·v of Σ losses of a batch at the point that was set. */
  async hessianProduct(v: FloatArray, batch: Batch): Promise<FloatArray> {
    const theta = this.#point;
    if (theta === undefined) throw new Error('No point was set.');
    const graph = this.#graph(batch.size);
    const inputs = this.#inputs(theta, batch);

    let shared = this.#fixed.get(batch.index);
    if (shared === undefined) {
      const first = await this.#executable('fixed', batch.size, () => graph.hessianProduct().fixed);
      shared = await first.run(inputs);
      const bytes = [...shared.values()].reduce((sum, array) => sum + array.byteLength, 0);
      if (this.#fixedBytes.reduce((sum, other) => sum + other, bytes) <= KEPT_BYTES) {
        this.#fixed.set(batch.index, shared);
        this.#fixedBytes.push(bytes);
      }
    }
    const second = await this.#executable(
      'moving',
      batch.size,
      () => graph.hessianProduct().moving,
    );
    const all = new Map<string, FloatArray>([...inputs, ...shared]);
    for (const { name, offset, size } of this.#problem.parameters.entries) {
      all.set(DIRECTION + name, v.subarray(offset, offset + size));
    }
    return this.#collect(await second.run(all));
  }

  #forgetPoint(): void {
    this.#point = undefined;
    this.#fixed.clear();
    this.#fixedBytes.length = 0;
  }

  async release(): Promise<void> {
    for (const executable of this.#executables.values()) await (await executable).release();
    this.#executables.clear();
    this.#fixed.clear();
  }

  #graph(batch: number): LossGraph {
    let graph = this.#graphs.get(batch);
    if (graph === undefined) {
      const { model, parameters, buffers, objective, data } = this.#problem;
      graph = new LossGraph(model, parameters, buffers, objective, data.inputShape, batch);
      this.#graphs.set(batch, graph);
    }
    return graph;
  }

  #executable(
    kind: string,
    batch: number,
    program: (graph: LossGraph) => Program,
  ): Promise<Executable> {
    const key = `${kind} ${batch}`;
    let executable = this.#executables.get(key);
    if (executable === undefined) {
      executable = this.#runtime.compile(program(this.#graph(batch)));
      this.#executables.set(key, executable);
    }
    return executable;
  }

  #inputs(theta: FloatArray, { start, size, index }: Batch): Map<string, FloatArray> {
    const { parameters, buffers, data } = this.#problem;
    const inputs = new Map<string, FloatArray>();
    for (const entry of parameters.entries) {
      inputs.set(entry.name, theta.subarray(entry.offset, entry.offset + entry.size));
    }
    for (const entry of buffers.entries) {
      inputs.set(entry.name, this.#bufferValues.subarray(entry.offset, entry.offset + entry.size));
    }
    const width = sizeOf(data.inputShape);
    inputs.set(INPUTS, data.inputs.subarray(start * width, (start + size) * width));
    let targets = this.#oneHot.get(index);
    if (targets === undefined) {
      targets = this.#targets(start, size);
      this.#oneHot.set(index, targets);
    }
    inputs.set(TARGETS, targets);
    return inputs;
  }

  /** What the loss compares the prediction with: one-hot rows, or values of its shape. */
  #targets(start: number, size: number): FloatArray {
    const { data, model } = this.#problem;
    const shape = this.#graph(size).predictionShape.slice(1);
    const width = sizeOf(shape);
    if (data.targets.kind === 'values') {
      if (sizeOf(data.targets.shape) !== width) {
        throw new InputError(
          `The targets have shape [${data.targets.shape.join(', ')}] for each sample and ${model.path} gives [${shape.join(', ')}]; they must be the same.`,
          'mismatch',
        );
      }
      return data.targets.values.subarray(start * width, (start + size) * width);
    }
    const rows = new Float32Array(size * width);
    data.targets.classes.subarray(start, start + size).forEach((target, sample) => {
      if (target >= width) {
        throw new InputError(
          `Sample ${start + sample} is of class ${target} and ${model.path} has ${width} classes, counted from 0; check the targets.`,
          'mismatch',
        );
      }
      rows[sample * width + target] = 1;
    });
    return rows;
  }

  #collect(results: ReadonlyMap<string, FloatArray>): FloatArray {
    const { entries, size } = this.#problem.parameters;
    const vector =
      this.#runtime.precision === 'float64' ? new Float64Array(size) : new Float32Array(size);
    for (const { name, offset } of entries) vector.set(results.get(DERIVATIVE + name)!, offset);
    return vector;
  }
}

export interface Batch {
  readonly index: number;
  /** First sample. */
  readonly start: number;
  readonly size: number;
}

/** As few batches as are allowed, of sizes that differ by one at most. */
export function splitBatches(samples: number, maximum = MAXIMUM_BATCH): readonly Batch[] {
  const count = Math.ceil(samples / maximum);
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor((index * samples) / count);
    return { index, start, size: Math.floor(((index + 1) * samples) / count) - start };
  });
}

function argmax(row: FloatArray): number {
  let best = 0;
  for (let i = 1; i < row.length; i += 1) if (row[i]! > row[best]!) best = i;
  return best;
}
