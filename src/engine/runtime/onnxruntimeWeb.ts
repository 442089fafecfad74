import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as onnx from 'onnxruntime-web';
import type { Precision } from '../../shared/runtimeSetting';
import { openSession } from './onnxSession';
import type { Runtime } from './runtime';

type OnnxRuntimeWeb = typeof onnx;

/** Where the parts of the package are, absolute. */
export interface WebLocation {
  readonly main: string;
  /** The loader of the WebAssembly module, which is also the script of its threads. */
  readonly loader: string;
  readonly wasm: string;
}

/**
 * Finds the package: in `dist/node_modules` beside a bundle, or installed above the sources.
 *
 * @param from absolute path of the file that asks.
 * @throws Error where there is none.
 */
export function locateOnnxRuntimeWeb(from: string = __filename): WebLocation {
  const main = createRequire(from).resolve('onnxruntime-web');
  const folder = dirname(main);
  return {
    main,
    loader: join(folder, 'ort-wasm-simd-threaded.mjs'),
    wasm: join(folder, 'ort-wasm-simd-threaded.wasm'),
  };
}

export interface OnnxRuntimeWebOptions {
  /** Of one operation. Set by the first of a process or worker: there is one module in each. */
  readonly threads?: number;
  readonly precision?: Precision;
}

/** Whether the WebAssembly build can be loaded here, and its version; the error if not. */
export function findOnnxRuntimeWeb(): { readonly version: string } | { readonly error: string } {
  try {
    return { version: load().version };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Microsoft's ONNX Runtime in WebAssembly, for platforms the native one is not built for. Its
 * files are read from the disk; nothing is fetched.
 *
 * @throws Error where it is not installed.
 */
export function onnxRuntimeWeb({
  threads = 1,
  precision = 'float32',
}: OnnxRuntimeWebOptions = {}): Runtime {
  const { module, version } = load();
  module.env.wasm.numThreads = threads;
  return {
    name: 'onnxruntime-web',
    version,
    precision,
    compile: (program, known = new Map()) =>
      openSession(module, program, known, { provider: 'wasm', precision, threads }),
  };
}

let loaded: { readonly module: OnnxRuntimeWeb; readonly version: string } | undefined;

function load(): { readonly module: OnnxRuntimeWeb; readonly version: string } {
  if (loaded === undefined) {
    const { main, loader, wasm } = locateOnnxRuntimeWeb();
    const module = createRequire(__filename)(main) as OnnxRuntimeWeb;
    module.env.wasm.wasmPaths = { mjs: pathToFileURL(loader).href, wasm: pathToFileURL(wasm).href };
    // A proxy would be a browser's worker.
    module.env.wasm.proxy = false;
    loaded = { module, version: module.env.versions.web ?? module.env.versions.common };
  }
  return loaded;
}
