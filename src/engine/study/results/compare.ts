import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import {
  COMPARISON_SCHEMA,
  type ComparedSide,
  type Comparison,
  type Difference,
} from '../../../shared/comparison';
import { InputError } from '../../../shared/inputError';
import { fromScalar } from '../../../shared/result/scalar';
import { analyzeTopology } from '../../topology/analyzeTopology';
import { compareTopologies } from '../../topology/distances/compareTopologies';
import { differenceOf, standardErrorOf } from '../../topology/distances/difference';
import { FLOAT32_NOISE } from '../../topology/noiseFloor';
import { readLandscape } from '../../topology/files/readLandscape';
import { describeChanges, folderOfResult, ResultChecks } from './resultChecks';
import { isResult, readResult, resultPathsOf } from './storedResult';
import type { Change } from '../../../shared/sources';
import type { ResultDocument } from '../../../shared/result';
import type { Topology } from '../../../shared/result/topology';
import type { Axis, Directions, Landscape } from '../../../shared/result/landscape';
import { say, type Message } from '../../../shared/words/message';

/** What is known of one side. */
interface Side {
  readonly side: ComparedSide;
  readonly document: ResultDocument | null;
  readonly topology: Topology | null;
  readonly axes: readonly Axis[] | null;
  readonly directions: Directions | null;
  readonly relativeNoise: number;
  readonly warnings: readonly Message[];
}

/**
 * Compares two result documents, landscapes or checkpoints that have been analysed, each named by
 * its path.
 *
 * @param results where the results of checkpoints are, if not beside their basin.json.
 * @throws InputError when a path is none of these, a checkpoint is not the one that was analysed, or
 *   the two have nothing in common; the signal's reason.
 */
export async function compare(
  first: string,
  second: string,
  results: { readonly first?: string | undefined; readonly second?: string | undefined } = {},
  signal?: AbortSignal,
): Promise<Comparison> {
  const checks = new ResultChecks(signal);
  const a = await openSide(first, results.first, checks);
  const b = await openSide(second, results.second, checks);
  const plane = planeWarnings(a, b);
  const topology =
    a.topology && b.topology
      ? compareTopologies(
          { ...a, topology: a.topology },
          { ...b, topology: b.topology },
          plane.length === 0,
        )
      : null;
  const metrics = metricDifferences(a.document, b.document);
  const hessian = hessianDifferences(a.document, b.document);
  if (topology === null && metrics.length === 0 && hessian.length === 0) {
    throw new InputError(
      say`${first} and ${second} have no part in common; analyze the same parts of both.`,
      'mismatch',
    );
  }
  return {
    schema: COMPARISON_SCHEMA,
    first: a.side,
    second: b.side,
    metrics,
    ...(topology === null ? {} : { topology: topology.comparison }),
    hessian,
    warnings: [
      ...[a, b].flatMap(({ side, warnings }) =>
        warnings.map((warning) => say`${side.path}: ${warning}`),
      ),
      ...plane,
      ...countWarnings(a.topology, b.topology),
      ...sampleWarnings(a.document, b.document),
      ...(topology?.warnings ?? []),
    ],
  };
}

/** Weights and nothing else: never landscapes. */
const CHECKPOINT_SUFFIXES = ['.pt', '.pth', '.ckpt', '.bin', '.safetensors', '.keras'];

async function openSide(
  path: string,
  result: string | undefined,
  checks: ResultChecks,
): Promise<Side> {
  if (!existsSync(path)) {
    throw new InputError(say`${path} does not exist; check the path.`, 'missing');
  }
  const suffix = extname(path).toLowerCase();
  const stored = result === undefined ? resultPathsOf(path) : [result];
  const found = stored.find((file) => existsSync(file));
  if (found !== undefined) {
    const document = await readResult(found);
    const changes = await checks.changesOf(path, document);
    // Its numbers are those of weights that are gone.
    if (changes.includes('checkpoint')) {
      throw new InputError(
        say`${path} is another file than when it was analyzed; run "basin analyze ${path}" first.`,
        'mismatch',
      );
    }
    return sideOf(path, document, changes);
  }
  if (suffix === '.json' && (await isResult(path))) {
    const document = await readResult(path);
    return sideOf(path, document, await checks.changes(document, folderOfResult(path)));
  }
  if (CHECKPOINT_SUFFIXES.includes(suffix)) {
    throw new InputError(
      stored.length === 0
        ? say`${path} has no basin.json beside or above it, so it has no result; name result documents or landscapes.`
        : say`${path} has not been analyzed; run "basin analyze ${path}" first.`,
      'missing',
    );
  }
  const { values, shape, axes, warnings } = await readLandscape(path);
  return {
    side: { path, kind: 'landscape' },
    document: null,
    topology: analyzeTopology(values, shape),
    axes,
    directions: null,
    relativeNoise: FLOAT32_NOISE,
    warnings,
  };
}

