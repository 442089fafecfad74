import { join, resolve } from 'node:path';
import type { Progress } from '../../shared/engineProtocol';
import { resultLocation } from '../../shared/resultLocation';
import {
  PARTS,
  RESULT_SCHEMA,
  type Part,
  type ProbeAgreement,
  type ResultDocument,
  type RuntimeIdentity,
  type Timings,
} from '../../shared/result';
import type { Eigenvalue, Hessian } from '../../shared/result/hessian';
import type { Topology } from '../../shared/result/topology';
import type { Landscape, ProjectedCheckpoint } from '../../shared/result/landscape';
import type { Metrics } from '../../shared/result/metrics';
import { fromScalar } from '../../shared/result/scalar';
import { NonFiniteProduct } from '../hessian/blockLanczos';
import { directionNotes, saturationNote, spectrumNotes } from '../hessian/curvatureNotes';
import { edgeNote, edgeOfStability } from '../hessian/edgeOfStability';
import { layersOf } from '../hessian/layers';
import { spectrum, type Spectrum } from '../hessian/spectrum';
import { dimensionsOf, type Configuration } from '../../shared/configuration';
import { refinementNotes } from '../landscape/refinementNotes';
import { refinementOptions } from '../landscape/refinementSampling';
import { derivativeBatches, splitBatches, type Batch } from '../objective/batches';
import { lossNotes, measuredMetrics } from '../objective/metrics';
import { tensorSpans } from '../objective/weights';
import { analyzeTopology } from '../topology/analyzeTopology';
import { countPairs, withSeeds } from '../topology/sensitivity';
import type { Differentiated } from '../objective/lossGraph';
import { nonFiniteNotes, type NonFinitePlace } from '../objective/nonFinitePlace';
import { Cache, contentKey, writeWhole } from './cache';
import {
  openForAnalysis,
  openStudyInputs,
  type OpenedCheckpoint,
  type StudyInputs,
} from './openProblem';
import { checkProbe } from './probeCheck';
import { projectPlan, sampleLandscape, type LandscapePart } from './landscapePart';
import { contentOfPlan, contentOfRun, planLandscape } from './landscapePlan';
import { EigenvectorStore } from './eigenvectorStore';
import type { Eigenvectors } from './landscapeSpan';
import { productsOn } from './products';
import { asOther, sourcesOf } from './sources';
import { fitSpectrum } from './spectrumPlan';
import { samplingErrors } from './samplingErrors';
import type { Study } from './study';
import { Run } from './run';
import { shareNotes, termCurvatures } from './termShares';
import type { WorkerPool } from './workerPool';

/** Part of every cache key: raised when a part's computation changes. */
const COMPUTATION = 6;

/** Shortest time between two documents of an analysis that runs, in milliseconds. */
const PARTIAL_INTERVAL = 250;

/** Points from which on the topology takes so long that a worker does it, which can be stopped. */
const LARGE_LANDSCAPE = 2 ** 15;

export interface AnalysisOptions {
  readonly only?: readonly Part[] | undefined;
  /** Whether the document is written where the extension finds it; it is if absent. */
  readonly isStored?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: Pick<Progress, 'part' | 'fraction' | 'isElsewhere'>) => void;
  /** The document as far as it is known. */
  readonly onPartial?: (document: ResultDocument) => void;
}

/** Analyses the checkpoints of one study, one after the other, on one pool of workers. */
export class Analysis {
  readonly #study: Study;
  readonly #pool: WorkerPool;
  readonly #cache: Cache;
  #inputs: Promise<StudyInputs> | undefined;
  #run: Run | undefined;
  #probe: ProbeAgreement | null | undefined;

  constructor(study: Study, pool: WorkerPool) {
    this.#study = study;
    this.#pool = pool;
    const [store, ...others] = study.stores.map((each) => join(each, 'cache'));
    this.#cache = new Cache(store!, others);
  }

