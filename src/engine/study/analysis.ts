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
import type { Hessian } from '../../shared/result/hessian';
import type { Landscape, ProjectedCheckpoint } from '../../shared/result/landscape';
import type { Metrics } from '../../shared/result/metrics';
import { fromScalar } from '../../shared/result/scalar';
import { NonFiniteProduct } from '../hessian/blockLanczos';
import { directionNotes, saturationNote, spectrumNotes } from '../hessian/curvatureNotes';
import { spectrumSettings, type Configuration } from '../../shared/configuration';
import { withNotes, type Notes } from '../../shared/notes';
import { english, say, type Message } from '../../shared/words/message';
import { refinementNotes } from '../landscape/refinementNotes';
import { refinementOptions } from '../landscape/refinementSampling';
import { derivativeBatches, splitBatches, type Batch } from '../objective/batches';
import { lossNotes, measuredMetrics } from '../objective/metrics';
import type { Differentiated } from '../objective/lossGraph';
import { nonFiniteNotes, type NonFinitePlace } from '../objective/nonFinitePlace';
import { Cache, contentKey, writeWhole } from './results/cache';
import {
  openForAnalysis,
  openStudyInputs,
  type OpenedCheckpoint,
  type StudyInputs,
} from './openProblem';
import { deepened } from './curvature/deeperCurvature';
import { hessianOf } from './curvature/hessianPart';
import { PartWork, type Computed } from './partWork';
import type { Team } from './landscapes/sharedPoints';
import { checkProbe } from './probeCheck';
import {
  projectPlan,
  sampleLandscape,
  sampleTogether,
  type BegunLandscape,
  type LandscapePart,
} from './landscapes/landscapePart';
import { contentOfPlan, contentOfRun, planLandscape } from './landscapes/landscapePlan';
import { asOther, sourcesOf, type FoundSource } from './configuration/sources';
import type { Study } from './configuration/study';
import { Run } from './configuration/run';
import { shareNotes } from './curvature/termShares';
import { topologyOf } from './topologyPart';
import type { WorkerPool } from './pool/workerPool';

/** Shortest time between two documents of an analysis that runs, in milliseconds. */
const PARTIAL_INTERVAL = 250;

export interface AnalysisOptions {
  readonly only?: readonly Part[] | undefined;
  /** Others that sample the same landscape. */
  readonly team?: Team | undefined;
  /** Whether the document is written where the extension finds it; it is if absent. */
  readonly isStored?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: Pick<Progress, 'part' | 'fraction' | 'isElsewhere'>) => void;
  /** Points of the landscape are about to be sampled. */
  readonly onLandscape?: (begun: BegunLandscape) => Promise<void>;
  /** The document as far as it is known. */
  readonly onPartial?: (document: ResultDocument) => void;
}

/** Analyses the checkpoints of one study, one after the other, on one pool of workers. */
export class Analysis {
  private readonly study: Study;
  private readonly pool: WorkerPool;
  private readonly cache: Cache;
  private inputs: Promise<StudyInputs> | undefined;
  private run: Run | undefined;
  private probe: ProbeAgreement | null | undefined;

  constructor(study: Study, pool: WorkerPool) {
    this.study = study;
    this.pool = pool;
    const [store, ...others] = study.stores.map((each) => join(each, 'cache'));
    this.cache = new Cache(store!, others);
  }

  /** Opens what all checkpoints need. @throws InputError when it is missing or wrong. */
  async prepare(signal?: AbortSignal): Promise<void> {
    const { precision } = this.pool.runtime.identity;
    this.inputs ??= openStudyInputs(this.study, signal, precision);
    const { key } = await this.inputs;
    this.probe ??= await checkProbe(this.study, key, this.pool, this.cache, signal);
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
    const inputs = await this.inputs!;
    const opened = await openForAnalysis(this.study, inputs, path, options.signal);
    this.run ??= new Run(this.study, inputs);
    const analysis = new CheckpointAnalysis(
      this.study,
      this.pool,
      this.cache,
      this.run,
      path,
      opened,
      options,
    );
    const probe = this.probe ?? null;
    const document: ResultDocument = {
      ...(await analysis.document(started)),
      ...(probe === null ? {} : { probe }),
    };
    if (options.isStored !== false) {
      const [store] = this.study.stores;
      const file = resolve(resultLocation(opened.identity.path, store));
      await writeWhole(file, `${JSON.stringify(document)}\n`);
    }
    return document;
  }
}

