import { workerData } from 'node:worker_threads';
import type { CompiledLibrary, LibraryData } from './hdf5Library';

/** What Node has of it; TypeScript knows it of browsers alone. */
declare const WebAssembly: {
  readonly Instance: new (library: CompiledLibrary, imports: object) => object;
};

/**
 * Gives h5wasm the library that whoever started this thread has compiled. The build has h5wasm ask for it, in
 * place of the three megabytes of text that it would read, decode and compile in every thread.
 */
export function instantiateWasm(
  imports: object,
  done: (instance: object, library: CompiledLibrary) => void,
): void {
  const { library } = workerData as LibraryData;
  done(new WebAssembly.Instance(library, imports), library);
}
