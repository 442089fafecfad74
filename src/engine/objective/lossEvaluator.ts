import { largest } from '../../shared/extremes';
import { InputError } from '../../shared/inputError';
import type { CurvatureMatrix } from '../graph/gaussNewton';
import type { PlaceUse } from '../graph/onnx/importOnnx';
import type { Program } from '../graph/operations';
import { say } from '../../shared/words/message';
import { referenceRuntime } from '../runtime/reference';
import type { Carried, Executable, FloatArray, Runtime } from '../runtime/runtime';
import { zerosLike } from '../tensor';
import { derivativeBatches, splitBatches, type Batch } from './batches';
import { liveElements, outputElements, termElements } from './evaluationMemory';
import {
  CARRIED,
  CURVATURES,
  DERIVATIVE,
  DIRECTION,
  LossGraph,
  momentNames,
  type Differentiated,
  type Normalisation,
} from './lossGraph';
import { LOSSES } from './lossTerm';
import { locate, type NonFinitePlace } from './nonFinitePlace';
import { MomentSum, WHOLE_ELEMENTS, wholeSets } from './wholeSetStatistics';
import type { BatchMetrics, LossProblem } from './lossProblem';

/** Bytes of batches an evaluator keeps; what is more is read again in every pass. */
const KEPT_INPUT_BYTES = 128 * 2 ** 20;

/** Bytes of intermediate values an evaluator keeps between Hessian-vector products. */
const KEPT_BYTES = 512 * 2 ** 20;

/** Evaluates sums of losses and their derivatives batch by batch. */
export class LossEvaluator {
  private readonly problem: LossProblem;
  private readonly runtime: Runtime;
  private readonly normalisation: Normalisation;
  private readonly batches: readonly Batch[];
  private bufferValues: FloatArray;
  private readonly graphs = new Map<string, LossGraph>();
  private readonly executables = new Map<string, Promise<Executable>>();
  /** For each batch what its term feeds the programs, in the runtime's precision. */
  private readonly termInputs = new Map<string, ReadonlyMap<string, FloatArray>>();
  private termInputBytes = 0;
  /** For each batch what its Hessian-vector products share, at the point they are taken at. */
  private readonly fixed = new Map<string, ReadonlyMap<string, Carried>>();
  private readonly fixedBytes: number[] = [];
  /** Weights and buffers at that point, where they stay on a device. */
  private weightsThere: ReadonlyMap<string, Carried> | undefined;
  private point: FloatArray | undefined;
  /** Whose products those are. */
  private matrix: CurvatureMatrix = 'hessian';

  /** @param mostTogether as that of `wholeSets`. */
  constructor(problem: LossProblem, runtime: Runtime, mostTogether = WHOLE_ELEMENTS) {
    this.problem = problem;
    this.bufferValues = problem.bufferValues;
    this.runtime = runtime;
    const { sets } = problem.data;
    const whole = problem.recomputesStatistics === true ? wholeSets(problem, mostTogether) : null;
    this.batches = splitBatches(whole ?? sets);
    this.normalisation =
      problem.recomputesStatistics !== true ? 'running' : whole === null ? 'given' : 'batch';
  }

  /** Takes the buffers of another checkpoint of the same model; what was compiled stays. */
  setBuffers(values: FloatArray): void {
    this.bufferValues = values;
    this.forgetPoint();
  }

  /** The loss. @param theta float32, or float64 on a float64 runtime. */
  async loss(theta: FloatArray): Promise<number> {
    const { sets } = this.problem.data;
    const sums = new Float64Array(sets.length);
    const given = this.normalisation === 'given' ? await this.moments(theta) : [];
    for (const batch of this.batches) {
      if (sets[batch.set]!.role !== 'loss') continue;
      const value = await this.executable('value', batch, (graph) => graph.value());
      const results = await value.run(new Map([...(await this.inputs(theta, batch)), ...given]));
      for (const loss of results.get(LOSSES)!) sums[batch.set]! += loss;
    }
    return sums.reduce((total, sum, set) => {
      const { points, weight = points } = sets[set]!;
      return total + sum / weight;
    }, 0);
  }

