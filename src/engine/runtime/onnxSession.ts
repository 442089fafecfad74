import type * as onnx from 'onnxruntime-node';
import { InputError } from '../../shared/inputError';
import type { Precision } from '../../shared/runtimeSetting';
import { topologicalOrder, type Node, type Program } from '../graph/operations';
import { blockProbe, probedBlock, probeInput } from '../graph/onnx/export/blockedLayout';
import { say } from '../../shared/words/message';
import type { Device } from '../graph/onnx/export/deviceKernels';
import { exportOnnx } from '../graph/onnx/exportOnnx';
import type { Carried, DeviceArray, Executable, FloatArray } from './runtime';

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
  const device = deviceOf(provider);
  const { bytes, onProcessor } = exportOnnx(program, precision, known, { block, device });
  const stays = program.stays === true && carriesArrays(provider);
  let session: onnx.InferenceSession;
  try {
    session = await api.InferenceSession.create(bytes, {
      executionProviders: [
        device === 'webgpu' && onProcessor.length > 0
          ? { name: 'webgpu', forceCpuNodeNames: onProcessor }
          : provider,
      ],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // A pattern of one block for a whole run is kept beside what the first run took.
      enableMemPattern: false,
      enableCpuMemArena: program.seldom !== true,
      graphOptimizationLevel: optimization(program, precision, device),
      ...(stays ? { preferredOutputLocation: 'gpu-buffer' } : {}),
      // Errors only: it warns of every initializer it optimises away.
      logSeverityLevel: device === null ? 3 : 4,
    });
  } catch (error) {
    throw missingKernel(error, precision) ?? error;
  }
  return new OnnxSession(api, session, openInputs(program, known), precision);
}

/**
 * The fusions beyond the basic ones keep factors in float32, whatever the type. Programs of
 * derivatives are written with nothing left to fuse on a processor: looking for it takes as long as some runs.
 */
function optimization(
  program: Program,
  precision: Precision,
  device: Device | null,
): 'disabled' | 'basic' | 'all' {
  if (program.isDerivative === true && device === null) return 'disabled';
  return precision === 'float64' ? 'basic' : 'all';
}

function deviceOf(provider: string): Device | null {
  if (provider === 'webgpu') return provider;
  return provider === 'cpu' || provider === 'wasm' ? null : 'other';
}

/** Whether arrays can stay with a provider: the binding for Node knows buffers of WebGPU alone. */
export function carriesArrays(provider: string): boolean {
  return provider === 'webgpu';
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

class TensorOnDevice implements DeviceArray {
  readonly tensor: onnx.Tensor;
  readonly byteLength: number;

  constructor(tensor: onnx.Tensor) {
    this.tensor = tensor;
    this.byteLength = tensor.size * Float32Array.BYTES_PER_ELEMENT;
  }

  release(): void {
    this.tensor.dispose();
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

  async run(inputs: ReadonlyMap<string, Carried>): Promise<ReadonlyMap<string, FloatArray>> {
    const results = await this.session.run(this.feeds(inputs));
    return new Map(
      Object.entries(results).map(([name, tensor]) => [name, tensor.data as FloatArray]),
    );
  }

  async carry(inputs: ReadonlyMap<string, Carried>): Promise<ReadonlyMap<string, Carried>> {
    const results = await this.session.run(this.feeds(inputs));
    return new Map(
      Object.entries(results).map(([name, tensor]) => [
        name,
        tensor.location === 'gpu-buffer' ? new TensorOnDevice(tensor) : (tensor.data as FloatArray),
      ]),
    );
  }

  private feeds(inputs: ReadonlyMap<string, Carried>): Record<string, onnx.Tensor> {
    const feeds: Record<string, onnx.Tensor> = {};
    for (const { attributes, shape } of this.inputs) {
      const given = inputs.get(attributes.name);
      if (given === undefined) throw new Error(`Input ${attributes.name} is missing.`);
      if (given instanceof TensorOnDevice) feeds[attributes.name] = given.tensor;
      else feeds[attributes.name] = this.tensor(given as FloatArray, shape);
    }
    return feeds;
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
