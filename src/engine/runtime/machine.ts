import { availableParallelism, totalmem } from 'node:os';
import { InputError } from '../../shared/inputError';
import type { DoctorReport } from '../../shared/engineProtocol';
import type { RuntimeIdentity } from '../../shared/result';
import { findOnnxRuntime } from './onnxruntime';

/** What results are computed with here. @throws InputError where nothing can compute. */
export function defaultRuntime(): RuntimeIdentity {
  const found = findOnnxRuntime();
  if ('error' in found) {
    throw new InputError(
      `ONNX Runtime does not load on ${process.platform}-${process.arch} (${found.error.split('\n')[0]!}); run "basin doctor" for what to do.`,
      'unsupported',
    );
  }
  return { name: 'onnxruntime-node', version: found.version, precision: 'float32' };
}

/** What this machine has, and how to get what it lacks. @param version of Basin. */
export function examineMachine(version: string): DoctorReport {
  const found = findOnnxRuntime();
  return {
    version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    runtimes: [
      'error' in found
        ? {
            name: 'onnxruntime-node',
            found: false,
            version: null,
            advice: `It does not load (${found.error.split('\n')[0]!}); install it with "npm install onnxruntime-node", on Linux x64 or arm64, macOS arm64 or Windows.`,
          }
        : { name: 'onnxruntime-node', found: true, version: found.version, advice: null },
      { name: 'reference', found: true, version: '1', advice: null },
    ],
  };
}
