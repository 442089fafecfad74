import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as it is built. `interruptWhen` presses Ctrl-C, once, or does as `by` says. */
export function basin(
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly interruptWhen?: (stdout: string) => boolean;
    readonly by?: NodeJS.Signals;
    /** Variables that are another than here. */
    readonly environment?: NodeJS.ProcessEnv;
  } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'dist/basin.js'), ...args], {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...options.environment },
    });
    let stdout = '';
    let stderr = '';
    let interrupted = false;
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (!interrupted && options.interruptWhen?.(stdout) === true) {
        interrupted = true;
        child.kill(options.by ?? 'SIGINT');
      }
    });
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (status) => {
      resolve({ status, stdout, stderr });
    });
  });
}
