import type { Objective } from '../../shared/objectiveConfiguration';
import { InputError } from '../../shared/inputError';
import { say, type Message } from '../../shared/words/message';
import { objectOf, type Json } from '../checkpoint/jsonObject';
import type { Model } from '../graph/model';

/** The loss a model of Keras or TensorFlow.js was compiled with, as Basin takes it. */
export interface CompiledLoss {
  readonly objective: Objective;
  /** The output it is of, or what that output's softmax or sigmoid is taken of. */
  readonly output: string;
  /** What of the compile configuration is no part of it: full sentences. */
  readonly notes: readonly Message[];
}

/** A loss by its name and settings. */
interface Loss {
  readonly name: string;
  readonly settings: Json;
}

/**
 * Reads what a model was compiled with.
 *
 * @param training null where it was not compiled.
 * @param output that basin.json asks for, if it does.
 * @param open the model with one output, by its name.
 * @throws InputError where it has no loss, one that Basin does not take, or several.
 */
export function compiledLoss(
  training: Json | null,
  model: Model,
  output: string | undefined,
  open: (output: string) => Model,
): CompiledLoss {
  const { path } = model;
  const losses = lossesOf(training?.loss, model.outputs);
  if (losses.size === 0) {
    throw new InputError(
      say`${path} was saved without a loss, as it was not compiled; say what is minimised in a basin.json beside it, as in "objective": {"kind": "classification"}, or compile the model before it is saved.`,
      'missing',
    );
  }
  const wanted = output?.replace(/\/logits$/, '');
  const [only] = losses.keys();
  if (wanted === undefined && losses.size > 1) {
    throw new InputError(
      say`${path} has losses of ${losses.size} outputs: ${[...losses.keys()].join(', ')}; say which one is meant, as in "output": "${only!}".`,
      'mismatch',
    );
  }
  const name = wanted ?? only!;
  const loss = losses.get(name);
  if (loss === undefined) {
    throw new InputError(
      say`${path} was compiled without a loss of ${name}; name one of ${[...losses.keys()].join(', ')} as "output", or write an "objective" into basin.json.`,
      'mismatch',
    );
  }
  const { objective, probabilities } = objectiveOf(loss, path);
  const others = [...losses.keys()].filter((other) => other !== name);
  return {
    objective,
    output: probabilities === null ? (output ?? name) : logitsOf(open(name), loss, probabilities),
    notes: notesOf(training!, loss, name, others),
  };
}

/** What makes the probabilities that a loss takes; null where it takes logits or values. */
type Probabilities = 'Softmax' | 'Sigmoid' | null;

function objectiveOf(
  { name, settings }: Loss,
  path: string,
): { readonly objective: Objective; readonly probabilities: Probabilities } {
  const number = (key: string): number | null =>
    typeof settings[key] === 'number' ? settings[key] : null;
  const smoothing = number('label_smoothing') ?? 0;
  const labelSmoothing = smoothing === 0 ? {} : { labelSmoothing: smoothing };
  const takesLogits = settings.from_logits === true;
  switch (name.replaceAll(/[^a-z]/gi, '').toLowerCase()) {
    case 'meansquarederror':
    case 'mse':
      return { objective: { kind: 'regression', loss: 'squared' }, probabilities: null };
    case 'meanabsoluteerror':
    case 'mae':
      return { objective: { kind: 'regression', loss: 'absolute' }, probabilities: null };
    case 'huber':
    case 'huberloss': {
      const delta = number('delta') ?? 1;
      return { objective: { kind: 'regression', loss: 'huber', delta }, probabilities: null };
    }
    case 'binarycrossentropy':
    case 'bce':
      return {
        objective: { kind: 'binary', ...labelSmoothing },
        probabilities: takesLogits ? null : 'Sigmoid',
      };
    case 'categoricalcrossentropy':
    case 'sparsecategoricalcrossentropy': {
      const ignore = number('ignore_class');
      return {
        objective: {
          kind: 'classification',
          classAxis: number('axis') ?? -1,
          ...labelSmoothing,
          ...(ignore === null ? {} : { ignore }),
        },
        probabilities: takesLogits ? null : 'Softmax',
      };
    }
    default:
      throw new InputError(
        say`${path} was compiled with the loss ${name}, which Basin does not take; write an "objective" into basin.json (docs/objectives.md lists them), or end the model in the loss and choose {"kind": "output"}.`,
        'unsupported',
      );
  }
}