  /** Mean and variance of what each BatchNormalization normalises, over all samples. */
  private async moments(theta: FloatArray): Promise<ReadonlyMap<string, FloatArray>> {
    const given = new Map<string, FloatArray>();
    const stages = this.graph(this.batches[0]!).moments().length;
    for (let stage = 0; stage < stages; stage += 1) {
      const sums = new Map<number, MomentSum>();
      for (const batch of this.batches) {
        const moments = this.graph(batch).moments()[stage]!;
        const executable = await this.executable(`moments ${stage}`, batch, () => moments.program);
        const results = await executable.run(
          new Map([...(await this.inputs(theta, batch)), ...given]),
        );
        for (const [place, count] of moments.places) {
          const { mean, variance } = momentNames(place);
          const sum = sums.get(place) ?? new MomentSum(results.get(mean)!.length);
          sum.add(count, results.get(mean)!, results.get(variance)!);
          sums.set(place, sum);
        }
      }
      for (const [place, sum] of sums) {
        const { mean, variance } = momentNames(place);
        given.set(mean, this.rounded(sum.mean));
        given.set(variance, this.rounded(sum.variance()));
      }
    }
    return given;
  }

  private rounded(values: Float64Array): FloatArray {
    return this.runtime.precision === 'float64' ? values : Float32Array.from(values);
  }

  async metrics(theta: FloatArray, batch: Batch): Promise<BatchMetrics> {
    const run = await this.executable('evaluation', batch, (graph) => graph.evaluation());
    const results = await run.run(await this.inputs(theta, batch));
    let loss = 0;
    let lossSquares = 0;
    for (const value of results.get(LOSSES)!) {
      loss += value;
      lossSquares += value * value;
    }
    return { loss, lossSquares, ...this.problem.terms[batch.set]!.measure(results, batch) };
  }

  /**
   * The derivative of Σ losses of a batch with respect to θ.
   *
   * @param often whether it is wanted at many points.
   */
  async gradient(
    theta: FloatArray,
    batch: Batch,
    often: 'often' | 'seldom' = 'often',
  ): Promise<FloatArray> {
    const seldom = often === 'seldom';
    const run = await this.executable(`gradient ${often}`, batch, (graph) => ({
      ...graph.gradient(),
      seldom,
    }));
    return this.collect(await run.run(await this.inputs(theta, batch)));
  }

  /** vᵀH(point)v of the loss of each point of a batch. @param direction v, of θ's length. */
  async curvatures(theta: FloatArray, direction: FloatArray, batch: Batch): Promise<FloatArray> {
    const run = await this.executable('curvatures', batch, (graph) => graph.curvatures());
    const inputs = new Map(await this.inputs(theta, batch));
    for (const { name, offset, size } of this.problem.parameters.entries) {
      inputs.set(DIRECTION + name, direction.subarray(offset, offset + size));
    }
    return (await run.run(inputs)).get(CURVATURES)!;
  }

  /**
   * Sets the point at which Hessian-vector products are taken, and of which matrix. Until the buffers are set anew, the
   * same array is the same point; it may hold others between products.
   */
  setPoint(theta: FloatArray, matrix: CurvatureMatrix = 'hessian'): void {
    if (this.point === theta && this.matrix === matrix) return;
    this.forgetPoint();
    this.point = theta;
    this.matrix = matrix;
  }

  /** Whether what the products of a batch share is kept at the point. */
  keeps(batch: Batch): boolean {
    return this.fixed.has(keyOf(batch));
  }

