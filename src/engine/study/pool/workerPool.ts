import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { largest, smallest } from '../../../shared/extremes';
import { InputError } from '../../../shared/inputError';
import { say, type Message } from '../../../shared/words/message';
import { formatBytes } from '../../../shared/words/numbers';
import { planWorkers, type ChosenRuntime } from '../../runtime/chooseRuntime';
import type { FloatArray } from '../../tensor';
import { availableMemory, MEMORY_SHARE } from './machineMemory';
import { shared } from './sharedVector';
import {
  sharedBy,
  workOf,
  type Answers,
  type FromWorker,
  type ProblemMessage,
  type Task,
  type ToWorker,
  type Work,
  type WorkerRuntime,
} from './workerProtocol';

export interface WorkerPoolOptions {
  readonly runtime: ChosenRuntime;
  /** As many as the machine has cores if absent; some runtimes take one whatever is asked. */
  readonly size?: number;
  /** The bundled worker. */
  readonly script?: string;
  /** Bytes that can be allocated; those of the machine if absent. */
  readonly available?: () => number;
  /** Bytes that all of an analysis may take; a share of what is free if absent. */
  readonly memoryLimit?: number | null;
}

interface Job {
  readonly id: number;
  readonly task: Task;
  readonly resolve: (answer: Answers[Task['kind']]) => void;
  readonly reject: (error: Error) => void;
}

/** Worker threads that evaluate one problem at a time; tasks go to whoever is free. */
export class WorkerPool {
  readonly runtime: ChosenRuntime;
  readonly size: number;
  private readonly threads: number;
  private readonly script: string;
  private readonly workers: Worker[] = [];
  private readonly idle: Worker[] = [];
  private readonly queue: Job[] = [];
  private readonly running = new Map<Worker, Job>();
  /** Loading native code. */
  private readonly starting = new Set<Worker>();
  /** Where each is told what nobody waits for. */
  private readonly left = new WeakMap<Worker, Int32Array>();
  /** Who holds programs and values of a kind of work. */
  private readonly laden = new Map<Work, Set<Worker>>();
  /** Batches that each keeps what is shared of, and all that were given to any. */
  private readonly kept = new Map<Worker, Set<string>>();
  private readonly taken = new Set<string>();
  private readonly readAvailable: () => number;
  private jobs = 0;
  private programs = '';
  /** Bytes one worker needs, as the first one says. */
  private readonly memory = new Map<Work, number>();
  /** Free when the problem was set. */
  private available = 0;
  /** Workers there may be: fewer where memory did not suffice. */
  private most: number;
  private isTooLarge = false;
  private limit: number | null;
  /** Bytes of θ and of the graph, and what else is held beside the workers. */
  private held = 0;
  private beside = 0;
  private state: readonly ToWorker[] = [];

  constructor({
    runtime,
    size,
    script = join(__dirname, 'worker.js'),
    available = availableMemory,
    memoryLimit = null,
  }: WorkerPoolOptions) {
    this.limit = memoryLimit;
    this.runtime = runtime;
    const plan = planWorkers(runtime, size);
    this.size = plan.workers;
    this.most = plan.workers;
    this.readAvailable = available;
    this.threads = plan.threads;
    this.script = script;
  }

  /** What the tasks from now on are about; nobody waits for others any more. */
  setProblem(problem: ProblemMessage): void {
    for (const job of this.queue.splice(0)) job.reject(new Error('The problem was changed.'));
    if (problem.programs !== this.programs) {
      this.programs = problem.programs;
      this.memory.clear();
      this.laden.clear();
      this.most = this.size;
      this.isTooLarge = false;
      this.available = this.readAvailable();
    }
    this.held = problem.theta.byteLength + problem.model.byteLength;
    this.beside = 0;
    this.kept.clear();
    this.taken.clear();
    this.tell([{ type: 'problem', problem }]);
  }

