import { join } from 'node:path';
import type { Progress } from '../../shared/engineProtocol';
import { resultLocation } from '../../shared/resultLocation';
import {
  fromScalar,
  PARTS,
  RESULT_SCHEMA,
  type Hessian,
  type Landscape,
  type Metrics,
  type Part,
  type ResultDocument,
  type RuntimeIdentity,
  type Timings,
} from '../../shared/result';
import { spectrum, type Spectrum } from '../hessian/spectrum';
import { lossBatches, splitBatches, type Batch } from '../objective/batches';
import { lossNotes, measuredMetrics } from '../objective/metrics';
import { analyzeTopology } from '../topology/analyzeTopology';
import { Cache, contentKey, writeWhole } from './cache';
import {
  openForAnalysis,
  openStudyInputs,
  type OpenedCheckpoint,
  type StudyInputs,
} from './openProblem';
import { sampleLandscape } from './landscapePart';
import type { Study } from './study';
import type { WorkerPool } from './workerPool';

/** Part of every cache key: raised when a part's computation changes. */
const COMPUTATION = 2;

/** Shortest time between two documents of an analysis that runs, in milliseconds. */
const PARTIAL_INTERVAL = 250;

export interface AnalysisOptions {
  readonly only?: readonly Part[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: Pick<Progress, 'part' | 'fraction'>) => void;
  /** The document as far as it is known. */
  readonly onPartial?: (document: ResultDocument) => void;
}

/** Analyses the checkpoints of one study, one after the other, on one pool of workers. */
export class Analysis {
  readonly #study: Study;
  readonly #pool: WorkerPool;
  readonly #runtime: RuntimeIdentity;
  readonly #cache: Cache;
  #inputs: Promise<StudyInputs> | undefined;

  constructor(study: Study, pool: WorkerPool, runtime: RuntimeIdentity) {
    this.#study = study;
    this.#pool = pool;
    this.#runtime = runtime;
    this.#cache = new Cache(join(study.folder, '.basin', 'cache'));
  }

  /** Opens what all checkpoints need. @throws InputError when it is missing or wrong. */
  async prepare(): Promise<void> {
    this.#inputs ??= openStudyInputs(this.#study);
    await this.#inputs;
  }

