import { join } from 'node:path';
import type { Configuration } from '../../shared/configuration';
import { InputError } from '../../shared/inputError';
import type { ProbeAgreement } from '../../shared/result';
import { fromScalar } from '../../shared/result/scalar';
import { say } from '../../shared/words/message';
import { readArray } from '../checkpoint/numpy/npy';
import { sha256 } from '../checkpoint/bytes/hash';
import { openModelWeights } from '../graph/onnx/modelWeights';
import { lossBatches } from '../objective/batches';
import { measuredMetrics } from '../objective/metrics';
import type { WeightLayout } from '../objective/weights';
import { contentKey, type Cache } from './results/cache';
import { openForAnalysis, openStudyInputs, type OpenedCheckpoint } from './openProblem';
import { readProbe, type Probe, type ProbeFacts } from './probeFile';
import type { Study } from './configuration/study';
import type { WorkerPool } from './pool/workerPool';

/** Part of the key under which an agreement is kept. */
const VERSION = 1;

/** Largest differences, relative, that rounding in float32 explains. */
const OUTPUT = 1e-4;
const LOSS = 1e-4;
const GRADIENT = 2e-3;
/** Of the whole gradient: smaller parts of it are rounding. */
const GRADIENT_FLOOR = 1e-4;
const WEIGHTS = 1e-5;

/**
 * Compares what the framework says of the graph's own weights with what is computed here: outputs,
 * loss, and the gradient of each tensor. What agreed once is kept, by the content of all it follows
 * from.
 *
 * @throws InputError naming what differs first, by how much, and the likely cause.
 */
export async function checkProbe(
  study: Study,
  key: string,
  pool: WorkerPool,
  cache: Cache,
  signal?: AbortSignal,
): Promise<ProbeAgreement | null> {
  const { folder, configuration } = study;
  if (configuration.probe === undefined) return null;
  const probe = await readProbe(folder, configuration.probe);
  const known = `probe-${contentKey(
    { VERSION },
    key,
    await sha256(join(folder, configuration.probe), signal),
    await sha256(join(folder, configuration.model), signal),
    pool.runtime.identity,
  ).slice(0, 32)}`;
  const before = await cache.read<ProbeAgreement>(known);
  if (before !== null) return before;
  const check = new ProbeCheck(study, probe, pool, signal);
  const agreement = await check.run();
  await cache.write(known, agreement);
  return agreement;
}

class ProbeCheck {
  private readonly study: Study;
  private readonly probe: Probe;
  private readonly pool: WorkerPool;
  private readonly signal: AbortSignal | undefined;

  constructor(study: Study, probe: Probe, pool: WorkerPool, signal: AbortSignal | undefined) {
    this.study = study;
    this.probe = probe;
    this.pool = pool;
    this.signal = signal;
  }

  async run(): Promise<ProbeAgreement> {
    const { output, about } = this.probe;
    // An output is compared as a regression on what it should be.
    const outputs = output === null ? null : await this.outputs(output);
    if (about === null) return { torch: null, output: outputs, loss: null, gradient: null };
    const opened = await this.open(this.dataOfProbe(), this.study.configuration.objective);
    requireSameWeights(opened, about, this.probe.name, this.study.configuration.model);
    const loss = await this.loss(opened, about);
    const gradient = await this.gradient(opened, about);
    return { torch: about.torch, output: outputs, loss, gradient };
  }

  /** The relative difference of the outputs. */
  private async outputs(output: string): Promise<number> {
    const { name, about } = this.probe;
    const inputs = about === null ? `${name}#x` : this.dataOfProbe().inputs;
    const data = { inputs, targets: `${name}#${output}` };
    const opened = await this.open(data, { kind: 'regression', loss: 'squared' });
    if (about !== null) {
      requireSameWeights(opened, about, name, this.study.configuration.model);
    }
    const squares = await this.lossOf(opened);
    const nothing = await this.meanSquare(output);
    const off = Math.sqrt(squares / Math.max(nothing, Number.MIN_VALUE));
    if (off <= OUTPUT) return off;
    const { model } = this.study.configuration;
    throw new InputError(
      say`${name}: for the same inputs and weights the outputs of ${model} differ from the framework's by ${percent(off)} of their size. The export dropped or changed something (an option of a layer, BatchNorm or dropout in training mode), or the two were exported at different times: export again with basin_export.py.`,
      'mismatch',
    );
  }

  private async loss(opened: OpenedCheckpoint, { loss }: ProbeFacts): Promise<number> {
    const own = await this.lossOf(opened);
    const off = Math.abs(own - loss) / Math.max(Math.abs(loss), 1e-6);
    if (off <= LOSS) return off;
    throw new InputError(
      this.probe.output === null
        ? say`${this.probe.name}: for the same inputs and weights the loss is ${digits(own)} where the framework has ${digits(loss)}. The "objective" is not the loss that was exported (label smoothing, class weights, ignored classes, how it is averaged), or an option was dropped: correct it, or export again with basin_export.py.`
        : say`${this.probe.name}: the outputs agree, and the loss is ${digits(own)} where the framework has ${digits(loss)}. The "objective" is not the loss that was exported (label smoothing, class weights, ignored classes, how it is averaged), or an option was dropped: correct it, or export again with basin_export.py.`,
      'mismatch',
    );
  }

