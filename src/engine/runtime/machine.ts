import { availableParallelism, totalmem } from 'node:os';
import type { DoctorReport, RuntimeReport } from '../../shared/engineProtocol';
import { loadTensorFlow, locateTensorFlow } from './tensorflow/find';
import { say, type Message } from '../../shared/words/message';
import { examineGpu } from './gpu';
import { findOnnxRuntime } from './onnxruntime';
import { findOnnxRuntimeWeb } from './onnxruntimeWeb';
import { referenceRuntime } from './reference';
import { tensorFlowVersion } from './tensorflow/tensorflow';

/**
 * What this machine has, and how to get what it lacks.
 *
 * @param version of Basin.
 * @param folder absolute and trusted, whose TensorFlow.js may be loaded to look at it.
 * @param memoryLimit bytes an analysis takes at most where no limit is set.
 */
export async function examineMachine(
  version: string,
  folder: string | null,
  memoryLimit: number,
): Promise<DoctorReport> {
  return {
    version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    memoryLimitBytes: memoryLimit,
    runtimes: [examineNative(), examineWeb(), examineTensorFlow(folder), examineReference()],
    gpu: await examineGpu(),
  };
}

function examineNative(): RuntimeReport {
  const own = { name: 'onnxruntime-node', precisions: ['float32', 'float64'] } as const;
  const found = findOnnxRuntime();
  if ('error' in found) {
    return {
      ...own,
      ...missing(
        say`it does not load (${firstLine(found.error)}); it is built for Linux x64 and arm64, macOS arm64 and Windows: there, install it with "npm install onnxruntime-node". Elsewhere onnxruntime-web takes its place.`,
      ),
    };
  }
  const { version, providers } = found;
  return { ...own, found: true, version, providers, advice: null };
}

function examineWeb(): RuntimeReport {
  const own = { name: 'onnxruntime-web', precisions: ['float32', 'float64'] } as const;
  const found = findOnnxRuntimeWeb();
  return 'error' in found
    ? {
        ...own,
        ...missing(
          say`it does not load (${firstLine(found.error)}); it is needed only where onnxruntime-node does not load. The universal package of the extension has it; elsewhere install it with "npm install onnxruntime-web".`,
        ),
      }
    : { ...own, found: true, version: found.version, providers: [], advice: null };
}

function examineTensorFlow(folder: string | null): RuntimeReport {
  const own = { name: 'tensorflow', precisions: ['float32'] } as const;
  const main = locateTensorFlow(folder);
  if (main === null) {
    return {
      ...own,
      ...missing(
        say`@tensorflow/tfjs-node is not installed; install it with "npm install @tensorflow/tfjs-node" in the workspace, or beside Basin. It is optional.`,
      ),
    };
  }
  try {
    const version = tensorFlowVersion(loadTensorFlow(main));
    return { ...own, found: true, version, providers: [], advice: null };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      ...own,
      ...missing(
        say`@tensorflow/tfjs-node has no native library that loads (${firstLine(message)}); get it with "npm rebuild @tensorflow/tfjs-node --ignore-scripts=false", or build it as docs/runtimes.md says. It is optional.`,
      ),
    };
  }
}

function examineReference(): RuntimeReport {
  const { name, version, precision } = referenceRuntime;
  return { name, found: true, version, precisions: [precision], providers: [], advice: null };
}

function missing(
  advice: Message,
): Pick<RuntimeReport, 'found' | 'version' | 'providers' | 'advice'> {
  return { found: false, version: null, providers: [], advice };
}

function firstLine(text: string): string {
  return text.split('\n')[0]!.trim().replace(/\.$/, '');
}