const NO_CURVATURE = say`The second derivatives of the loss are infinite or not a number at this checkpoint: it has no curvature.`;
const NO_DIRECTIONS = say`The second derivatives of the loss are infinite or not a number where the directions are made: there is no landscape along Hessian directions.`;

class CheckpointAnalysis {
  private readonly study: Study;
  private readonly pool: WorkerPool;
  private readonly cache: Cache;
  private readonly work: PartWork;
  private readonly opened: OpenedCheckpoint;
  private readonly options: AnalysisOptions;
  private readonly runtime: RuntimeIdentity;
  private readonly run: Run;
  private readonly path: string;
  private readonly base: ResultDocument;
  private lastPartial = 0;
  private current: ResultDocument;

  constructor(
    study: Study,
    pool: WorkerPool,
    cache: Cache,
    run: Run,
    path: string,
    opened: OpenedCheckpoint,
    options: AnalysisOptions,
  ) {
    this.study = study;
    this.pool = pool;
    this.cache = cache;
    this.work = new PartWork(pool, cache, options);
    this.opened = opened;
    this.options = options;
    this.runtime = pool.runtime.identity;
    this.run = run;
    this.path = path;
    this.base = {
      schema: RESULT_SCHEMA,
      checkpoint: opened.identity,
      parameters: opened.weights.parameters.size,
      runtime: this.runtime,
      seed: study.configuration.landscape.seed,
      ...withNotes({ notes: [] }, [
        ...(pool.runtime.note === null ? [] : [pool.runtime.note]),
        ...opened.weights.notes,
        ...lossNotes(opened.problem.data),
      ]),
      ...sourcesOf([opened.source, ...run.sources]),
    };
    this.current = this.base;
  }

  async document(started: number): Promise<ResultDocument> {
    const wanted = new Set(this.options.only ?? PARTS);
    this.update({ timings: { open: performance.now() - started } });

    if (wanted.has('metrics')) {
      const key = this.work.key(this.opened, 'metrics', {});
      const { value, milliseconds } = await this.work.cached('metrics', key, () => this.metrics());
      const notes = this.withNotes(lossNotes(this.opened.problem.data, value));
      this.update({ metrics: value, ...notes }, { metrics: milliseconds });
      if (!Number.isFinite(fromScalar(value.loss))) await this.noteNonFinite(['loss']);
    }
    const needsLandscape = wanted.has('landscape') || wanted.has('topology');
    const hessianFirst =
      needsLandscape && this.study.configuration.landscape.directions === 'hessian';
    if (hessianFirst && wanted.has('hessian')) await this.addHessian();
    if (needsLandscape) await this.addLandscape();
    if (wanted.has('topology') && this.current.landscape) await this.addTopology();
    if (wanted.has('hessian') && !hessianFirst) await this.addHessian();
    this.current = {
      ...this.current,
      ...this.withNotes(this.work.isAtWork ? this.pool.notes : []),
      timings: { ...this.current.timings, total: performance.now() - started },
    };
    return this.current;
  }

  private async metrics(): Promise<Metrics> {
    const { data } = this.opened.problem;
    const batches = splitBatches(data.sets);
    this.work.setProblem(this.opened);
    await this.pool.keepRoom('values', 0, this.options.signal);
    const measured = await this.onEvery(this.opened, batches, (batch) =>
      this.pool.run<'metrics'>({ kind: 'metrics', batch }, this.options.signal),
    );
    return measuredMetrics(data, batches, measured);
  }