  /** Bytes that all of an analysis may take from the next problem on; null: a share of what is free. */
  set memoryLimit(bytes: number | null) {
    if (bytes === this.limit) return;
    this.limit = bytes;
    this.programs = '';
  }

  /** Bytes for workers and for what is held beside them. */
  get room(): number {
    return this.limit === null
      ? this.available * MEMORY_SHARE
      : Math.max(0, this.limit - BASE_BYTES - this.held);
  }

  /** Bytes one worker takes at its peak for a kind of work on the problem, found before any is taken. */
  async workerMemory(work: Work, signal?: AbortSignal): Promise<number> {
    const bytes =
      this.memory.get(work) ?? (await this.run<'memory'>({ kind: 'memory', work }, signal));
    this.memory.set(work, bytes);
    return bytes + WORKER_BYTES;
  }

  /**
   * Keeps memory for what is held beside the workers, before work of a kind begins: as many of them
   * run as fit into the rest.
   *
   * @throws InputError where there is no room for one.
   */
  async keepRoom(work: Work, beside: number, signal?: AbortSignal): Promise<void> {
    const bytes = await this.workerMemory(work, signal);
    this.beside = beside;
    if (bytes + beside > this.room) throw this.noRoom(bytes, beside);
  }

  private noRoom(worker: number, beside: number): InputError {
    const [own, held] = [formatBytes(worker), formatBytes(beside + this.held)];
    return new InputError(
      this.limit === null
        ? say`One worker takes about ${own} for this network and ${held} are held beside it, and ${formatBytes(this.available)} of memory are free, of which Basin takes three quarters; close other programs, set a limit with "basin.memoryLimit" or --memory, or lower "limit" in "data".`
        : say`One worker takes about ${own} for this network and ${held} are held beside it, and the limit of memory is ${formatBytes(this.limit)} ("basin.memoryLimit", or --memory on the command line); raise it, or lower "limit" in "data".`,
      'unsupported',
    );
  }

  /** Sentences on how the machine limits the workers for this problem. */
  get notes(): readonly Message[] {
    const bytes = Math.max(0, largest(this.memory.values()));
    const limit = Math.min(
      this.most,
      smallest([...this.memory.keys()].map((work) => this.fit(work))),
    );
    if (limit >= this.size) return [];
    const own = formatBytes(bytes + WORKER_BYTES);
    const need =
      this.limit === null
        ? say`one takes about ${own} at its peak and ${formatBytes(this.available)} were free`
        : say`one takes about ${own} at its peak and the limit is ${formatBytes(this.limit)}`;
    return [
      this.isTooLarge
        ? say`Memory allowed ${limit} of ${this.size} workers: ${need}, and more than that was needed.`
        : say`Memory allowed ${limit} of ${this.size} workers: ${need}.`,
    ];
  }

  /** @param bufferDirections what `mixes` are coordinates in. */
  setDirections(
    directions: readonly FloatArray[],
    bufferDirections: readonly Float64Array[] = [],
  ): void {
    this.tell([
      ...this.state.slice(0, 1),
      { type: 'directions', directions: directions.map(shared), bufferDirections },
    ]);
  }

  /**
   * A task that runs when the signal is given is left; its worker is free when the native call ends
   * it is in, which nothing can interrupt.
   *
   * @throws InputError as the worker met it, and where memory does not suffice for one worker.
   * @throws the signal's reason.
   */
  run<K extends Task['kind']>(
    task: Extract<Task, { kind: K }>,
    signal?: AbortSignal,
  ): Promise<Answers[K]> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      this.jobs += 1;
      const job: Job = {
        id: this.jobs,
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
      const abort = (): void => {
        const at = this.queue.indexOf(job);
        if (at >= 0) this.queue.splice(at, 1);
        else this.leave(job);
        reject(signal!.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.queue.push(job);
      this.dispatch();
    });
  }