  /**
   * H·v of Σ losses of a batch at the point that was set, for each of some directions; or the product
   * with the matrix that was set.
   *
   * How many go into one run depends on their number and on the batch alone.
   */
  async hessianProducts(
    directions: readonly FloatArray[],
    batch: Batch,
  ): Promise<readonly FloatArray[]> {
    const theta = this.point;
    if (theta === undefined) throw new Error('No point was set.');
    const inputs = await this.inputs(theta, batch);
    const shared = await this.sharedOf(batch, inputs);
    const weights = await this.carriedWeights(batch, inputs);
    const of = this.matrix;
    const runs = Math.ceil(directions.length / this.graph(batch).directionsTogether(of));
    const products: FloatArray[] = [];
    for (let run = 0; run < runs; run += 1) {
      const start = Math.floor((run * directions.length) / runs);
      const end = Math.floor(((run + 1) * directions.length) / runs);
      const together = directions.slice(start, end);
      const count = together.length;
      const executable = await this.executable(`${of} ${count}`, batch, (graph) =>
        count === 1 ? graph.hessianProduct(of).moving : graph.hessianProducts(count, of),
      );
      const all = new Map<string, Carried>([...inputs, ...weights, ...shared]);
      for (const { name, offset, size } of this.problem.parameters.entries) {
        all.set(DIRECTION + name, stacked(together, offset, size));
      }
      const results = await executable.run(all);
      for (let i = 0; i < count; i += 1) products.push(this.collect(results, i));
    }
    if (this.fixed.get(keyOf(batch)) !== shared) releaseAll(shared);
    return products;
  }

  /** What the products of a batch share at the point. */
  private async sharedOf(
    batch: Batch,
    inputs: ReadonlyMap<string, FloatArray>,
  ): Promise<ReadonlyMap<string, Carried>> {
    const known = this.fixed.get(keyOf(batch));
    if (known !== undefined) return known;
    // A quadratic has the same Hessian everywhere: nothing of it depends on the point.
    const of = this.matrix;
    const ofTerm = new Set((await this.inputsOfTerm(batch)).keys());
    const shared = new Map(await this.carried(batch, inputs, ofTerm, 'term'));
    for (const [index, part] of this.preparation(batch, of).entries()) {
      const executable = await this.executable(`fixed ${of} ${index}`, batch, () => part);
      const given = new Map<string, Carried>([...inputs, ...shared]);
      const results = await (executable.carry?.(given) ?? executable.run(given));
      for (const [name, values] of results) shared.set(name, values);
    }
    if (shared.size === 0) return shared;
    const bytes = [...shared.values()].reduce((sum, array) => sum + array.byteLength, 0);
    if (this.fixedBytes.reduce((sum, other) => sum + other, bytes) <= KEPT_BYTES) {
      this.fixed.set(keyOf(batch), shared);
      this.fixedBytes.push(bytes);
    }
    return shared;
  }

  private preparation(batch: Batch, of: CurvatureMatrix): readonly Program[] {
    const { fixed } = this.graph(batch).hessianProduct(of);
    return fixed.outputs.size === 0 ? [] : this.graph(batch).preparation(of);
  }

  /** Weights and buffers as they stay with the runtime at the point; none where nothing does. */
  private async carriedWeights(
    batch: Batch,
    inputs: ReadonlyMap<string, FloatArray>,
  ): Promise<ReadonlyMap<string, Carried>> {
    const { parameters, buffers } = this.problem;
    const names = new Set([...parameters.entries, ...buffers.entries].map(({ name }) => name));
    this.weightsThere ??= await this.carried(batch, inputs, names, 'weights');
    return this.weightsThere;
  }

  /** Inputs of a batch's products, taken to where the runtime computes once for all products. */
  private async carried(
    batch: Batch,
    inputs: ReadonlyMap<string, FloatArray>,
    names: ReadonlySet<string>,
    what: string,
  ): Promise<ReadonlyMap<string, Carried>> {
    if (this.runtime.carries !== true) return new Map();
    const of = this.matrix;
    const program = this.graph(batch).carriedInputs(names, of);
    if (program.outputs.size === 0) return new Map();
    const executable = await this.executable(`carried ${what} ${of}`, batch, () => program);
    const results = await (executable.carry?.(inputs) ?? executable.run(inputs));
    return new Map(
      [...results].map(([name, values]) => [name.slice(CARRIED.length), values] as const),
    );
  }