  private async addLandscape(): Promise<void> {
    const { landscape: settings } = this.study.configuration;
    const part = await this.landscapePart(
      settings,
      refinementOptions(this.study.configuration),
      (landscape) => {
        if (this.isPartialDue()) this.update({ landscape: landscape() });
      },
    );
    const { plan, key, refine } = part;
    const others = [plan.center, plan.reference, ...plan.others];
    this.follow(others.map(({ source }) => asOther(source)));
    this.follow((plan.run ?? []).map(({ source }) => asOther(source, 'member')));
    const onBegin = async (points: number): Promise<void> => {
      const { folder } = this.cache;
      await this.options.onLandscape?.({ folder, key, points, isRefined: refine !== null });
    };
    const sampled = await this.sampled({ ...part, onBegin }).catch((error: unknown) => {
      if (error instanceof NonFiniteProduct) return null;
      throw error;
    });
    if (sampled === null) {
      this.note(NO_DIRECTIONS);
      await this.noteNonFinite(['loss', 'gradient', 'product']);
      return;
    }
    const { value, milliseconds } = sampled;
    const started = performance.now();
    const trajectory = await this.trajectory(part);
    const landscape = { ...value, ...(trajectory === null ? {} : { trajectory }) };
    const refined = landscape.refinement === undefined ? [] : refinementNotes(landscape.refinement);
    const open = directionNotes(landscape.directions);
    this.update(
      { landscape, ...this.withNotes([...plan.notes, ...open, ...refined]) },
      { landscape: milliseconds + (performance.now() - started) },
    );
  }

  private async sampled(part: LandscapePart): Promise<Computed<Landscape>> {
    const started = performance.now();
    const { team } = this.options;
    if (team !== undefined) {
      await sampleTogether(part, team, async () => (await this.cache.read(part.key)) !== null);
    }
    const together = performance.now() - started;
    const { value, milliseconds } = await this.work.cached('landscape', part.key, () =>
      sampleLandscape(part),
    );
    return { value, milliseconds: milliseconds + together };
  }

  private async landscapePart(
    settings: Configuration['landscape'],
    refine: LandscapePart['refine'],
    onLandscape: (landscape: () => Landscape) => void,
  ): Promise<LandscapePart> {
    const { signal } = this.options;
    const plan = await planLandscape(settings, this.opened, this.run, this.path, signal);
    return {
      plan,
      refine,
      pool: this.pool,
      cache: this.cache,
      key: this.work.key(plan.center, 'landscape', {
        ...contentOfPlan(plan),
        refine,
        hessian:
          settings.directions === 'hessian'
            ? spectrumSettings(this.study.configuration.hessian)
            : null,
      }),
      eigenvectors: async () => (await this.hessianOf(plan.reference)).eigenvectors,
      setProblem: () => {
        this.work.setProblem(plan.center);
      },
      signal,
      onProgress: (fraction, landscape) => {
        this.options.onProgress?.({ part: 'landscape', fraction });
        if (landscape !== null) onLandscape(landscape);
      },
    };
  }

  /** Kept apart from the values: it changes with every checkpoint that is added to the run. */
  private async trajectory(part: LandscapePart): Promise<readonly ProjectedCheckpoint[] | null> {
    const { run } = part.plan;
    if (run === null) return null;
    const key = `trajectory-${contentKey(part.key, contentOfRun(run)).slice(0, 32)}`;
    const known = await this.cache.read<readonly ProjectedCheckpoint[]>(key);
    if (known !== null) return known;
    const projected = await projectPlan(part);
    await this.cache.write(key, projected);
    return projected;
  }

  private async addTopology(): Promise<void> {
    const landscape = this.current.landscape!;
    const started = performance.now();
    const sampleOther = async (settings: Configuration['landscape']): Promise<Landscape> => {
      const part = await this.landscapePart(settings, null, () => undefined);
      const { value } = await this.work.cached('landscape', part.key, () => sampleLandscape(part));
      return value;
    };
    const topology = await topologyOf(this.work, this.study.configuration, landscape, sampleOther);
    const milliseconds = performance.now() - started;
    const notes =
      topology.nonFinite === 0
        ? []
        : [
            say`The loss is infinite or not a number at ${topology.nonFinite} of ${landscape.values.length} points of the landscape; they are ordered above every finite value.`,
          ];
    this.update({ topology, ...this.withNotes(notes) }, { topology: milliseconds });
  }