  async close(): Promise<void> {
    for (const job of this.queue.splice(0)) job.reject(new Error('The workers were closed.'));
    for (const job of this.running.values()) {
      job.reject(new Error('The workers were closed.'));
      this.leave(job);
    }
    const started = performance.now();
    while (this.running.size + this.starting.size > 0) {
      if (performance.now() - started > MAX_CALL) break;
      await setTimeout(POLL);
    }
    await Promise.all([...this.workers].map((worker) => this.discard(worker)));
  }

  private tell(state: readonly ToWorker[]): void {
    this.state = state;
    const newest = state.at(-1)!;
    for (const worker of this.workers) worker.postMessage(newest);
  }

  private dispatch(): void {
    while (this.queue.length > 0) {
      const work = workOf(this.queue[0]!.task);
      const most = work === null ? this.size : this.fit(work);
      if (this.running.size >= most) {
        // While the first says how much memory one needs, the others get ready.
        if (work !== null && !this.memory.has(work)) this.prepare();
        return;
      }
      const worker = this.chosen(work, most);
      if (worker === null) return;
      const job = this.next(worker);
      const key = sharedBy(job.task);
      if (key !== null) this.taken.add(key);
      this.running.set(worker, job);
      worker.postMessage({ type: 'task', id: job.id, task: job.task } satisfies ToWorker);
    }
  }

  /**
   * Who does the next task. What a kind of work keeps in memory is kept by as many workers as may do
   * it at once, the same all the time, whoever did something else meanwhile.
   */
  private chosen(work: Work | null, most: number): Worker | null {
    if (work === null) return this.idle.pop() ?? this.start();
    const laden = this.laden.get(work) ?? new Set();
    this.laden.set(work, laden);
    const known = this.idle.findIndex((worker) => laden.has(worker));
    if (known >= 0) return this.idle.splice(known, 1)[0]!;
    const worker = laden.size < most ? (this.idle.pop() ?? this.start()) : null;
    if (worker !== null) laden.add(worker);
    return worker;
  }

  /**
   * Takes the next task for a worker: before others those of a batch that it has prepared, then
   * those of a batch that none has taken, in their order.
   */
  private next(worker: Worker): Job {
    const kept = this.kept.get(worker);
    const most = Math.min(this.queue.length, LOOK_AHEAD);
    let untaken = -1;
    for (let i = 0; i < most; i += 1) {
      const key = sharedBy(this.queue[i]!.task);
      if (key === null || kept?.has(key) === true) return this.queue.splice(i, 1)[0]!;
      if (untaken < 0 && !this.taken.has(key)) untaken = i;
    }
    return this.queue.splice(Math.max(0, untaken), 1)[0]!;
  }

  /** How many workers may do a kind of work at once: one, until it is known what one needs. */
  private fit(work: Work): number {
    const bytes = this.memory.get(work);
    if (bytes === undefined) return 1;
    const fitting = Math.floor((this.room - this.beside) / (bytes + WORKER_BYTES));
    return Math.max(1, Math.min(this.most, fitting));
  }

  private prepare(): void {
    const wanted = Math.min(this.most, this.running.size + this.queue.length);
    while (this.workers.length < wanted) {
      const worker = this.start();
      if (worker === null) return;
      this.idle.push(worker);
    }
  }

  private start(): Worker | null {
    if (this.workers.length >= this.most) return null;
    const left = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(this.script, {
      workerData: { runtime: this.runtime, threads: this.threads, left } satisfies WorkerRuntime,
    });
    this.workers.push(worker);
    this.starting.add(worker);
    this.left.set(worker, left);
    worker.on('message', (message: FromWorker) => {
      this.receive(worker, message);
    });
    worker.on('error', (error) => {
      const isMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      this.lose(worker, isMemory || isOutOfMemory(error.message) ? null : error);
    });
    worker.on('exit', () => {
      this.lose(worker, null);
    });
    for (const message of this.state) worker.postMessage(message);
    return worker;
  }

