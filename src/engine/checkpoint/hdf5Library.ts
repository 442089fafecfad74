import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** What Node has of it; TypeScript knows it of browsers alone. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<CompiledLibrary> };

/** The HDF5 library as threads share it: what is compiled once is compiled for all. */
export type CompiledLibrary = object & { readonly __compiled: never };

/** What every thread of the library is started with. */
export interface LibraryData {
  readonly library: CompiledLibrary;
}

/** h5wasm and what Basin asks of it, in a bundle of its own that nothing else loads. */
const SCRIPT = 'hdf5.js';
/** The library itself, which the build takes out of that bundle. */
const LIBRARY = 'hdf5.wasm';

let compiled: Promise<CompiledLibrary> | null = null;

/** A thread of the HDF5 library, started with a task. */
export async function startHdf5Thread(task: object): Promise<Worker> {
  const folder = existsSync(join(__dirname, SCRIPT)) ? __dirname : join(__dirname, '../../../dist');
  compiled ??= readFile(join(folder, LIBRARY)).then((bytes) => WebAssembly.compile(bytes));
  compiled.catch(() => {
    compiled = null;
  });
  const workerData: LibraryData = { ...task, library: await compiled };
  return new Worker(join(folder, SCRIPT), { workerData });
}
