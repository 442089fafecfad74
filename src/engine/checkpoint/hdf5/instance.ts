import { workerData } from 'node:worker_threads';
import { limitMemory, type LibraryMemory } from './limits';
import type { CompiledLibrary, LibraryData } from './signs';

/*
 * The build has h5wasm take its library from here, in place of the three megabytes of text that it would read,
 * decode and compile in every thread (esbuild.config.mjs).
 */

/** What Node has of it; TypeScript knows it of browsers alone. */
declare const WebAssembly: {
  readonly Instance: new (
    library: CompiledLibrary,
    imports: object,
  ) => {
    readonly exports: { readonly memory: LibraryMemory };
  };
};

let begin: (() => Promise<unknown>) | null = null;

/** Begins the library, as h5wasm does it, and knows how to do it again. */
export function begun<Library>(start: () => Promise<Library>): Promise<Library> {
  begin = start;
  return start();
}

/** Begins it anew, with a memory of its own: what led the old one astray is gone. */
export async function beginAnew(): Promise<void> {
  await begin?.();
}

/** Gives h5wasm the library that whoever started this thread has compiled. */
export function instantiateWasm(
  imports: object,
  done: (instance: object, library: CompiledLibrary) => void,
): void {
  const { library } = workerData as LibraryData;
  const instance = new WebAssembly.Instance(library, imports);
  limitMemory(instance.exports.memory);
  done(instance, library);
}
