import { availableParallelism } from 'node:os';
import { InputError } from '../../shared/inputError';
import type { RuntimeIdentity } from '../../shared/result';
import {
  PRECISIONS,
  RUNTIMES,
  type Precision,
  type RuntimeSetting,
} from '../../shared/runtimeSetting';
import { loadTensorFlow, locateTensorFlow } from './tensorflow/find';
import { say, type Message } from '../../shared/words/message';
import { findOnnxRuntime, onnxRuntime, type FoundOnnxRuntime } from './onnxruntime';
import { findOnnxRuntimeWeb, onnxRuntimeWeb } from './onnxruntimeWeb';
import { referenceRuntime } from './reference';
import type { Runtime } from './runtime';
import { softwareDevice } from './vulkanDrivers';
import { tensorFlowRuntime, tensorFlowVersion } from './tensorflow/tensorflow';

/** A runtime this machine has, as it crosses to a worker. */
export interface ChosenRuntime {
  readonly identity: RuntimeIdentity;
  /** What the reader of a result must know about the choice: a sentence. */
  readonly note: Message | null;
  /** The main file of tfjs-node where that is the runtime. */
  readonly module: string | null;
}

/**
 * What results are computed with.
 *
 * @param folder absolute and trusted, whose TensorFlow.js may be run; null for none.
 * @throws InputError where this machine does not have what the setting asks for.
 */
export function chooseRuntime(
  { runtime, provider, precision }: RuntimeSetting,
  folder: string | null = null,
): ChosenRuntime {
  requireOneOf(
    runtime,
    ['auto', ...RUNTIMES],
    (value, known) => say`There is no runtime ${value}; choose one of ${known}.`,
  );
  requireOneOf(
    precision,
    PRECISIONS,
    (value, known) => say`There is no precision ${value}; choose one of ${known}.`,
  );
  if (provider !== 'cpu' && runtime !== 'auto' && runtime !== 'onnxruntime-node') {
    throw new InputError(
      say`The execution provider "${provider}" is one of onnxruntime-node and the runtime is "${runtime}"; choose the provider "cpu", or the runtime "onnxruntime-node".`,
      'unsupported',
    );
  }
  switch (runtime) {
    case 'auto':
      return chooseOnnxRuntime(provider, precision);
    case 'onnxruntime-node': {
      const found = findOnnxRuntime();
      if ('error' in found) {
        throw new InputError(
          say`${doesNotLoad('ONNX Runtime', found.error)}; choose the runtime "auto", or run "basin doctor" for what to do.`,
          'unsupported',
        );
      }
      return native(found, provider, precision);
    }
    case 'onnxruntime-web': {
      const found = findOnnxRuntimeWeb();
      if ('error' in found) {
        throw new InputError(
          say`${doesNotLoad(say`ONNX Runtime for WebAssembly`, found.error)}; run "basin doctor" for what to do.`,
          'unsupported',
        );
      }
      return chosen({ name: 'onnxruntime-web', version: found.version, precision });
    }
    case 'tensorflow':
      return chooseTensorFlow(precision, folder);
    case 'reference': {
      // It has one precision: the settings' default for the others is not asked of it.
      const { name, version, precision: own } = referenceRuntime;
      return chosen({ name, version, precision: own });
    }
  }
}

/** A setting is whatever was written where it is kept. @throws InputError */
function requireOneOf(
  value: string,
  known: readonly string[],
  refuse: (value: string, known: string) => Message,
): void {
  if (known.includes(value)) return;
  throw new InputError(refuse(JSON.stringify(value), known.join(', ')));
}

/** The native one, or the one in WebAssembly where that does not load. */
function chooseOnnxRuntime(provider: string, precision: Precision): ChosenRuntime {
  const found = findOnnxRuntime();
  if (!('error' in found)) return native(found, provider, precision);
  const missing = doesNotLoad(say`The native ONNX Runtime`, found.error);
  const web = findOnnxRuntimeWeb();
  if ('error' in web || provider !== 'cpu') {
    throw new InputError(say`${missing}; run "basin doctor" for what to do.`, 'unsupported');
  }
  return {
    ...chosen({ name: 'onnxruntime-web', version: web.version, precision }),
    note: say`${missing}; ONNX Runtime in WebAssembly computed this, which is slower.`,
  };
}

