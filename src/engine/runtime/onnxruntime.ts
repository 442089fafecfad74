import { createRequire } from 'node:module';
import type * as onnx from 'onnxruntime-node';
import { exportOnnx } from '../graph/onnx/exportOnnx';
import { topologicalOrder, type Node, type Program } from '../graph/graph';
import type { Executable, FloatArray, Runtime } from './runtime';

type OnnxRuntime = typeof onnx;

export interface OnnxRuntimeOptions {
  /** Threads of one operation. Independent runs on single threads use a machine better. */
  readonly threads?: number;
  readonly precision?: 'float32' | 'float64';
}

/** Whether the native library loads here, and its version; the error where it does not. */
export function findOnnxRuntime(): { readonly version: string } | { readonly error: string } {
  try {
    return { version: load().version };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Microsoft's ONNX Runtime, native, on the processor. @throws Error where it does not load. */
export function onnxRuntime({
  threads = 1,
  precision = 'float32',
}: OnnxRuntimeOptions = {}): Runtime {
  const { module, version } = load();
  return {
    name: 'onnxruntime-node',
    version,
    precision,
    async compile(program, known = new Map()) {
      const session = await module.InferenceSession.create(exportOnnx(program, precision, known), {
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: 'all',
        // Errors only: it warns of every initializer it optimises away.
        logSeverityLevel: 3,
      });
      return new Session(module, session, openInputs(program, known), precision);
    },
  };
}

class Session implements Executable {
  readonly #module: OnnxRuntime;
  readonly #session: onnx.InferenceSession;
  readonly #inputs: readonly Node<'input'>[];
  readonly #precision: 'float32' | 'float64';

  constructor(
    module: OnnxRuntime,
    session: onnx.InferenceSession,
    inputs: readonly Node<'input'>[],
    precision: 'float32' | 'float64',
  ) {
    this.#module = module;
    this.#session = session;
    this.#inputs = inputs;
    this.#precision = precision;
  }

  async run(inputs: ReadonlyMap<string, FloatArray>): Promise<ReadonlyMap<string, FloatArray>> {
    const feeds: Record<string, onnx.Tensor> = {};
    for (const { attributes, shape } of this.#inputs) {
      const given = inputs.get(attributes.name);
      if (given === undefined) throw new Error(`Input ${attributes.name} is missing.`);
      feeds[attributes.name] = this.#tensor(given, shape);
    }
    const results = await this.#session.run(feeds);
    return new Map(
      Object.entries(results).map(([name, tensor]) => [name, tensor.data as FloatArray]),
    );
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  #tensor(values: FloatArray, shape: readonly number[]): onnx.Tensor {
    if (this.#precision === 'float64') {
      const typed = values instanceof Float64Array ? values : Float64Array.from(values);
      return new this.#module.Tensor('float64', typed, shape);
    }
    const typed = values instanceof Float32Array ? values : Float32Array.from(values);
    return new this.#module.Tensor('float32', typed, shape);
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

let loaded: { readonly module: OnnxRuntime; readonly version: string } | undefined;

/** Loaded on first use, so that whoever does not compute does not need it. */
function load(): { readonly module: OnnxRuntime; readonly version: string } {
  if (loaded === undefined) {
    const require = createRequire(__filename);
    const module = require('onnxruntime-node') as OnnxRuntime;
    loaded = { module, version: module.env.versions.node ?? module.env.versions.common };
  }
  return loaded;
}
