import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { InputError } from '../../shared/inputError';
import type { Answers, FromWorker, ProblemMessage, Task, ToWorker } from './workerProtocol';

export interface WorkerPoolOptions {
  /** As many as the machine has cores if absent. */
  readonly size?: number;
  /** The bundled worker. */
  readonly script?: string;
}

interface Job {
  readonly id: number;
  readonly task: Task;
  readonly resolve: (answer: Answers[Task['kind']]) => void;
  readonly reject: (error: Error) => void;
}

/** Worker threads that evaluate one problem at a time; tasks go to whoever is free. */
export class WorkerPool {
  readonly size: number;
  readonly #script: string;
  readonly #workers: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #queue: Job[] = [];
  readonly #running = new Map<Worker, Job>();
  #jobs = 0;
  #state: readonly ToWorker[] = [];

  constructor({
    size = availableParallelism(),
    script = join(__dirname, 'worker.js'),
  }: WorkerPoolOptions = {}) {
    this.size = size;
    this.#script = script;
  }

  /** What the tasks from now on are about; to be called when none waits. */
  setProblem(problem: ProblemMessage): void {
    this.#tell([{ type: 'problem', problem }]);
  }

  /** @param bufferDirections what `mixes` are coordinates in. */
  setDirections(
    directions: readonly Float64Array[],
    bufferDirections: readonly Float64Array[] = [],
  ): void {
    this.#tell([...this.#state.slice(0, 1), { type: 'directions', directions, bufferDirections }]);
  }

  /**
   * @throws InputError as the worker met it.
   * @throws DOMException 'AbortError' when the signal is given before a worker has started.
   */
  run<K extends Task['kind']>(
    task: Extract<Task, { kind: K }>,
    signal?: AbortSignal,
  ): Promise<Answers[K]> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      this.#jobs += 1;
      const job: Job = {
        id: this.#jobs,
        task,
        resolve: (answer) => {
          signal?.removeEventListener('abort', abort);
          resolve(answer as Answers[K]);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      };
      // The answer of a task that already runs is dropped when it comes.
      const abort = (): void => {
        const at = this.#queue.indexOf(job);
        if (at >= 0) this.#queue.splice(at, 1);
        reject(signal!.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#queue.push(job);
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    for (const job of this.#queue.splice(0)) job.reject(new Error('The workers were closed.'));
    await Promise.all(this.#workers.splice(0).map((worker) => worker.terminate()));
    this.#idle.length = 0;
  }

  #tell(state: readonly ToWorker[]): void {
    this.#state = state;
    const newest = state.at(-1)!;
    for (const worker of this.#workers) worker.postMessage(newest);
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const worker = this.#idle.pop() ?? this.#start();
      if (worker === null) return;
      const job = this.#queue.shift()!;
      this.#running.set(worker, job);
      worker.postMessage({ type: 'task', id: job.id, task: job.task } satisfies ToWorker);
    }
  }

  #start(): Worker | null {
    if (this.#workers.length >= this.size) return null;
    const worker = new Worker(this.#script);
    this.#workers.push(worker);
    worker.on('message', (message: FromWorker) => {
      const job = this.#running.get(worker);
      this.#running.delete(worker);
      this.#idle.push(worker);
      if (message.type === 'done') job?.resolve(message.answer);
      else job?.reject(failure(message));
      this.#dispatch();
    });
    worker.on('error', (error) => {
      this.#lose(worker, error);
    });
    worker.on('exit', () => {
      this.#lose(worker, new Error('A worker stopped, most likely for want of memory.'));
    });
    for (const message of this.#state) worker.postMessage(message);
    return worker;
  }

  #lose(worker: Worker, error: Error): void {
    const at = this.#workers.indexOf(worker);
    if (at < 0) return;
    this.#workers.splice(at, 1);
    const waiting = this.#idle.indexOf(worker);
    if (waiting >= 0) this.#idle.splice(waiting, 1);
    this.#running.get(worker)?.reject(error);
    this.#running.delete(worker);
    this.#dispatch();
  }
}

function failure({ message, reason, stack }: Extract<FromWorker, { type: 'failed' }>): Error {
  if (reason !== null) return new InputError(message, reason);
  const error = new Error(message);
  if (stack !== null) error.stack = stack;
  return error;
}