function sideOf(path: string, document: ResultDocument, changes: readonly Change[]): Side {
  const { checkpoint, landscape, topology } = document;
  return {
    side: {
      path,
      kind: 'result',
      checkpoint,
      ...(changes.length === 0 ? {} : { outdated: changes }),
    },
    document,
    topology: topology ?? (landscape === undefined ? null : topologyOf(landscape)),
    axes: landscape?.axes ?? null,
    directions: landscape?.directions ?? null,
    relativeNoise: landscape?.relativeNoise ?? FLOAT32_NOISE,
    warnings: describeChanges(changes),
  };
}

function topologyOf(landscape: Landscape): Topology {
  const values = Float64Array.from(landscape.values, (value) => fromScalar(value ?? 'NaN'));
  return analyzeTopology(values, landscape.shape, {
    relativeNoise: landscape.relativeNoise ?? FLOAT32_NOISE,
  });
}

function metricDifferences(
  first: ResultDocument | null,
  second: ResultDocument | null,
): Difference[] {
  const [a, b] = [first?.metrics, second?.metrics];
  if (a === undefined || b === undefined) return [];
  const differences = [differenceOf('loss', fromScalar(a.loss), fromScalar(b.loss), null)];
  if (a.accuracy !== undefined && b.accuracy !== undefined) {
    // Of shares of targets. On the same samples the two go together, so this is on the safe side.
    const error = (share: number, count: number) => Math.sqrt((share * (1 - share)) / count);
    const uncertainty = standardErrorOf(
      error(a.accuracy, a.targets ?? a.samples),
      error(b.accuracy, b.targets ?? b.samples),
    );
    differences.push(differenceOf('accuracy', a.accuracy, b.accuracy, uncertainty));
  }
  if (a.error !== undefined && b.error !== undefined) {
    differences.push(differenceOf('error', fromScalar(a.error), fromScalar(b.error), null));
  }
  return differences;
}

/** Eigenvalues by their rank, as far as both have them. An eigenvalue lies within its residual. */
function hessianDifferences(
  first: ResultDocument | null,
  second: ResultDocument | null,
): Difference[] {
  const [a, b] = [first?.hessian, second?.hessian];
  if (a === undefined || b === undefined) return [];
  const count = Math.min(a.eigenvalues.length, b.eigenvalues.length);
  const eigenvalue = (name: string, p: typeof a.smallest, q: typeof a.smallest) =>
    differenceOf(name, p.value, q.value, { kind: 'bound', value: p.residual + q.residual });
  return [
    ...Array.from({ length: count }, (_, k) =>
      eigenvalue(`eigenvalue ${k + 1}`, a.eigenvalues[k]!, b.eigenvalues[k]!),
    ),
    eigenvalue('smallest eigenvalue', a.smallest, b.smallest),
    differenceOf(
      'trace',
      a.trace.value,
      b.trace.value,
      standardErrorOf(a.trace.standardError, b.trace.standardError),
    ),
  ];
}

/** Measured on the directions, not choices: they differ between checkpoints of one run. */
const MEASURED: readonly string[] = [
  'norms',
  'cosines',
  'parameterNorm',
  'eigenvalues',
  'explained',
  'curve',
];