function native(found: FoundOnnxRuntime, provider: string, precision: Precision): ChosenRuntime {
  const { version, providers } = found;
  if (!providers.some(({ name }) => name === provider)) {
    throw new InputError(
      say`ONNX Runtime ${version} has no execution provider "${provider}" on ${platform()}; choose one of ${providers.map(({ name }) => name).join(', ')}.`,
      'unsupported',
    );
  }
  if (provider !== 'cpu' && precision === 'float64') {
    throw new InputError(
      say`The execution provider "${provider}" computes in float32; choose the provider "cpu" for float64.`,
      'unsupported',
    );
  }
  const identity: RuntimeIdentity = { name: 'onnxruntime-node', version, precision };
  if (provider === 'cpu') return chosen(identity);
  const software = provider === 'webgpu' ? softwareDevice() : null;
  return {
    ...chosen({ ...identity, provider }),
    note:
      software === null
        ? null
        : say`The execution provider "${provider}" computed on ${software}, which is a program on the processor and no GPU.`,
  };
}

function chooseTensorFlow(precision: Precision, folder: string | null): ChosenRuntime {
  if (precision === 'float64') {
    throw new InputError(
      say`TensorFlow.js has float32 tensors only; choose the runtime "onnxruntime-node" or "reference" for float64.`,
      'unsupported',
    );
  }
  const main = locateTensorFlow(folder);
  if (main === null) {
    throw new InputError(
      folder === null
        ? say`@tensorflow/tfjs-node is not installed; install it there with "npm install @tensorflow/tfjs-node", or choose the runtime "auto".`
        : say`@tensorflow/tfjs-node is not installed in ${folder}; install it there with "npm install @tensorflow/tfjs-node", or choose the runtime "auto".`,
      'missing',
    );
  }
  try {
    const version = tensorFlowVersion(loadTensorFlow(main));
    return { ...chosen({ name: 'tensorflow', version, precision }), module: main };
  } catch (error) {
    throw new InputError(
      say`${doesNotLoad('@tensorflow/tfjs-node', error instanceof Error ? error.message : String(error))}; run "npm rebuild @tensorflow/tfjs-node --ignore-scripts=false" where it is installed, or choose the runtime "auto".`,
      'unsupported',
    );
  }
}

/** @param threads of one operation, where the runtime leaves that to the caller. */
export function openRuntime({ identity, module }: ChosenRuntime, threads: number): Runtime {
  const { name, precision, provider } = identity;
  switch (name) {
    case 'onnxruntime-node':
      return onnxRuntime({ threads, precision, ...(provider === undefined ? {} : { provider }) });
    case 'onnxruntime-web':
      return onnxRuntimeWeb({ threads, precision });
    case 'tensorflow':
      return tensorFlowRuntime(loadTensorFlow(module!), identity.version);
    case 'reference':
      return referenceRuntime;
    default:
      throw new Error(`There is no runtime ${name}.`);
  }
}

export interface WorkerPlan {
  readonly workers: number;
  /** Of one operation, in each worker. */
  readonly threads: number;
}

/**
 * How a machine is divided. Points and batches are independent: many workers of one thread use it
 * best. A device, and TensorFlow with its own threads, is used by one worker.
 *
 * @param asked number of workers the user wants.
 */
export function planWorkers(
  { identity }: ChosenRuntime,
  asked?: number,
  cores = availableParallelism(),
): WorkerPlan {
  if (identity.name === 'tensorflow' || identity.provider !== undefined) {
    return { workers: 1, threads: cores };
  }
  return { workers: asked ?? cores, threads: 1 };
}

/** Whether workers of one serve the other. */
export function isSameRuntime(a: ChosenRuntime, b: ChosenRuntime): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function chosen(identity: RuntimeIdentity): ChosenRuntime {
  return { identity, note: null, module: null };
}

function doesNotLoad(what: string | Message, error: string): Message {
  return say`${what} does not load on ${platform()} (${error.split('\n')[0]!.trim()})`;
}

function platform(): string {
  return `${process.platform}-${process.arch}`;
}
