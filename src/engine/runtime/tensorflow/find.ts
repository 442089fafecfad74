import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { TensorFlow } from './api';

const PACKAGE = '@tensorflow/tfjs-node';

/**
 * Where the native TensorFlow.js is installed.
 *
 * @param folder absolute, whose `node_modules`, or those above it, are looked through. It is code
 * of that folder that is run: only a folder the user trusts may be given. Without it, and where it
 * has none, the package beside Basin's own code is taken.
 * @returns the absolute path of its main file; null where it is nowhere.
 */
export function locateTensorFlow(folder: string | null): string | null {
  const places = [...(folder === null ? [] : [join(folder, 'package.json')]), __filename];
  for (const from of places) {
    try {
      return createRequire(from).resolve(PACKAGE);
    } catch {
      continue;
    }
  }
  return null;
}

/**
 * Loads it; the native library, which its package does not bring along, may be missing.
 *
 * @param main as `locateTensorFlow` found it.
 * @throws Error where it does not load.
 */
export function loadTensorFlow(main: string): TensorFlow {
  // Information and warnings of the native library would be on stderr.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  const require = createRequire(__filename);
  restoreUtil(require('node:util') as Record<string, unknown>);
  return require(main) as TensorFlow;
}

/** tfjs-node 4.22 calls functions that Node 23 removed from `util`. */
function restoreUtil(util: Record<string, unknown>): void {
  util.isNullOrUndefined ??= (value: unknown): boolean => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