  /** Opens what all checkpoints need. @throws InputError when it is missing or wrong. */
  async prepare(signal?: AbortSignal): Promise<void> {
    const { precision } = this.#pool.runtime.identity;
    this.#inputs ??= openStudyInputs(this.#study, signal, precision);
    const { key } = await this.#inputs;
    this.#probe ??= await checkProbe(this.#study, key, this.#pool, this.#cache, signal);
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
    await this.prepare(options.signal);
    const inputs = await this.#inputs!;
    const opened = await openForAnalysis(this.#study, inputs, path, options.signal);
    this.#run ??= new Run(this.#study, inputs);
    const analysis = new CheckpointAnalysis(
      this.#study,
      this.#pool,
      this.#cache,
      this.#run,
      path,
      opened,
      options,
    );
    const probe = this.#probe ?? null;
    const document: ResultDocument = {
      ...(await analysis.document(started)),
      ...(probe === null ? {} : { probe }),
    };
    if (options.isStored !== false) {
      const [store] = this.#study.stores;
      const file = resolve(resultLocation(opened.identity.path, store));
      await writeWhole(file, `${JSON.stringify(document)}\n`);
    }
    return document;
  }
}

/** What the cache holds of a Hessian; its eigenvectors are beside it. */
interface StoredSpectrum {
  readonly hessian: Hessian;
  /** Eigenvalues of the eigenvectors that are kept. */
  readonly leading: readonly Eigenvalue[];
}

/** Elements of vectors that are held one at a time. */
const LONG_VECTOR = 2 ** 22;

/** Eigenvalues whose sampling error is estimated. */
const MOST_SAMPLING_ERRORS = 5;

const NO_CURVATURE =
  'The second derivatives of the loss are infinite or not a number at this checkpoint: it has no curvature.';
const NO_DIRECTIONS =
  'The second derivatives of the loss are infinite or not a number where the directions are made: there is no landscape along Hessian directions.';

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
  readonly #runtime: RuntimeIdentity;
  readonly #run: Run;
  readonly #path: string;
  readonly #base: ResultDocument;
  /** What the workers know. */
  #known: OpenedCheckpoint | undefined;
  #lastPartial = 0;
  #document: ResultDocument;