function logitsOf(model: Model, { name }: Loss, wanted: 'Softmax' | 'Sigmoid'): string {
  const last = model.lastOperation();
  if (last?.operator === wanted) return last.input;
  throw new InputError(
    say`${model.path} was compiled with ${name} of probabilities (from_logits=False), and its output ${model.outputs[0]!} is not made by a ${wanted.toLowerCase()}; write an "objective" into basin.json if it gives logits, or compile it with from_logits=True.`,
    'mismatch',
  );
}

/** Losses by the names of the outputs they are of. */
function lossesOf(value: unknown, outputs: readonly string[]): ReadonlyMap<string, Loss> {
  const single = lossOf(value);
  if (single !== null) return new Map(outputs.map((output) => [output, single]));
  const object = objectOf(value);
  const list: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? (value as readonly unknown[]).map((each, i) => [outputs[i] ?? String(i), each])
    : Object.entries(object ?? {});
  return new Map(
    list.flatMap(([output, each]) => {
      const loss = lossOf(each);
      return loss === null ? [] : [[output, loss] as const];
    }),
  );
}

function lossOf(value: unknown): Loss | null {
  if (typeof value === 'string' && value !== '') return { name: value, settings: {} };
  const object = objectOf(value);
  if (typeof object?.class_name !== 'string') return null;
  const { class_name: name, config } = object;
  if (typeof config === 'string') return { name: config, settings: {} };
  const settings = objectOf(config) ?? {};
  // What wraps a function is called as that.
  const isWrapper = name === 'LossFunctionWrapper' || name === 'MeanMetricWrapper';
  return { name: isWrapper && typeof settings.fn === 'string' ? settings.fn : name, settings };
}

/** Metrics that Basin shows, or that are the loss. */
const SHOWN: ReadonlySet<string> = new Set([
  'accuracy',
  'acc',
  'binaryaccuracy',
  'categoricalaccuracy',
  'sparsecategoricalaccuracy',
  'mae',
  'meanabsoluteerror',
  'mse',
  'meansquarederror',
  'loss',
]);

function notesOf(
  training: Json,
  { name, settings }: Loss,
  output: string,
  others: readonly string[],
): readonly Message[] {
  const notes: Message[] = [];
  if (others.length > 0) {
    notes.push(
      say`The loss is that of the output ${output} alone; the model was also compiled with losses of ${others.join(', ')}.`,
    );
  }
  if (settings.reduction === 'sum') {
    notes.push(
      say`The model was compiled with ${name} summed over a batch (reduction="sum"); Basin takes the mean, so that loss and curvature are those divided by the number of values.`,
    );
  }
  const weights = training.loss_weights ?? null;
  if (weights !== null) {
    notes.push(
      say`The weights of losses that the model was compiled with (loss_weights) are no part of the loss.`,
    );
  }
  const metrics = metricsIn(training.metrics).filter(
    (metric) => !SHOWN.has(metric.replaceAll(/[^a-z]/gi, '').toLowerCase()),
  );
  if (metrics.length > 0) {
    notes.push(
      say`Metrics the model was compiled with that Basin does not compute: ${[...new Set(metrics)].slice(0, 10).join(', ')}.`,
    );
  }
  return notes;
}

function metricsIn(value: unknown): readonly string[] {
  const loss = lossOf(value);
  if (loss !== null) {
    // Keras 2 writes the function beside the name people gave it.
    const { fn, name } = loss.settings;
    const isWrapped = typeof fn === 'string' && typeof name === 'string';
    return [isWrapped ? (SHOWN.has(name) ? name : fn) : loss.name];
  }
  if (Array.isArray(value)) return value.flatMap(metricsIn);
  return Object.values(objectOf(value) ?? {}).flatMap(metricsIn);
}