  /** The largest relative difference of a tensor's gradient norm. */
  private async gradient(
    opened: OpenedCheckpoint,
    { gradients, tied }: ProbeFacts,
  ): Promise<number> {
    const { parameters } = opened.weights;
    const norms = await this.gradientNorms(opened, parameters);
    const whole = Math.hypot(...gradients.values());
    const twins = new Map(tied.flatMap((names) => names.map((name) => [name, names] as const)));
    let largest = 0;
    for (const [name, norm] of norms) {
      const known = [name, ...(twins.get(name) ?? [])].find((each) => gradients.has(each));
      // One that the user has let go, or the graph calls otherwise.
      if (known === undefined) continue;
      const wanted = gradients.get(known)!;
      const difference = Math.abs(norm - wanted);
      largest = Math.max(largest, difference / Math.max(whole, Number.MIN_VALUE));
      if (difference <= GRADIENT * wanted + GRADIENT_FLOOR * whole) continue;
      throw new InputError(
        say`${this.probe.name}: the loss agrees, and the gradient of ${name} has the norm ${digits(norm)} where the framework has ${digits(wanted)}. The export has cut or changed a way through that tensor (detach, rounding, a tensor that is shared or taken for another): export again with basin_export.py, and if it stays so, this is a fault of Basin.`,
        'mismatch',
      );
    }
    return largest;
  }

  /** The evaluation data with the probe's file in place of its own. */
  private dataOfProbe(): { inputs: string | Record<string, string>; targets?: string } {
    const { data } = this.study.configuration;
    const { name, arrays } = this.probe;
    const swapped = (spec: string): string => {
      const array = spec.includes('#') ? spec.slice(spec.lastIndexOf('#') + 1) : '';
      if (arrays.has(array)) return `${name}#${array}`;
      throw new InputError(
        say`${name} has no array ${array === '' ? spec : array}, which "data" names; it was written for other data: export again with basin_export.py, or remove "probe".`,
        'mismatch',
      );
    };
    const inputs = data?.inputs ?? '';
    return {
      inputs:
        typeof inputs === 'string'
          ? swapped(inputs)
          : Object.fromEntries(
              Object.entries(inputs).map(([input, spec]) => [input, swapped(spec)]),
            ),
      ...(data?.targets === undefined ? {} : { targets: swapped(data.targets) }),
    };
  }

  private async open(
    data: NonNullable<Configuration['data']>,
    objective: Configuration['objective'],
  ): Promise<OpenedCheckpoint> {
    // The graph's weights have the graph's names: it is joined with no checkpoint.
    const { weights: _, names: __, ...configuration } = this.study.configuration;
    const study: Study = {
      ...this.study,
      checkpoints: [],
      configuration: { ...configuration, data, objective },
    };
    const { precision } = this.pool.runtime.identity;
    const inputs = await openStudyInputs(study, this.signal, precision);
    const file = join(study.folder, configuration.model);
    return openForAnalysis(study, inputs, file, this.signal, () =>
      openModelWeights(file, configuration.model, this.signal),
    );
  }

  private async lossOf(opened: OpenedCheckpoint): Promise<number> {
    const { data } = opened.problem;
    const batches = lossBatches(data.sets);
    this.pool.setProblem(opened.problem);
    const measured = await Promise.all(
      batches.map((batch) => this.pool.run<'metrics'>({ kind: 'metrics', batch }, this.signal)),
    );
    return fromScalar(measuredMetrics(data, batches, measured).loss);
  }

  private async gradientNorms(
    opened: OpenedCheckpoint,
    { entries, size }: WeightLayout,
  ): Promise<ReadonlyMap<string, number>> {
    const batches = lossBatches(opened.problem.data.sets);
    this.pool.setProblem(opened.problem);
    const parts = await Promise.all(
      batches.map((batch) => this.pool.run<'gradient'>({ kind: 'gradient', batch }, this.signal)),
    );
    const sum = new Float64Array(size);
    for (const [index, part] of parts.entries()) {
      const { share } = batches[index]!;
      for (let i = 0; i < size; i += 1) sum[i]! += share * part[i]!;
    }
    return new Map(
      entries.map(({ name, offset, size: own }) => [
        name,
        norm(sum.subarray(offset, offset + own)),
      ]),
    );
  }

  /** Mean of the squares of an array of the probe. */
  private async meanSquare(output: string): Promise<number> {
    const { data } = await readArray(`${this.probe.name}#${output}`, this.study.folder);
    let sum = 0;
    for (const value of data) sum += Number(value) ** 2;
    return sum / Math.max(1, data.length);
  }
}

/** @throws InputError where the graph holds other weights than the probe is about. */
function requireSameWeights(
  { weights: { parameters, theta } }: OpenedCheckpoint,
  { weights }: ProbeFacts,
  probe: string,
  model: string,
): void {
  for (const { name, offset, size } of parameters.entries) {
    const wanted = weights.get(name);
    if (wanted === undefined) continue;
    const own = norm(theta.subarray(offset, offset + size));
    if (Math.abs(own - wanted) <= WEIGHTS * Math.max(wanted, 1e-3)) continue;
    throw new InputError(
      say`${probe} is of another export than ${model}: the norm of ${name} is ${digits(own)} in the graph and ${digits(wanted)} in the probe. Export both again with basin_export.py.`,
      'mismatch',
    );
  }
}

function norm(values: Float64Array | Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i]! * values[i]!;
  return Math.sqrt(sum);
}

function digits(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