  constructor(
    study: Study,
    pool: WorkerPool,
    cache: Cache,
    run: Run,
    path: string,
    opened: OpenedCheckpoint,
    options: AnalysisOptions,
  ) {
    this.#study = study;
    this.#pool = pool;
    this.#cache = cache;
    this.#opened = opened;
    this.#options = options;
    this.#runtime = pool.runtime.identity;
    this.#run = run;
    this.#path = path;
    this.#base = {
      schema: RESULT_SCHEMA,
      checkpoint: opened.identity,
      parameters: opened.weights.parameters.size,
      runtime: this.#runtime,
      seed: study.configuration.landscape.seed,
      notes: [
        ...(pool.runtime.note === null ? [] : [pool.runtime.note]),
        ...opened.weights.notes,
        ...lossNotes(opened.problem.data),
      ],
      ...sourcesOf([opened.source, ...run.sources]),
    };
    this.#document = this.#base;
  }

  async document(started: number): Promise<ResultDocument> {
    const wanted = new Set(this.#options.only ?? PARTS);
    this.#update({ timings: { open: performance.now() - started } });

    if (wanted.has('metrics')) {
      const key = this.#partKey(this.#opened, 'metrics', {});
      const { value, milliseconds } = await this.#cached('metrics', key, () => this.#metrics());
      const notes = [...this.#document.notes, ...lossNotes(this.#opened.problem.data, value)];
      this.#update({ metrics: value, notes }, { metrics: milliseconds });
      if (!Number.isFinite(fromScalar(value.loss))) await this.#noteNonFinite(['loss']);
    }
    const needsLandscape = wanted.has('landscape') || wanted.has('topology');
    const hessianFirst =
      needsLandscape && this.#study.configuration.landscape.directions === 'hessian';
    if (hessianFirst && wanted.has('hessian')) await this.#addHessian();
    if (needsLandscape) await this.#addLandscape();
    if (wanted.has('topology') && this.#document.landscape) await this.#addTopology();
    if (wanted.has('hessian') && !hessianFirst) await this.#addHessian();
    this.#document = {
      ...this.#document,
      notes: [...this.#document.notes, ...(this.#known === undefined ? [] : this.#pool.notes)],
      timings: { ...this.#document.timings, total: performance.now() - started },
    };
    return this.#document;
  }

  async #metrics(): Promise<Metrics> {
    const { data } = this.#opened.problem;
    const batches = splitBatches(data.sets);
    this.#setProblem(this.#opened);
    await this.#pool.keepRoom('values', 0, this.#options.signal);
    const measured = await this.#onEvery(this.#opened, batches, (batch) =>
      this.#pool.run<'metrics'>({ kind: 'metrics', batch }, this.#options.signal),
    );
    return measuredMetrics(data, batches, measured);
  }

  async #addLandscape(): Promise<void> {
    const { landscape: settings } = this.#study.configuration;
    const part = await this.#landscapePart(
      settings,
      refinementOptions(this.#study.configuration),
      (landscape) => {
        if (this.#isPartialDue()) this.#update({ landscape: landscape() });
      },
    );
    const { plan, key } = part;
    this.#follow([plan.center, plan.reference, ...plan.others]);
    const sampled = await this.#cached('landscape', key, () => sampleLandscape(part)).catch(
      (error: unknown) => {
        if (error instanceof NonFiniteProduct) return null;
        throw error;
      },
    );
    if (sampled === null) {
      this.#note(NO_DIRECTIONS);
      await this.#noteNonFinite(['loss', 'gradient', 'product']);
      return;
    }
    const { value, milliseconds } = sampled;
    const started = performance.now();
    const trajectory = await this.#trajectory(part);
    const landscape = { ...value, ...(trajectory === null ? {} : { trajectory }) };
    const refined = landscape.refinement === undefined ? [] : refinementNotes(landscape.refinement);
    const open = directionNotes(landscape.directions);
    this.#update(
      { landscape, notes: [...this.#document.notes, ...plan.notes, ...open, ...refined] },
      { landscape: milliseconds + (performance.now() - started) },
    );
  }

  async #landscapePart(
    settings: Configuration['landscape'],
    refine: LandscapePart['refine'],
    onLandscape: (landscape: () => Landscape) => void,
  ): Promise<LandscapePart> {
    const { signal } = this.#options;
    const plan = await planLandscape(settings, this.#opened, this.#run, this.#path, signal);
    return {
      plan,
      refine,
      pool: this.#pool,
      cache: this.#cache,
      key: this.#partKey(plan.center, 'landscape', {
        ...contentOfPlan(plan),
        refine,
        hessian: settings.directions === 'hessian' ? this.#study.configuration.hessian : null,
      }),
      eigenvectors: async () => (await this.#hessianOf(plan.reference)).eigenvectors,
      setProblem: () => {
        this.#setProblem(plan.center);
      },
      signal,
      onProgress: (fraction, landscape) => {
        this.#options.onProgress?.({ part: 'landscape', fraction });
        if (landscape !== null) onLandscape(landscape);
      },
    };
  }

  /** The same counts in landscapes of other random directions, of half the resolution. */
  async #countInSeeds(topology: Topology): Promise<Topology> {
    const { landscape: settings, topology: wanted } = this.#study.configuration;
    if (wanted.sensitivity.seeds === 0) return topology;
    const { neighborhood, threshold, shape } = topology;
    const resolution = shape.map((steps) => Math.max(3, 2 * Math.floor((steps - 1) / 4) + 1));
    const bySeed = [];
    for (let k = 1; k <= wanted.sensitivity.seeds; k += 1) {
      const seed = (settings.seed + k) >>> 0;
      const other = { ...settings, seed, resolution };
      const part = await this.#landscapePart(other, null, () => undefined);
      const { value } = await this.#cached('landscape', part.key, () => sampleLandscape(part));
      const values = Float64Array.from(value.values, (loss) => fromScalar(loss ?? 'NaN'));
      const counts = countPairs(values, value.shape, neighborhood, threshold);
      bySeed.push({ seed, shape: value.shape, ...counts });
    }
    return { ...topology, sensitivity: withSeeds(topology.sensitivity, bySeed) };
  }

  /** Kept apart from the values: it changes with every checkpoint that is added to the run. */
  async #trajectory(part: LandscapePart): Promise<readonly ProjectedCheckpoint[] | null> {
    const { run } = part.plan;
    if (run === null) return null;
    const key = `trajectory-${contentKey(part.key, contentOfRun(run)).slice(0, 32)}`;
    const known = await this.#cache.read<readonly ProjectedCheckpoint[]>(key);
    if (known !== null) return known;
    const projected = await projectPlan(part);
    await this.#cache.write(key, projected);
    return projected;
  }

  async #addTopology(): Promise<void> {
    const { topology: settings } = this.#study.configuration;
    const landscape = this.#document.landscape!;
    const started = performance.now();
    const values = Float64Array.from(landscape.values, (value) => fromScalar(value ?? 'NaN'));
    const { shape } = landscape;
    const options = {
      neighborhood: settings.neighborhood,
      ...(settings.threshold === undefined ? {} : { threshold: settings.threshold }),
      ...(landscape.relativeNoise === null ? {} : { relativeNoise: landscape.relativeNoise }),
      ...(landscape.refinement === undefined ? {} : { least: landscape.refinement.threshold }),
    };
    const alone =
      values.length < LARGE_LANDSCAPE
        ? analyzeTopology(values, shape, options)
        : await this.#pool.run<'topology'>(
            { kind: 'topology', values, shape, options },
            this.#options.signal,
          );
    const topology = await this.#countInSeeds(alone);
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

  async #addHessian(): Promise<void> {
    try {
      const { hessian, milliseconds } = await this.#hessianOf(this.#opened);
      const shares = shareNotes(this.#document.metrics, hessian.terms ?? []);
      const { traceError } = this.#study.configuration.hessian;
      const open = spectrumNotes(hessian, traceError);
      const { optimizer } = this.#opened;
      const [largest] = hessian.eigenvalues;
      const edge = optimizer === null ? null : edgeOfStability(optimizer, largest!);
      const said = optimizer === null ? [] : [edgeNote(optimizer, edge)];
      const { metrics, runtime } = this.#document;
      const { kind } = this.#study.configuration.objective;
      const loss = metrics === undefined ? NaN : fromScalar(metrics.loss);
      const saturated = saturationNote(loss, kind, runtime);
      const digits = saturated === null ? [] : [saturated];
      const notes = [...this.#document.notes, ...shares, ...open, ...said, ...digits];
      const found = edge === null ? hessian : { ...hessian, edgeOfStability: edge };
      this.#update({ hessian: found, notes }, { hessian: milliseconds });
    } catch (error) {
      if (!(error instanceof NonFiniteProduct)) throw error;
      this.#note(NO_CURVATURE);
      await this.#noteNonFinite(['loss', 'gradient', 'product']);
    }
  }

  /** Says where what is computed stops being finite: the first of the named that is not. */
  async #noteNonFinite(named: readonly Differentiated[]): Promise<void> {
    const batches = derivativeBatches(this.#opened.problem.data.sets);
    for (const of of named) {
      const key = this.#partKey(this.#opened, 'metrics', { nonFinite: of });
      let found = await this.#cache.read<{ readonly place: NonFinitePlace | null }>(key);
      if (found === null) {
        this.#setProblem(this.#opened);
        let place: NonFinitePlace | null = null;
        for (const batch of batches) {
          this.#options.signal?.throwIfAborted();
          const task = { kind: 'nonFinite', of, batch } as const;
          place = await this.#pool.run<'nonFinite'>(task, this.#options.signal);
          if (place !== null) break;
        }
        found = { place };
        await this.#cache.write(key, found);
      }
      if (found.place === null) continue;
      for (const sentence of nonFiniteNotes(of, found.place)) this.#note(sentence);
      return;
    }
  }

  #note(sentence: string): void {
    const { notes } = this.#document;
    if (!notes.includes(sentence)) this.#update({ notes: [...notes, sentence] });
  }

  /** The spectrum of a checkpoint, and the eigenvectors a landscape needs. */
  async #hessianOf(opened: OpenedCheckpoint): Promise<{
    readonly hessian: Hessian;
    readonly milliseconds: number;
    readonly eigenvectors: Eigenvectors;
  }> {
    const { hessian: settings, landscape } = this.#study.configuration;
    const kept = landscape.directions === 'hessian' ? dimensionsOf(landscape) : 0;
    const wanted = { ...settings, eigenvalues: Math.max(settings.eigenvalues, kept) };
    const keyOf = (asked: typeof wanted) =>
      this.#partKey(opened, 'hessian', { asked, kept, order: landscape.order });
    const isKnown = (await this.#cache.read(keyOf(wanted))) !== null;
    const asked = isKnown ? wanted : await this.#fitted(opened, wanted);
    const key = keyOf(asked);
    const store = new EigenvectorStore(this.#cache, key, opened.weights.theta.length);
    let vectors: readonly Float64Array[] | null = null;
    const { value, milliseconds } = await this.#cached<StoredSpectrum>(
      'hessian',
      key,
      async () => {
        const { hessian, leading } = await this.#spectrum(opened, asked);
        const found = leading(kept, landscape.order);
        vectors = await store.write(found.vectors);
        const errors = await this.#samplingErrors(opened, leading);
        const eigenvalues = hessian.eigenvalues.map((each, i) => {
          const samplingError = errors?.[i];
          return samplingError === undefined ? each : { ...each, samplingError };
        });
        const terms = await this.#terms(opened, () => leading(1, 'value').vectors[0]!);
        return { hessian: { ...hessian, eigenvalues, ...terms }, leading: found.eigenvalues };
      },
      async ({ leading }) => {
        vectors = await store.read(leading.length);
        return vectors !== null;
      },
    );
    return {
      hessian: value.hessian,
      milliseconds,
      eigenvectors: { eigenvalues: value.leading, vectors: vectors! },
    };
  }

  /** Of the first eigenvalues: of one alone where vectors are long. */
  #samplingErrors(
    { problem, weights }: OpenedCheckpoint,
    leading: Spectrum['leading'],
  ): Promise<readonly number[] | null> {
    const { eigenvalues } = this.#study.configuration.hessian;
    const most = weights.theta.length > LONG_VECTOR ? 1 : MOST_SAMPLING_ERRORS;
    const found = leading(Math.min(eigenvalues, most), 'value');
    return samplingErrors(this.#pool, problem.data, found.vectors, this.#options.signal);
  }

  /** What the terms of an equation's loss are of its gradient and its largest curvature. */
  async #terms(
    { problem }: OpenedCheckpoint,
    direction: () => Float64Array,
  ): Promise<Partial<Hessian>> {
    const { data } = problem;
    if (data.kind !== 'collocation') return {};
    this.#known = undefined;
    const { signal } = this.#options;
    return { terms: await termCurvatures(this.#pool, { ...problem, data }, direction(), signal) };
  }

  async #fitted<T extends Configuration['hessian']>(
    opened: OpenedCheckpoint,
    settings: T,
  ): Promise<T> {
    this.#setProblem(opened);
    const { length } = opened.weights.theta;
    const plan = await fitSpectrum(this.#pool, settings, length, this.#options.signal);
    if (plan.note !== null) this.#note(plan.note);
    return { ...settings, ...plan.settings };
  }

  async #spectrum(opened: OpenedCheckpoint, settings: Configuration['hessian']): Promise<Spectrum> {
    const batches = derivativeBatches(opened.problem.data.sets);
    const { theta, parameters } = opened.weights;
    this.#setProblem(opened);
    return spectrum(
      productsOn(this.#pool, { batches, length: theta.length, signal: this.#options.signal }),
      theta.length,
      {
        ...settings,
        spans: tensorSpans(parameters),
        layers: layersOf(parameters),
        precision: this.#runtime.precision,
        onProduct: (done, expected) =>
          this.#options.onProgress?.({ part: 'hessian', fraction: done / expected }),
      },
    );
  }

  #onEvery<T>(
    opened: OpenedCheckpoint,
    batches: readonly Batch[],
    work: (batch: Batch) => Promise<T>,
  ): Promise<T[]> {
    this.#setProblem(opened);
    return Promise.all(batches.map(work));
  }

  /** Tells the workers what they compute, only if anything must be computed. */
  #setProblem(opened: OpenedCheckpoint): void {
    if (this.#known === opened) return;
    this.#pool.setProblem(opened.problem);
    this.#known = opened;
  }

  #partKey({ key }: OpenedCheckpoint, part: Part, settings: object): string {
    const own = contentKey(key, this.#runtime, { COMPUTATION }, part, settings);
    return `${part}-${own.slice(0, 32)}`;
  }

  /** @param isWhole whether what is stored beside the value is there too. */
  async #cached<T extends Metrics | Landscape | StoredSpectrum>(
    part: Part,
    key: string,
    compute: () => Promise<T>,
    isWhole: (value: T) => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<Computed<T>> {
    const { signal, onProgress } = this.#options;
    signal?.throwIfAborted();
    let known: Computed<T> | null = null;
    const isKnown = async (): Promise<boolean> => {
      known = await this.#cache.read<Computed<T>>(key);
      if (known !== null && !(await isWhole(known.value))) known = null;
      return known !== null;
    };
    if (!(await isKnown())) {
      onProgress?.({ part, fraction: 0 });
      const claim = await this.#cache.claim(key, isKnown, {
        signal,
        onWait: () => onProgress?.({ part, fraction: 0, isElsewhere: true }),
      });
      try {
        // Somebody may have finished it between the look and the claim.
        if (claim !== null && !(await isKnown())) known = await this.#compute(key, compute);
      } finally {
        await claim?.release();
      }
    }
    onProgress?.({ part, fraction: 1 });
    return known!;
  }

  async #compute<T>(key: string, compute: () => Promise<T>): Promise<Computed<T>> {
    const started = performance.now();
    const computed = { value: await compute(), milliseconds: performance.now() - started };
    await this.#cache.write(key, computed);
    await this.#cache.log(key).remove();
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

  /** Says that the document follows from other checkpoints too. */
  #follow(others: readonly OpenedCheckpoint[]): void {
    const { sources = [], timings } = this.#document;
    const known = new Set(sources.flatMap(({ files }) => files.map(({ path }) => path)));
    const more = others.filter(({ identity }) => !known.has(identity.path));
    if (more.length === 0) return;
    const found = sourcesOf([...new Set(more)].map(({ source }) => asOther(source)));
    this.#update({
      sources: [...sources, ...found.sources],
      timings: { written: { ...timings.written, ...found.timings.written } },
    });
  }

  #isPartialDue(): boolean {
    return performance.now() - this.#lastPartial >= PARTIAL_INTERVAL;
  }
}