  private receive(worker: Worker, message: FromWorker): void {
    if (!this.workers.includes(worker)) return;
    if (message.type === 'ready') {
      this.starting.delete(worker);
      return;
    }
    if (message.type === 'memory') {
      this.memory.set(message.work, message.bytes);
      this.dispatch();
      return;
    }
    const job = this.running.get(worker);
    if (job?.id !== message.id) return;
    if (message.type === 'failed' && message.input === null && isOutOfMemory(message.message)) {
      this.lose(worker, null);
      return;
    }
    this.running.delete(worker);
    this.idle.push(worker);
    if (message.type === 'done' && message.keeps) {
      const kept = this.kept.get(worker) ?? new Set();
      this.kept.set(worker, kept.add(sharedBy(job.task)!));
    }
    if (message.type === 'done') job.resolve(message.answer);
    else job.reject(failure(message));
    this.dispatch();
  }

  /**
   * Tells the worker of a job that nobody waits for it. Ending a thread within a native call ends
   * the process (Node-API: the exception of the termination cannot be thrown), so that only what
   * is plain JavaScript is ended.
   */
  private leave(job: Job): void {
    const [worker] = [...this.running].find(([, own]) => own === job) ?? [];
    if (worker === undefined) return;
    if (workOf(job.task) === null) void this.discard(worker);
    else Atomics.store(this.left.get(worker)!, 0, job.id);
  }

  /** Ends a worker that is not within a native call; another takes its place when there is work. */
  private discard(worker: Worker): Promise<unknown> {
    this.forget(worker);
    return worker.terminate();
  }

  private forget(worker: Worker): void {
    for (const list of [this.workers, this.idle]) {
      const at = list.indexOf(worker);
      if (at >= 0) list.splice(at, 1);
    }
    this.running.delete(worker);
    this.starting.delete(worker);
    this.kept.delete(worker);
    for (const laden of this.laden.values()) laden.delete(worker);
  }

  /**
   * @param fault null where memory did not suffice: the task goes to fewer workers, and fails once
   *   the last of them is lost.
   */
  private lose(worker: Worker, fault: Error | null): void {
    if (!this.workers.includes(worker)) return;
    const job = this.running.get(worker);
    const others = this.running.size - (job === undefined ? 0 : 1);
    void this.discard(worker);
    if (fault !== null) {
      job?.reject(fault);
    } else if (job !== undefined) {
      this.isTooLarge = true;
      this.most = Math.max(1, Math.min(this.most, others));
      if (this.workers.length > 0) this.queue.unshift(job);
      else job.reject(this.tooLarge());
    }
    this.dispatch();
  }

  private tooLarge(): InputError {
    const bytes = Math.max(0, largest(this.memory.values()));
    const need = bytes === 0 ? '' : say`, which takes about ${formatBytes(bytes + WORKER_BYTES)}`;
    return new InputError(
      say`Memory does not suffice for one worker${need}, with ${formatBytes(this.available)} free when it began; close other programs or analyse a smaller model (points that were computed are kept).`,
      'unsupported',
    );
  }
}

/** Tasks of the queue among which a worker looks for its own. */
const LOOK_AHEAD = 256;

/** How long `close` waits for native calls to end, and how often it looks, in milliseconds. */
const MAX_CALL = 30_000;
const POLL = 5;

/** What the process takes before anything is analysed, with the data of small sets. */
const BASE_BYTES = 192 * 2 ** 20;

/** What a worker takes whatever it computes: a JavaScript engine and a runtime. */
const WORKER_BYTES = 96 * 2 ** 20;

/** As V8 and the runtimes say it. */
function isOutOfMemory(message: string): boolean {
  return /failed to allocate memory|bad_alloc|array buffer allocation failed|out of memory/i.test(
    message,
  );
}

function failure({ message, input, stack }: Extract<FromWorker, { type: 'failed' }>): Error {
  if (input !== null) return new InputError(input.said, input.reason);
  const error = new Error(message);
  if (stack !== null) error.stack = stack;
  return error;
}
