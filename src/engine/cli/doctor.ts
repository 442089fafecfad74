import { resolve } from 'node:path';
import packageJson from '../../../package.json';
import type { RuntimeReport } from '../../shared/engineProtocol';
import { examineMachine } from '../runtime/machine';
import { english } from '../../shared/words/message';
import { formatBytes } from '../../shared/words/numbers';
import { defaultMemoryLimit } from '../study/pool/machineMemory';
import { ExitStatus } from './exitStatus';
import { print, sayJson } from './output';

export interface DoctorFlags {
  readonly json?: boolean;
  /** A folder whose TensorFlow.js may be loaded. */
  readonly tensorflow?: string;
}

export async function doctorCommand({ json, tensorflow }: DoctorFlags): Promise<number> {
  const folder = tensorflow === undefined ? null : resolve(tensorflow);
  const report = await examineMachine(packageJson.version, folder, defaultMemoryLimit());
  const standard = report.runtimes.find(
    ({ name, found }) => found && name.startsWith('onnxruntime-'),
  );
  if (json === true) {
    const runtimes = report.runtimes.map((runtime) => ({
      ...runtime,
      advice: runtime.advice === null ? null : english(runtime.advice),
    }));
    const gpu = { ...report.gpu, said: english(report.gpu.said) };
    await sayJson({ ...report, runtimes, gpu });
  } else {
    print(`Basin ${report.version} on Node ${report.node}, ${report.platform}`);
    print(`${report.cores} cores, ${formatBytes(report.memoryBytes)} of memory`);
    print(
      `An analysis takes ${formatBytes(report.memoryLimitBytes)} at most, three quarters of what is free now; --memory sets another limit`,
    );
    for (const runtime of report.runtimes) print(line(runtime, runtime === standard));
    print(`${report.gpu.state === 'gpu' ? '✓' : '✗'} ${english(report.gpu.said)}`);
  }
  return standard === undefined ? ExitStatus.input : ExitStatus.done;
}

function line(runtime: RuntimeReport, isStandard: boolean): string {
  const { name, found, version, precisions, providers, advice } = runtime;
  if (!found) return `✗ ${name}: ${english(advice ?? 'not found')}`;
  const listed = providers.map((provider) =>
    provider.bundled ? provider.name : `${provider.name} (libraries not bundled)`,
  );
  return [
    `✓ ${name} ${version ?? ''}, ${precisions.join(' and ')}`,
    ...(listed.length === 0 ? [] : [`providers: ${listed.join(', ')}`]),
    ...(isStandard ? ['used unless another is chosen'] : []),
  ].join('; ');
}
