import type { ChosenRuntime } from '../runtime/chooseRuntime';
import { parseMemorySize } from '../../shared/memorySize';
import { WorkerPool } from '../study/pool/workerPool';

/** What a command may be told of its workers. */
export interface WorkerFlags {
  readonly workers?: number;
  /** What an analysis may take of memory, as "8 GB". */
  readonly memory?: string;
}

/** @throws InputError where the memory is no size. */
export function openWorkers(runtime: ChosenRuntime, { workers, memory }: WorkerFlags): WorkerPool {
  return new WorkerPool({
    runtime,
    ...(workers === undefined ? {} : { size: workers }),
    ...(memory === undefined ? {} : { memoryLimit: parseMemorySize(memory, '--memory') }),
  });
}
