import { createRequire } from 'node:module';
import type * as onnx from 'onnxruntime-node';
import { InputError } from '../../shared/inputError';
import type { Precision } from '../../shared/runtimeSetting';
import { say } from '../../shared/words/message';
import { carriesArrays, openSession } from './onnxSession';
import type { Runtime } from './runtime';

type OnnxRuntime = typeof onnx;

export interface OnnxRuntimeOptions {
  /** Threads of one operation. Independent runs on single threads use a machine better. */
  readonly threads?: number;
  readonly precision?: Precision;
  /** Execution provider, of those `findOnnxRuntime` lists. */
  readonly provider?: string;
}

export interface FoundOnnxRuntime {
  readonly version: string;
  /** Names of the execution providers this build has, `cpu` first. */
  readonly providers: readonly Provider[];
}

export interface Provider {
  readonly name: string;
  /** Whether its libraries come with the package; others are to be installed beside it. */
  readonly bundled: boolean;
}

/** Whether the native library loads here, and what it has; the error where it does not. */
export function findOnnxRuntime(): FoundOnnxRuntime | { readonly error: string } {
  try {
    const { module, version } = load();
    return { version, providers: module.listSupportedBackends() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Microsoft's ONNX Runtime, native. @throws Error where it does not load. */
export function onnxRuntime({
  threads = 1,
  precision = 'float32',
  provider = 'cpu',
}: OnnxRuntimeOptions = {}): Runtime {
  const { module, version } = load();
  // What does not start is told once, as an error.
  if (provider !== 'cpu') module.env.logLevel = 'fatal';
  return {
    name: 'onnxruntime-node',
    version,
    precision,
    carries: carriesArrays(provider),
    async compile(program, known = new Map()) {
      try {
        return await openSession(module, program, known, { provider, precision, threads });
      } catch (error) {
        throw providerFailure(error, provider) ?? error;
      }
    },
  };
}

/** The sentence for a provider whose libraries or device are missing; null for other failures. */
function providerFailure(error: unknown, provider: string): InputError | null {
  if (provider === 'cpu' || error instanceof InputError) return null;
  const message = error instanceof Error ? error.message : String(error);
  if (!/AppendExecutionProvider|backend not found|adapter|Failed to load/i.test(message)) {
    return null;
  }
  // Assertions begin with where they are in ONNX Runtime's sources.
  const reason = firstLine(message.replace(/^.* was (?:true|false)\. /, ''));
  return new InputError(
    say`The execution provider "${provider}" does not start on this machine (${reason}); install its driver and libraries, or choose "cpu".`,
    'unsupported',
  );
}

function firstLine(text: string): string {
  return text.split('\n')[0]!.trim().replace(/\.$/, '').slice(0, 300);
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