/** Why a place in one landscape is not the same place in the other; empty where it is. */
function planeWarnings(first: Side, second: Side): Message[] {
  if (first.topology === null || second.topology === null) return [];
  const [a, b] = [first.axes, second.axes];
  if (a === null || b === null) {
    const [silent] = [first, second].filter(({ axes }) => axes === null);
    return [
      say`${silent!.side.path} does not say where its points lie: whether both landscapes cover the same plane is not known, so persistence is compared and places are not.`,
    ];
  }
  const warnings: Message[] = [];
  if (JSON.stringify(extents(a)) !== JSON.stringify(extents(b))) {
    warnings.push(
      say`The landscapes are not comparable point by point: the first covers ${inWords(a)}, the second ${inWords(b)}; sample both with the same range and resolution.`,
    );
  }
  const [p, q] = [first.directions, second.directions];
  if (p === null || q === null) {
    warnings.push(
      say`A landscape file does not say its directions: whether both landscapes cover the same plane is not known, so persistence is compared and places are not.`,
    );
    return warnings;
  }
  const differing = choicesIn(p, q).filter(
    (choice) => JSON.stringify(choiceOf(p, choice)) !== JSON.stringify(choiceOf(q, choice)),
  );
  if (differing.length > 0) {
    warnings.push(
      say`The landscapes lie in different planes: ${differing
        .map((choice) => {
          const [one, other] = [p, q].map((side) => JSON.stringify(choiceOf(side, choice)));
          return say`${choice} ${one!} and ${other!}`;
        })
        .reduce(
          (one, other) => say`${one}, ${other}`,
        )}; differences between them are differences of the planes too.`,
    );
  } else if (p.kind === 'hessian') {
    warnings.push(
      say`The directions are eigenvectors of each checkpoint’s own Hessian: the same place in the two grids is not the same place in weight space.`,
    );
  }
  return warnings;
}

function choicesIn(...directions: readonly Directions[]): string[] {
  const names = new Set(directions.flatMap((one) => Object.keys(one)));
  return [...names].filter((name) => !MEASURED.includes(name));
}

function choiceOf(directions: Directions, choice: string): unknown {
  return (directions as unknown as Readonly<Record<string, unknown>>)[choice] ?? null;
}

/** Names do not matter, and nor does rounding in text. */
function extents(axes: readonly Axis[]): readonly (readonly [string, string, number])[] {
  return axes.map(({ min, max, steps }) => [min.toPrecision(9), max.toPrecision(9), steps]);
}

function inWords(axes: readonly Axis[]): Message {
  return axes
    .map(({ min, max, steps }) => say`${steps} points from ${min} to ${max}`)
    .reduce((one, other) => say`${one} by ${other}`);
}

function countWarnings(first: Topology | null, second: Topology | null): Message[] {
  if (first === null || second === null) return [];
  const warnings: Message[] = [];
  if (first.neighborhood !== second.neighborhood) {
    warnings.push(
      say`The first was counted with the neighbourhood ${first.neighborhood}, the second with ${second.neighborhood}, which alone changes counts by a factor of up to four; analyze both with one.`,
    );
  }
  const given = [first, second].filter(({ thresholdSource }) => thresholdSource === 'given');
  if (given.length > 0 && first.threshold !== second.threshold) {
    warnings.push(
      say`Pairs were counted above persistence ${first.threshold} in the first and ${second.threshold} in the second; analyze both with one threshold.`,
    );
  }
  const points = (topology: Topology) => topology.shape.reduce((product, n) => product * n, 1);
  if (points(first) !== points(second)) {
    warnings.push(
      say`The landscapes have ${points(first)} and ${points(second)} points: a finer grid sees more minima and saddles of the same function.`,
    );
  }
  return warnings;
}

function sampleWarnings(first: ResultDocument | null, second: ResultDocument | null): Message[] {
  if (first === null || second === null) return [];
  const warnings: Message[] = [];
  if (first.parameters !== second.parameters) {
    warnings.push(
      say`The models have ${first.parameters} and ${second.parameters} parameters: these are different architectures, whose directions have nothing in common.`,
    );
  }
  const [a, b] = [first.metrics?.samples, second.metrics?.samples];
  if (a !== undefined && b !== undefined && a !== b) {
    warnings.push(say`The losses are means of ${a} and of ${b} samples, so of different data.`);
  }
  const [p, q] = [first.landscape, second.landscape];
  if (p !== undefined && q !== undefined && p.batchNorm !== q.batchNorm) {
    warnings.push(
      p.batchNorm === undefined
        ? say`The landscape of the second was computed with BatchNorm statistics of each point, that of the first with those of the checkpoint, so that the two are different functions; analyze both with the same "landscape.batchNorm".`
        : say`The landscape of the first was computed with BatchNorm statistics of each point, that of the second with those of the checkpoint, so that the two are different functions; analyze both with the same "landscape.batchNorm".`,
    );
  }
  if (first.runtime.precision !== second.runtime.precision) {
    warnings.push(
      say`The first was computed in ${first.runtime.precision} and the second in ${second.runtime.precision}: small differences may be rounding.`,
    );
  }
  return warnings;
}
