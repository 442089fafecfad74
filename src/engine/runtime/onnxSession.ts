import type * as onnx from 'onnxruntime-node';
import { InputError } from '../../shared/inputError';
import type { Precision } from '../../shared/runtimeSetting';
import { topologicalOrder, type Node, type Program } from '../graph/operations';
import { blockProbe, probedBlock, probeInput } from '../graph/onnx/export/blockedLayout';
import { say } from '../../shared/words/message';
import { exportOnnx } from '../graph/onnx/exportOnnx';
import type { Executable, FloatArray } from './runtime';

/** What ONNX Runtime's packages have in common: the native one and the one for WebAssembly. */
export type OnnxApi = Pick<typeof onnx, 'InferenceSession' | 'Tensor' | 'env'>;

export interface SessionSettings {
  readonly provider: string;
  readonly precision: Precision;
  /** Threads of one operation. */
  readonly threads: number;
}

/**
 * A program as a session of ONNX Runtime.
 *
 * @throws InputError where it has no kernel for an operation in this precision.
 */
export async function openSession(
  api: OnnxApi,
  program: Program,
  known: ReadonlyMap<string, FloatArray>,
  { provider, precision, threads }: SessionSettings,
): Promise<Executable> {
  const block = provider === 'cpu' && precision === 'float32' ? await blockOf(api) : 0;
  const model = exportOnnx(program, precision, known, block);
  let session: onnx.InferenceSession;
  try {
    session = await api.InferenceSession.create(model, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // A pattern of one block for a whole run is kept beside what the first run took.
      enableMemPattern: false,
      enableCpuMemArena: program.seldom !== true,
      graphOptimizationLevel: optimization(program, precision),
      // Errors only: it warns of every initializer it optimises away.
      logSeverityLevel: provider === 'cpu' || provider === 'wasm' ? 3 : 4,
    });
  } catch (error) {
    throw missingKernel(error, precision) ?? error;
  }
  return new OnnxSession(api, session, openInputs(program, known), precision);
}

/**
 * The fusions beyond the basic ones keep factors in float32, whatever the type. Programs of
 * derivatives are written with nothing left to fuse: looking for it takes as long as some runs.
 */
function optimization(program: Program, precision: Precision): 'disabled' | 'basic' | 'all' {
  if (program.isDerivative === true) return 'disabled';
  return precision === 'float64' ? 'basic' : 'all';
}

let measuredBlock: Promise<number> | undefined;

/**
 * Channels in a block of the processor's own layout of images; 0 where it has none. It depends on
 * the processor, and nothing but its result tells it.
 */
function blockOf(api: OnnxApi): Promise<number> {
  measuredBlock ??= probe(api).catch(() => 0);
  return measuredBlock;
}

async function probe(api: OnnxApi): Promise<number> {
  const session = await api.InferenceSession.create(blockProbe(), {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  try {
    const { data, shape } = probeInput();
    const results = await session.run({ x: new api.Tensor('float32', data, shape) });
    return probedBlock(results.y!.data as Float32Array);
  } finally {
    await session.release();
  }
}

class OnnxSession implements Executable {
  private readonly api: OnnxApi;
  private readonly session: onnx.InferenceSession;
  private readonly inputs: readonly Node<'input'>[];
  private readonly precision: Precision;

  constructor(
    api: OnnxApi,
    session: onnx.InferenceSession,
    inputs: readonly Node<'input'>[],
    precision: Precision,
  ) {
    this.api = api;
    this.session = session;
    this.inputs = inputs;
    this.precision = precision;
  }

  async run(inputs: ReadonlyMap<string, FloatArray>): Promise<ReadonlyMap<string, FloatArray>> {
    const feeds: Record<string, onnx.Tensor> = {};
    for (const { attributes, shape } of this.inputs) {
      const given = inputs.get(attributes.name);
      if (given === undefined) throw new Error(`Input ${attributes.name} is missing.`);
      feeds[attributes.name] = this.tensor(given, shape);
    }
    const results = await this.session.run(feeds);
    return new Map(
      Object.entries(results).map(([name, tensor]) => [name, tensor.data as FloatArray]),
    );
  }

  release(): Promise<void> {
    return this.session.release();
  }

  private tensor(values: FloatArray, shape: readonly number[]): onnx.Tensor {
    if (this.precision === 'float64') {
      const typed = values instanceof Float64Array ? values : Float64Array.from(values);
      return new this.api.Tensor('float64', typed, shape);
    }
    const typed = values instanceof Float32Array ? values : Float32Array.from(values);
    return new this.api.Tensor('float32', typed, shape);
  }
}

/** What every run has to give. */
function openInputs(
  program: Program,
  known: ReadonlyMap<string, FloatArray>,
): readonly Node<'input'>[] {
  return topologicalOrder(program.outputs.values())
    .filter((node) => node.operation === 'input')
    .filter((node) => !known.has(node.attributes.name));
}

/** The sentence for a kernel ONNX Runtime does not have; null where it failed by something else. */
function missingKernel(error: unknown, precision: Precision): InputError | null {
  const message = error instanceof Error ? error.message : String(error);
  const operator = /Could not find an implementation for (\w+)\(/.exec(message)?.[1];
  if (operator === undefined || precision === 'float32') return null;
  return new InputError(
    say`ONNX Runtime has no float64 kernel for ${operator}, which this network needs; analyse it in float32, or in float64 on the runtime "reference".`,
    'unsupported',
  );
}