  /**
   * Bytes that evaluations take at their peak: weights, batches and intermediate values, without
   * what the runtime takes for itself.
   */
  memory(of: 'values' | 'derivatives'): number {
    const { parameters, buffers } = this.problem;
    const element = this.runtime.precision === 'float64' ? 8 : 4;
    const batches = of === 'values' ? this.batches : derivativeBatches(this.problem.data.sets);
    const peak = (elements: (graph: LossGraph) => number): number => {
      const graphs = new Map(batches.map((batch) => [`${batch.set} ${batch.size}`, batch]));
      return largest([...graphs.values()].map((batch) => elements(this.graph(batch))));
    };
    let elements = parameters.size + buffers.size;
    let kept = 0;
    if (of === 'values') {
      elements += peak((graph) => liveElements(graph.evaluation()));
    } else {
      // Directions, derivatives as the runtime gives them, and those in one vector.
      elements += 3 * parameters.size;
      elements += peak((graph) => {
        const { fixed, moving } = graph.hessianProduct();
        const shared = outputElements(fixed);
        kept = Math.max(kept, shared * batches.length * element);
        return Math.max(
          liveElements(graph.gradient()),
          liveElements(fixed),
          shared + graph.directionsTogether() * liveElements(moving),
        );
      });
    }
    const ofBatch = new Map<LossGraph, number>();
    let inputs = 0;
    for (const batch of batches) {
      const graph = this.graph(batch);
      const own = ofBatch.get(graph) ?? termElements(graph.evaluation());
      ofBatch.set(graph, own);
      inputs += own;
    }
    return (
      elements * element + Math.min(kept, KEPT_BYTES) + Math.min(inputs * element, KEPT_INPUT_BYTES)
    );
  }

  /**
   * Where infinity, or what is not a number, begins in the losses of a batch, their gradient or
   * H·v with a direction of ones.
   *
   * @returns null where all of it is finite.
   */
  async firstNonFinite(
    theta: FloatArray,
    batch: Batch,
    of: Differentiated,
  ): Promise<NonFinitePlace | null> {
    const { parameters, data } = this.problem;
    if (await this.isFinite(theta, batch, of)) return null;
    return locate(
      {
        of,
        batch,
        precision: this.runtime.precision,
        isPoints: data.kind === 'collocation',
        parameters,
        graphOf: (size) => this.graph({ ...batch, size }),
        inputsOf: (own) => this.inputs(theta, own),
      },
      this.runtime,
    );
  }

  private async isFinite(theta: FloatArray, batch: Batch, of: Differentiated): Promise<boolean> {
    if (of === 'loss') return Number.isFinite((await this.metrics(theta, batch)).loss);
    if (of === 'gradient') return (await this.gradient(theta, batch)).every(Number.isFinite);
    const ones = zerosLike(theta).fill(1);
    this.setPoint(theta);
    const [product] = await this.hessianProducts([ones], batch);
    return product!.every(Number.isFinite);
  }

  private forgetPoint(): void {
    this.point = undefined;
    for (const shared of this.fixed.values()) releaseAll(shared);
    releaseAll(this.weightsThere ?? new Map());
    this.weightsThere = undefined;
    this.fixed.clear();
    this.fixedBytes.length = 0;
  }

  async release(): Promise<void> {
    this.forgetPoint();
    for (const executable of this.executables.values()) await (await executable).release();
    this.executables.clear();
  }

  private graph({ set, size }: Batch): LossGraph {
    const key = `${set} ${size}`;
    let graph = this.graphs.get(key);
    if (graph === undefined) {
      const { model, parameters, buffers, terms } = this.problem;
      graph = new LossGraph(model, parameters, buffers, terms[set]!, size, this.normalisation);
      this.graphs.set(key, graph);
    }
    return graph;
  }

