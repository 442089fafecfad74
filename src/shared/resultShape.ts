import { RESULT_SCHEMA, type ResultDocument } from './result';
import { say, type Message } from './words/message';

export type ResultReading =
  | { readonly ok: true; readonly document: ResultDocument }
  /** A sentence's end: what is wrong with the text. */
  | { readonly ok: false; readonly why: Message };

/**
 * Reads a result document that may have been written by another version, or by anyone.
 *
 * It checks what the host and the panel rely on when they walk the document: the kinds of the
 * parts and of the arrays, not the meaning of the numbers.
 */
export function parseResult(text: string): ResultReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, why: say`it is not JSON` };
  }
  if (!isRecord(value)) return { ok: false, why: say`it is not an object` };
  if (value.schema !== RESULT_SCHEMA) {
    return {
      ok: false,
      why:
        value.schema === undefined
          ? say`its schema is missing, and this version reads ${RESULT_SCHEMA}`
          : say`its schema is ${describe(value.schema)}, and this version reads ${RESULT_SCHEMA}`,
    };
  }
  const wrong = firstWrong(value);
  if (wrong !== undefined) return { ok: false, why: say`its ${wrong} is not what it must be` };
  return { ok: true, document: value as unknown as ResultDocument };
}

type Check = (value: unknown) => boolean;

function firstWrong(document: Record<string, unknown>): string | undefined {
  const checks: Readonly<Record<string, Check>> = {
    checkpoint: shape({ path: isString, format: isString, sha256: isString }),
    parameters: isNumber,
    runtime: shape({ name: isString, version: isString, precision: isString }),
    seed: isNumber,
    notes: arrayOf(isString),
    messages: optional(arrayOf((value) => isMessage(value))),
    probe: optional(isRecord),
    timings: isTimings,
    sources: optional(
      arrayOf(
        shape({
          kind: isString,
          sha256: isString,
          files: arrayOf(shape({ path: isString, size: isNumber })),
        }),
      ),
    ),
    metrics: optional(
      shape({
        loss: isScalar,
        samples: isNumber,
        accuracy: optional(isNumber),
        targets: optional(isNumber),
        error: optional(isScalar),
      }),
    ),
    landscape: optional(isLandscape),
    topology: optional(isTopology),
    hessian: optional(isHessian),
  };
  return Object.entries(checks).find(([name, check]) => !check(document[name]))?.[0];
}

function isLandscape(value: unknown): boolean {
  const ok = shape({
    axes: arrayOf(shape({ name: isString, min: isNumber, max: isNumber, steps: isNumber })),
    directions: shape({
      kind: isString,
      normalization: isString,
      norms: arrayOf(isNumber),
      explained: optional(arrayOf(isNumber)),
      anchors: optional(arrayOf(shape({ checkpoint: isString, coordinates: arrayOf(isNumber) }))),
      curve: optional(
        shape({ barrier: isScalar, straightBarrier: isScalar, straight: arrayOf(isScalar) }),
      ),
    }),
    trajectory: optional(
      arrayOf(
        shape({
          checkpoint: isString,
          coordinates: arrayOf(isNumber),
          residual: isNumber,
          norm: isNumber,
        }),
      ),
    ),
    refinement: optional(
      shape({
        evaluations: isNumber,
        gridPoints: isNumber,
        evaluated: arrayOf(isNumber),
        undecided: arrayOf(isNumber),
      }),
    ),
    batchNorm: optional(isString),
    shape: arrayOf(isNumber),
    values: arrayOf((point) => point === null || isScalar(point)),
  })(value);
  if (!ok) return false;
  const {
    axes,
    shape: steps,
    values,
  } = value as {
    axes: { steps: number }[];
    shape: number[];
    values: unknown[];
  };
  return (
    axes.length > 0 &&
    axes.length === steps.length &&
    axes.every((axis, i) => axis.steps === steps[i]) &&
    values.length === steps.reduce((product, count) => product * count, 1)
  );
}

