import { spawn } from 'node:child_process';

/** Processor time and peak memory of a child are what its parent is told when it has ended. */
const MEASURE = `import json, resource, subprocess, sys, time
start, status, out = time.time(), None, b""
child = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE)
try:
    out, _ = child.communicate(timeout=float(sys.argv[1]))
    status = child.returncode
except subprocess.TimeoutExpired:
    child.kill()
    child.wait()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"seconds": time.time() - start, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024, "status": status, "out": out.decode()}))`;

/**
 * Runs a process to its end.
 *
 * @param python that measures. @param cut seconds after which it is ended.
 * @returns its seconds, processor time, peak memory in bytes, and what it printed; a status of null
 *   where it was ended.
 */
export function measured(python, cut, command) {
  return new Promise((resolve, reject) => {
    const child = spawn(python, ['-c', MEASURE, String(cut), ...command], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout.on('data', (data) => (text += data));
    child.on('error', reject);
    child.on('close', () => {
      resolve(JSON.parse(lastLine(text)));
    });
  });
}

export function lastLine(text) {
  return text.trim().split('\n').at(-1);
}
