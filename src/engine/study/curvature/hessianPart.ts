import {
  dimensionsOf,
  spectrumSettings,
  type Configuration,
  type SpectrumSettings,
} from '../../../shared/configuration';
import type { Eigenvalue, Hessian } from '../../../shared/result/hessian';
import type { Message } from '../../../shared/words/message';
import { layersOf } from '../../hessian/layers';
import { MIN_PARTS, PartTraces } from '../../hessian/partTraces';
import { spectrum, type Spectrum } from '../../hessian/spectrum';
import { isSample } from '../../objective/isSample';
import { tensorSpans } from '../../objective/weights';
import { EigenvectorStore } from './eigenvectorStore';
import type { Eigenvectors } from '../landscapes/landscapeSpan';
import type { OpenedCheckpoint } from '../openProblem';
import { LONG_VECTOR } from '../../hessian/longVectors';
import type { PartWork } from '../partWork';
import { productsOn } from '../pool/products';
import { samplingErrors, sharesOf, spectrumBatches } from './samplingErrors';
import { fitSpectrum, type MemoryShape } from './spectrumPlan';
import { slopeOf, withSlope, type Slope } from './slope';
import { termCurvatures } from './termShares';
import { vectorsOn } from '../pool/vectorsOnPool';

/** What the cache holds of a Hessian; its eigenvectors are beside it. */
interface StoredSpectrum {
  readonly hessian: Hessian;
  /** Eigenvalues of the eigenvectors that are kept. */
  readonly leading: readonly Eigenvalue[];
}

/** Eigenvalues whose sampling error is estimated. */
const MAX_SAMPLING_ERRORS = 5;

/** Eigenvectors along which the loss is looked at. */
const MAX_PROFILES = 2;

/** The spectrum of a checkpoint, and the eigenvectors a landscape needs. */
export async function hessianOf(
  work: PartWork,
  configuration: Configuration,
  opened: OpenedCheckpoint,
  note: (said: Message) => void,
): Promise<{
  readonly hessian: Hessian;
  readonly milliseconds: number;
  readonly eigenvectors: Eigenvectors;
}> {
  const { hessian: all, landscape } = configuration;
  const settings = spectrumSettings(all);
  const kept = landscape.directions === 'hessian' ? dimensionsOf(landscape) : 0;
  const wanted = { ...settings, eigenvalues: Math.max(settings.eigenvalues, kept) };
  const keyOf = (asked: typeof wanted) =>
    work.key(opened, 'hessian', { asked, kept, order: landscape.order, radius: all.radius });
  const isKnown = (await work.cache.read(keyOf(wanted))) !== null;
  const asked = isKnown ? wanted : await fitted(work, opened, wanted, note);
  const key = keyOf(asked);
  const store = new EigenvectorStore(work.cache, key, opened.weights.theta.length);
  let vectors: readonly Float64Array[] | null = null;
  const { value, milliseconds } = await work.cached<StoredSpectrum>(
    'hessian',
    key,
    async () => {
      const { hessian, leading } = await spectrumOf(work, opened, asked);
      const found = leading(kept, landscape.order);
      vectors = await store.write(found.vectors);
      const errors = await samplingErrorsOf(work, configuration, opened, leading);
      const slope = await slopeAt(work, opened, leading, all.radius);
      const eigenvalues = hessian.eigenvalues.map((each, i) => {
        const samplingError = errors?.[i];
        return samplingError === undefined ? each : { ...each, samplingError };
      });
      const terms = await termsOf(work, opened, () => leading(1, 'value').vectors[0]!);
      const whole = withSlope({ ...hessian, eigenvalues, ...terms }, slope);
      return { hessian: whole, leading: found.eigenvalues };
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
function samplingErrorsOf(
  work: PartWork,
  configuration: Configuration,
  { problem, weights }: OpenedCheckpoint,
  leading: Spectrum['leading'],
): Promise<readonly number[] | null> {
  const { eigenvalues } = configuration.hessian;
  const most = weights.theta.length > LONG_VECTOR ? 1 : MAX_SAMPLING_ERRORS;
  const found = leading(Math.min(eigenvalues, most), 'value');
  return samplingErrors(work.pool, problem.data, found.vectors, work.signal);
}

/** The gradient, and the loss along the first eigenvectors: one alone where vectors are long. */
function slopeAt(
  work: PartWork,
  opened: OpenedCheckpoint,
  leading: Spectrum['leading'],
  radius: number,
): Promise<Slope> {
  const most = opened.weights.theta.length > LONG_VECTOR ? 1 : MAX_PROFILES;
  return slopeOf(work.pool, opened, leading(most, 'value'), { radius, signal: work.signal });
}

/** What the terms of an equation's loss are of its gradient and its largest curvature. */
async function termsOf(
  work: PartWork,
  { problem }: OpenedCheckpoint,
  direction: () => Float64Array,
): Promise<Partial<Hessian>> {
  const { data } = problem;
  if (data.kind !== 'collocation') return {};
  work.forgetProblem();
  const { signal } = work;
  return { terms: await termCurvatures(work.pool, { ...problem, data }, direction(), signal) };
}

/** The settings that memory allows, and how the space is kept in it. */
export async function fitted<T extends SpectrumSettings>(
  work: PartWork,
  opened: OpenedCheckpoint,
  settings: T,
  note: (said: Message) => void,
): Promise<T & MemoryShape> {
  work.setProblem(opened);
  const { length } = opened.weights.theta;
  const plan = await fitSpectrum(work.pool, settings, length, work.signal);
  if (plan.note !== null) note(plan.note);
  return { ...settings, ...plan.settings, ...plan.shape };
}

async function spectrumOf(
  work: PartWork,
  opened: OpenedCheckpoint,
  settings: SpectrumSettings & MemoryShape,
): Promise<Spectrum> {
  const { data } = opened.problem;
  const { theta, parameters } = opened.weights;
  const batches = spectrumBatches(data, theta.length);
  const quotients = Array.from({ length: settings.probes }, () => new Float64Array(batches.length));
  const parts =
    isSample(data) && batches.length >= MIN_PARTS
      ? { traces: new PartTraces(sharesOf(batches)), quotients }
      : undefined;
  work.setProblem(opened);
  return spectrum(
    productsOn(work.pool, {
      batches,
      length: theta.length,
      signal: work.signal,
      ...(parts === undefined
        ? {}
        : {
            onQuotient: (vector, batch, quotient) => {
              quotients[vector]![batch] = quotient;
            },
          }),
    }),
    theta.length,
    {
      ...settings,
      parts,
      spans: tensorSpans(parameters),
      layers: layersOf(parameters),
      precision: work.pool.runtime.identity.precision,
      work: vectorsOn(work.pool, work.signal),
      onProduct: (done, expected) =>
        work.onProgress?.({ part: 'hessian', fraction: done / expected }),
    },
  );
}