  private executable(
    kind: string,
    batch: Batch,
    program: (graph: LossGraph) => Program,
  ): Promise<Executable> {
    const key = `${kind} ${batch.set} ${batch.size}`;
    let executable = this.executables.get(key);
    if (executable === undefined) {
      executable = this.runtime.compile(program(this.graph(batch)));
      this.executables.set(key, executable);
    }
    return executable;
  }

  private async inputs(theta: FloatArray, batch: Batch): Promise<Map<string, FloatArray>> {
    const { parameters, buffers } = this.problem;
    const inputs = new Map<string, FloatArray>();
    for (const entry of parameters.entries) {
      inputs.set(entry.name, theta.subarray(entry.offset, entry.offset + entry.size));
    }
    for (const entry of buffers.entries) {
      inputs.set(entry.name, this.bufferValues.subarray(entry.offset, entry.offset + entry.size));
    }
    for (const [name, values] of await this.inputsOfTerm(batch)) {
      inputs.set(name, values);
    }
    return inputs;
  }

  private async inputsOfTerm(batch: Batch): Promise<ReadonlyMap<string, FloatArray>> {
    let inputs = this.termInputs.get(keyOf(batch));
    if (inputs === undefined) {
      // The term learns what it needs when it is built.
      const graph = this.graph(batch);
      const given = new Map(this.problem.terms[batch.set]!.inputs(batch));
      const whole = graph.wholeNumbers();
      if (whole !== null) {
        const computed = await (await referenceRuntime.compile(whole)).run(given);
        for (const [name, values] of computed) given.set(name, values);
      }
      for (const use of graph.placeUses()) requirePlaces(given.get(use.name)!, use, batch);
      const isSingle = this.runtime.precision === 'float32';
      inputs = new Map(
        [...given].map(([name, values]) => [
          name,
          isSingle && values instanceof Float64Array ? new Float32Array(values) : values,
        ]),
      );
      const bytes = [...inputs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (this.termInputBytes + bytes <= KEPT_INPUT_BYTES) {
        this.termInputs.set(keyOf(batch), inputs);
        this.termInputBytes += bytes;
      }
    }
    return inputs;
  }

  /** The derivatives as one vector. @param direction its number where there are several. */
  private collect(results: ReadonlyMap<string, FloatArray>, direction = 0): FloatArray {
    const { entries, size } = this.problem.parameters;
    const vector =
      this.runtime.precision === 'float64' ? new Float64Array(size) : new Float32Array(size);
    for (const { name, offset, size: own } of entries) {
      const values = results.get(DERIVATIVE + name)!;
      vector.set(values.subarray(direction * own, (direction + 1) * own), offset);
    }
    return vector;
  }
}

/**
 * @throws InputError where whole numbers pick what is not there: a framework fails there, and a
 * runtime may take a number below 0 for one counted from the end.
 */
function requirePlaces(values: FloatArray, use: PlaceUse, { start, size }: Batch): void {
  const { extent, least, except, where } = use;
  for (const [i, value] of values.entries()) {
    if ((value >= least && value < extent) || value === except) continue;
    const sample = start + Math.floor((i * size) / values.length);
    throw new InputError(
      say`${where} takes places from ${least} to ${extent - 1}, and sample ${sample} asks for ${value}; check the whole numbers in "data.inputs".`,
      'mismatch',
    );
  }
}

/** Gives back what a device holds. */
function releaseAll(arrays: ReadonlyMap<string, Carried>): void {
  for (const array of arrays.values()) if ('release' in array) array.release();
}

/** Points of a set, whatever the others are split into. */
function keyOf({ set, start, size }: Batch): string {
  return `${set} ${start} ${size}`;
}

/** The same part of several vectors, one after the other. */
function stacked(vectors: readonly FloatArray[], offset: number, size: number): FloatArray {
  const first = vectors[0]!;
  if (vectors.length === 1) return first.subarray(offset, offset + size);
  const all = zerosLike(first, vectors.length * size);
  vectors.forEach((vector, i) => {
    all.set(vector.subarray(offset, offset + size), i * size);
  });
  return all;
}