function isTopology(value: unknown): boolean {
  const pair = shape({
    birth: isScalar,
    death: isScalar,
    birthVertex: isNumber,
    deathVertex: isNumber,
    border: optional((value) => value === true),
    keptWhenWidened: optional((value) => typeof value === 'boolean'),
  });
  const summary = shape({ count: isNumber, mean: isNumber });
  const range = shape({ low: isNumber, high: isNumber });
  const basin = shape({
    kind: isString,
    vertex: isNumber,
    from: isScalar,
    to: isScalar,
    parent: isNumber,
    centre: isNumber,
    base: isNumber,
    top: isNumber,
    losses: arrayOf(isScalar),
    widths: arrayOf(isNumber),
    meanLoss: (value) => value === null || isNumber(value),
  });
  return shape({
    shape: arrayOf(isNumber),
    neighborhood: isString,
    threshold: isNumber,
    minima: isNumber,
    saddles: isNumber,
    pairs: arrayOf(pair),
    essential: pair,
    inner: optional(shape({ minima: isNumber, saddles: isNumber })),
    summaries: shape({ inner: optional(summary), finite: summary, withEssential: summary }),
    sensitivity: shape({
      saddlesByNeighborhood: (counts) => isRecord(counts) && Object.values(counts).every(isNumber),
      band: optional(shape({ saddles: range, innerSaddles: optional(range) })),
    }),
    smad: optional(shape({ edges: isNumber, mean: isNumber, meanOverRange: isNumber })),
    loops: optional(summary),
    profile: optional(shape({ threshold: isNumber, width: isNumber, basins: arrayOf(basin) })),
    mergeTree: shape({
      nodes: arrayOf(
        shape({ vertex: isNumber, value: isScalar, kind: isString, parent: isNumber }),
      ),
    }),
  })(value);
}

function isHessian(value: unknown): boolean {
  const eigenvalue = shape({ value: isNumber, residual: isNumber });
  const estimate = shape({ value: isNumber, standardError: isNumber });
  const spectrum = { eigenvalues: arrayOf(eigenvalue), trace: estimate };
  return shape({
    ...spectrum,
    smallest: eigenvalue,
    density: shape({ grid: arrayOf(isNumber), values: arrayOf(isNumber) }),
    layers: optional(
      arrayOf(
        shape({
          name: isString,
          parameters: isNumber,
          trace: estimate,
          gradientNorm: optional(isNumber),
          largest: optional(eigenvalue),
          gaussNewton: optional(estimate),
        }),
      ),
    ),
    edgeOfStability: optional(
      shape({
        learningRate: isNumber,
        momentum: isNumber,
        bound: isNumber,
        sharpness: isNumber,
        residual: optional(isNumber),
        state: isString,
      }),
    ),
    gradient: optional(
      shape({
        norm: isNumber,
        curvature: nullOr(isNumber),
        ascent: nullOr(shape({ radius: isNumber, rise: isScalar })),
      }),
    ),
    profiles: optional(arrayOf(isProfile)),
    gaussNewton: optional(
      shape({
        ...spectrum,
        rest: shape({ trace: estimate, curvature: isNumber }),
        fisherOf: nullOr(isString),
      }),
    ),
    fisher: optional(shape(spectrum)),
    offDiagonal: optional(
      shape({
        share: isNumber,
        standardError: isNumber,
        interval: shape({ low: isNumber, high: isNumber }),
        norm: isNumber,
      }),
    ),
  })(value);
}

function isProfile(value: unknown): boolean {
  const ok = shape({
    eigenvalue: isNumber,
    slope: isNumber,
    distances: arrayOf(isNumber),
    losses: arrayOf(isScalar),
  })(value);
  if (!ok) return false;
  const { distances, losses } = value as { distances: unknown[]; losses: unknown[] };
  return distances.length === losses.length;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isScalar(value: unknown): boolean {
  return isNumber(value) || value === 'NaN' || value === 'Infinity' || value === '-Infinity';
}

function optional(check: Check): Check {
  return (value) => value === undefined || check(value);
}

function nullOr(check: Check): Check {
  return (value) => value === null || check(value);
}

function arrayOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

function shape(checks: Readonly<Record<string, Check>>): Check {
  return (value) =>
    isRecord(value) && Object.entries(checks).every(([name, check]) => check(value[name]));
}

function describe(value: unknown): string {
  return JSON.stringify(value).slice(0, 40);
}

/** Messages are put into messages, this deep at most: whoever wrote the file, it is soon read. */
const MAX_MESSAGE_DEPTH = 16;

function isMessage(value: unknown, deepest = MAX_MESSAGE_DEPTH): boolean {
  if (deepest === 0 || !isRecord(value)) return false;
  const isPart = (part: unknown) => isString(part) || isMessage(part, deepest - 1);
  return shape({
    template: isString,
    values: arrayOf((put) => isNumber(put) || isPart(put) || arrayOf(isPart)(put)),
  })(value);
}

function isTimings(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { written = {} } = value;
  return isRecord(written) && Object.values(written).every(isNumber);
}