  private async addHessian(): Promise<void> {
    try {
      const { hessian: own, milliseconds: first } = await this.hessianOf(this.opened);
      const { hessian, milliseconds: further } = await this.deepened(own);
      const milliseconds = first + further;
      const shares = shareNotes(this.current.metrics, hessian.terms ?? []);
      const { traceError } = this.study.configuration.hessian;
      const open = spectrumNotes(hessian, traceError);
      const { metrics, runtime } = this.current;
      const { kind } = this.study.configuration.objective;
      const loss = metrics === undefined ? NaN : fromScalar(metrics.loss);
      const saturated = saturationNote(loss, kind, runtime);
      const digits = saturated === null ? [] : [saturated];
      const notes = this.withNotes([...shares, ...open, ...digits]);
      this.update({ hessian, ...notes }, { hessian: milliseconds });
    } catch (error) {
      if (!(error instanceof NonFiniteProduct)) throw error;
      this.note(NO_CURVATURE);
      await this.noteNonFinite(['loss', 'gradient', 'product']);
    }
  }

  /** Says where what is computed stops being finite: the first of the named that is not. */
  private async noteNonFinite(named: readonly Differentiated[]): Promise<void> {
    const batches = derivativeBatches(this.opened.problem.data.sets);
    for (const of of named) {
      const key = this.work.key(this.opened, 'metrics', { nonFinite: of });
      let found = await this.cache.read<{ readonly place: NonFinitePlace | null }>(key);
      if (found === null) {
        this.work.setProblem(this.opened);
        let place: NonFinitePlace | null = null;
        for (const batch of batches) {
          this.options.signal?.throwIfAborted();
          const task = { kind: 'nonFinite', of, batch } as const;
          place = await this.pool.run<'nonFinite'>(task, this.options.signal);
          if (place !== null) break;
        }
        found = { place };
        await this.cache.write(key, found);
      }
      if (found.place === null) continue;
      for (const sentence of nonFiniteNotes(of, found.place)) this.note(sentence);
      return;
    }
  }

  private note(said: Message): void {
    if (!this.current.notes.includes(english(said))) this.update(this.withNotes([said]));
  }

  private withNotes(more: readonly Message[]): Notes {
    return withNotes(this.current, more);
  }

  /** What was asked for beside the spectrum. */
  private deepened(hessian: Hessian): ReturnType<typeof deepened> {
    const { hessian: settings } = this.study.configuration;
    return deepened(hessian, this.work, settings, this.opened, this.path, (sentence) => {
      this.note(sentence);
    });
  }

  private hessianOf(opened: OpenedCheckpoint): ReturnType<typeof hessianOf> {
    const { configuration } = this.study;
    return hessianOf(this.work, configuration, opened, (sentence) => {
      this.note(sentence);
    });
  }

  private onEvery<T>(
    opened: OpenedCheckpoint,
    batches: readonly Batch[],
    work: (batch: Batch) => Promise<T>,
  ): Promise<T[]> {
    this.work.setProblem(opened);
    return Promise.all(batches.map(work));
  }

  private update(change: Partial<ResultDocument>, timings: Timings = {}): void {
    this.current = {
      ...this.current,
      ...change,
      timings: { ...this.current.timings, ...change.timings, ...timings },
    };
    this.lastPartial = performance.now();
    this.options.onPartial?.(this.current);
  }

  /** Says that the document follows from other checkpoints too. */
  private follow(others: readonly FoundSource[]): void {
    const { sources = [], timings } = this.current;
    const known = new Set(sources.flatMap(({ files }) => files.map(({ path }) => path)));
    const more = others.filter(({ source }) => !source.files.every(({ path }) => known.has(path)));
    if (more.length === 0) return;
    const byFile = new Map(more.map((each) => [each.source.files[0]?.path, each]));
    const found = sourcesOf([...byFile.values()]);
    this.update({
      sources: [...sources, ...found.sources],
      timings: { written: { ...timings.written, ...found.timings.written } },
    });
  }

  private isPartialDue(): boolean {
    return performance.now() - this.lastPartial >= PARTIAL_INTERVAL;
  }
}