  /**
   * Analyses a checkpoint, taking what is in the cache from there, and writes its document.
   *
   * @param path absolute, of a checkpoint of the study.
   * @throws InputError for what the user can put right; the signal's reason when cancelled.
   */
  async analyze(path: string, options: AnalysisOptions = {}): Promise<ResultDocument> {
    const started = performance.now();
    options.onProgress?.({ part: 'open', fraction: 0 });
    this.#inputs ??= openStudyInputs(this.#study);
    const inputs = await this.#inputs;
    const opened = await openForAnalysis(this.#study, inputs, path, options.signal);
    const run = new CheckpointAnalysis(
      this.#study,
      this.#pool,
      this.#cache,
      this.#runtime,
      opened,
      options,
    );
    const document = await run.document(started);
    const file = join(this.#study.folder, resultLocation(opened.identity.path));
    await writeWhole(file, `${JSON.stringify(document)}\n`);
    return document;
  }
}

interface Computed<T> {
  readonly value: T;
  readonly milliseconds: number;
}

class CheckpointAnalysis {
  readonly #study: Study;
  readonly #pool: WorkerPool;
  readonly #cache: Cache;
  readonly #opened: OpenedCheckpoint;
  readonly #options: AnalysisOptions;
  readonly #base: ResultDocument;
  readonly #key: string;
  #problemIsSet = false;
  #lastPartial = 0;
  #document: ResultDocument;

  constructor(
    study: Study,
    pool: WorkerPool,
    cache: Cache,
    runtime: RuntimeIdentity,
    opened: OpenedCheckpoint,
    options: AnalysisOptions,
  ) {
    this.#study = study;
    this.#pool = pool;
    this.#cache = cache;
    this.#opened = opened;
    this.#options = options;
    this.#key = contentKey(opened.key, runtime, { COMPUTATION });
    this.#base = {
      schema: RESULT_SCHEMA,
      checkpoint: opened.identity,
      parameters: opened.weights.parameters.size,
      runtime,
      seed: study.configuration.landscape.seed,
      notes: [...opened.weights.notes, ...lossNotes(opened.problem.data)],
      timings: {},
    };
    this.#document = this.#base;
  }

  async document(started: number): Promise<ResultDocument> {
    const wanted = new Set(this.#options.only ?? PARTS);
    const { landscape: settings } = this.#study.configuration;
    this.#update({ timings: { open: performance.now() - started } });

    if (wanted.has('metrics')) {
      const { value, milliseconds } = await this.#cached('metrics', {}, () => this.#metrics());
      const notes = [...this.#document.notes, ...lossNotes(this.#opened.problem.data, value)];
      this.#update({ metrics: value, notes }, { metrics: milliseconds });
    }
    const needsLandscape = wanted.has('landscape') || wanted.has('topology');
    const hessianFirst = needsLandscape && settings.directions === 'hessian';
    if (hessianFirst) await this.#addHessian(wanted.has('hessian'));
    if (needsLandscape) {
      const landscape = await this.#cached(
        'landscape',
        { settings, hessian: hessianFirst ? this.#study.configuration.hessian : null },
        (key) => this.#landscape(key),
      );
      this.#update({ landscape: landscape.value }, { landscape: landscape.milliseconds });
    }
    if (wanted.has('topology')) this.#addTopology();
    if (wanted.has('hessian') && !hessianFirst) await this.#addHessian(true);
    this.#document = {
      ...this.#document,
      timings: { ...this.#document.timings, total: performance.now() - started },
    };
    return this.#document;
  }

  #eigenvectors: readonly Float64Array[] = [];

  async #metrics(): Promise<Metrics> {
    const { data } = this.#opened.problem;
    const batches = splitBatches(data.sets);
    const measured = await this.#onEvery(batches, (batch) =>
      this.#pool.run<'metrics'>({ kind: 'metrics', batch }, this.#options.signal),
    );
    return measuredMetrics(data, batches, measured);
  }

  async #landscape(key: string): Promise<Landscape> {
    this.#setProblem();
    return sampleLandscape({
      settings: this.#study.configuration.landscape,
      weights: this.#opened.weights,
      eigenvectors: this.#eigenvectors,
      pool: this.#pool,
      log: this.#cache.log(key),
      signal: this.#options.signal,
      onProgress: (fraction, landscape) => {
        this.#options.onProgress?.({ part: 'landscape', fraction });
        if (this.#isPartialDue()) this.#update({ landscape: landscape() });
      },
    });
  }

  #addTopology(): void {
    const { topology: settings } = this.#study.configuration;
    const landscape = this.#document.landscape!;
    const started = performance.now();
    const values = Float64Array.from(landscape.values, (value) => fromScalar(value ?? 'NaN'));
    const topology = analyzeTopology(values, landscape.shape, {
      neighborhood: settings.neighborhood,
      ...(settings.threshold === undefined ? {} : { threshold: settings.threshold }),
      ...(landscape.relativeNoise === null ? {} : { relativeNoise: landscape.relativeNoise }),
    });
    const milliseconds = performance.now() - started;
    const notes =
      topology.nonFinite === 0
        ? []
        : [
            `The loss is infinite or not a number at ${topology.nonFinite} of ${values.length} points of the landscape; they are ordered above every finite value.`,
          ];
    this.#update(
      { topology, notes: [...this.#document.notes, ...notes] },
      { topology: milliseconds },
    );
  }

  /** @param reported whether it is a part of the document, or only needed for directions. */
  async #addHessian(reported: boolean): Promise<void> {
    const { hessian: settings, landscape } = this.#study.configuration;
    const { length } = this.#opened.weights.theta;
    const kept = landscape.directions === 'hessian' ? landscape.dimensions : 0;
    const asked = { ...settings, eigenvalues: Math.max(settings.eigenvalues, kept) };
    const { value, milliseconds } = await this.#cached('hessian', { asked, kept }, async (key) => {
      const { hessian, eigenvectors } = await this.#spectrum(asked);
      const vectors = new Float64Array(kept * length);
      eigenvectors.slice(0, kept).forEach((vector, i) => {
        vectors.set(vector, i * length);
      });
      await this.#cache.writeBytes(key, new Uint8Array(vectors.buffer));
      return hessian;
    });
    if (kept > 0) {
      const bytes = await this.#cache.readBytes(this.#partKey('hessian', { asked, kept }));
      const vectors = new Float64Array(Uint8Array.from(bytes ?? []).buffer);
      this.#eigenvectors = Array.from({ length: kept }, (_, i) =>
        vectors.subarray(i * length, (i + 1) * length),
      );
    }
    if (reported) this.#update({ hessian: value }, { hessian: milliseconds });
  }

  async #spectrum(settings: Parameters<typeof spectrum>[2]): Promise<Spectrum> {
    const batches = lossBatches(this.#opened.problem.data.sets);
    const { length } = this.#opened.weights.theta;
    this.#setProblem();
    return spectrum(
      async (v) => {
        const direction = Float32Array.from(v);
        const parts = await this.#onEvery(batches, (batch) =>
          this.#pool.run<'product'>({ kind: 'product', v: direction, batch }, this.#options.signal),
        );
        // In the order of the batches, whoever finished first.
        const sum = new Float64Array(length);
        for (const [index, part] of parts.entries()) {
          const { share } = batches[index]!;
          for (let i = 0; i < length; i += 1) sum[i]! += share * part[i]!;
        }
        return sum;
      },
      length,
      settings,
      (done, expected) =>
        this.#options.onProgress?.({ part: 'hessian', fraction: done / expected }),
    );
  }

  #onEvery<T>(batches: readonly Batch[], work: (batch: Batch) => Promise<T>): Promise<T[]> {
    this.#setProblem();
    return Promise.all(batches.map(work));
  }

  /** Tells the workers what they compute, once and only if anything must be computed. */
  #setProblem(): void {
    if (this.#problemIsSet) return;
    this.#pool.setProblem(this.#opened.problem);
    this.#problemIsSet = true;
  }

  #partKey(part: Part, settings: object): string {
    return `${part}-${contentKey(this.#key, part, settings).slice(0, 32)}`;
  }

  async #cached<T extends Metrics | Landscape | Hessian>(
    part: Part,
    settings: object,
    compute: (key: string) => Promise<T>,
  ): Promise<Computed<T>> {
    this.#options.signal?.throwIfAborted();
    const key = this.#partKey(part, settings);
    const known = await this.#cache.read<Computed<T>>(key);
    if (known !== null) {
      this.#options.onProgress?.({ part, fraction: 1 });
      return known;
    }
    this.#options.onProgress?.({ part, fraction: 0 });
    const started = performance.now();
    const computed = { value: await compute(key), milliseconds: performance.now() - started };
    await this.#cache.write(key, computed);
    await this.#cache.log(key).remove();
    this.#options.onProgress?.({ part, fraction: 1 });
    return computed;
  }

  #update(change: Partial<ResultDocument>, timings: Timings = {}): void {
    this.#document = {
      ...this.#document,
      ...change,
      timings: { ...this.#document.timings, ...change.timings, ...timings },
    };
    this.#lastPartial = performance.now();
    this.#options.onPartial?.(this.#document);
  }

  #isPartialDue(): boolean {
    return performance.now() - this.#lastPartial >= PARTIAL_INTERVAL;
  }
}
