import packageJson from '../../../package.json';
import { examineMachine } from '../runtime/machine';
import { ExitStatus } from './exitStatus';
import { bytes } from './numbers';

export function doctorCommand({ json }: { readonly json?: boolean }): Promise<number> {
  const report = examineMachine(packageJson.version);
  if (json === true) {
    console.log(JSON.stringify(report));
  } else {
    console.log(`Basin ${report.version} on Node ${report.node}, ${report.platform}`);
    console.log(`${report.cores} cores, ${bytes(report.memoryBytes)} of memory`);
    for (const { name, found, version, advice } of report.runtimes) {
      console.log(found ? `✓ ${name} ${version ?? ''}` : `✗ ${name}: ${advice ?? 'not found'}`);
    }
  }
  return Promise.resolve(report.runtimes[0]!.found ? ExitStatus.done : ExitStatus.input);
}
