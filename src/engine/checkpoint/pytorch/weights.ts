import { Budget } from '../bytes/budget';
import { Fault } from '../fault';
import { PickleObject, type PickleDictionary, type PickleValue } from './pickleValue';
import { TensorReference } from './pytorchPickle';
import { withStateDicts } from './wholeModule';
import { say } from '../../../shared/words/message';

/** The weights in a PyTorch file, and where they are. */
export interface Weights {
  /** Keys from the root, joined by dots; '' for the root itself. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorReference>;
  /** Paths of other sets of weights: averages over training, other networks. */
  readonly variants: readonly string[];
}

/** Where training code puts the weights, in the order of belief. */
const PLACES = [
  'state_dict',
  'model_state_dict',
  'model',
  'net',
  'module',
  'model_state',
  'net_state_dict',
  'network',
  'weights',
  'params',
];

/** Where it puts moving averages of them. */
const AVERAGES = /(^|_)(ema|swa|averaged)(_|$)/;

/** Tensors there are the optimizer's, or the random generator's. */
const NO_WEIGHTS = /^(optim|amp|rng|cuda_rng|grad_scaler|scaler)|scheduler|optimizer/;

/**
 * Chooses the weights in what `torch.save` wrote: the chosen path; else the usual places; else a
 * dictionary of tensors at the root; else the only dictionary of tensors below it.
 *
 * A whole pickled module is taken for its state_dict.
 *
 * @param choice keys from the root, joined by dots.
 * @throws Fault when there are none, or several and no reason to prefer one.
 */
export function weightsOf(pickled: PickleValue, choice?: string, budget = new Budget(0)): Weights {
  const root = withStateDicts(pickled, budget);
  if (root instanceof PickleObject) throw wholeModel(root);
  if (root instanceof TensorReference) {
    throw new Fault('unsupported', say`it holds a single tensor and no named weights`);
  }
  if (!(root instanceof Map)) throw new Fault('unsupported', say`it holds no named weights`);

  const counts = new TensorCounts(budget);
  const hidden = new HiddenTensors(budget);
  const found = dictionariesOfTensors(root, counts);
  const others = (path: string) => [...found.keys()].filter((other) => other !== path);
  const take = (path: string, dictionary: PickleDictionary): Weights => ({
    path,
    tensors: tensorsOf(dictionary, hidden),
    variants: others(path),
  });

  if (choice !== undefined) {
    const value = choice === '' ? root : at(root, choice);
    if (value instanceof Map && counts.of(value) > 0) return take(choice, value);
    const places = [...found.keys()].map((path) => (path === '' ? say`the root` : `"${path}"`));
    throw new Fault(
      'invalid',
      say`it holds no weights at "${choice}"`,
      places.length > 0 ? say`it has some at ${places}` : say`save a state_dict in it`,
    );
  }

  for (const place of PLACES) {
    const dictionary = found.get(place);
    if (dictionary) return take(place, dictionary);
  }
  for (const place of PLACES) {
    const value = root.get(place);
    if (value instanceof PickleObject) throw wholeModel(value);
    // It has no plain tensor; if it has others, say which.
    if (value instanceof Map) tensorsOf(value, hidden);
  }
  // A lone tensor beside a dictionary of weights is a figure and no network.
  const flat = found.get('');
  if (flat && [...found.values()].every((other) => counts.of(other) <= counts.of(flat))) {
    return take('', flat);
  }
  const plain = [...found].filter(([path]) => path !== '' && !AVERAGES.test(path));
  const candidates = plain.length > 0 ? plain : [...found].filter(([path]) => path !== '');
  if (candidates.length === 1) return take(...candidates[0]!);
  if (candidates.length > 1) {
    const names = candidates.map(([path]) => `"${path}"`).join(', ');
    throw new Fault(
      'invalid',
      say`it holds several sets of weights (${names}) and none at a usual place`,
      say`name one of them as "weights" in basin.json, or save it as "state_dict"`,
    );
  }
  for (const value of root.values()) if (value instanceof PickleObject) hidden.refuse('', value);
  throw new Fault('unsupported', say`it holds no weights`, say`save a state_dict in it`);
}

/** Every dictionary with tensors at the root or one or two levels below it, by its path. */
function dictionariesOfTensors(
  root: PickleDictionary,
  counts: TensorCounts,
): Map<string, PickleDictionary> {
  const found = new Map<string, PickleDictionary>();
  if (counts.of(root) > 0) found.set('', root);
  /** Once each, however many keys lead to it. */
  const visited = new Set<PickleDictionary>();
  const visit = (dictionary: PickleDictionary, prefix: string, levels: number) => {
    for (const [key, value] of dictionary) {
      if (typeof key !== 'string' || NO_WEIGHTS.test(key) || !(value instanceof Map)) continue;
      const path = prefix + key;
      if (counts.of(value) > 0) {
        if (found.size < MAX_SETS) found.set(path, value);
      } else if (levels > 1 && !visited.has(value)) {
        visited.add(value);
        visit(value, `${path}.`, levels - 1);
      }
    }
  };
  visit(root, '', 2);
  return found;
}

/** Sets of weights that are told apart. */
const MAX_SETS = 1000;

/** How many tensors dictionaries hold, each counted once. */
class TensorCounts {
  private readonly counts = new Map<PickleDictionary, number>();

  constructor(private readonly budget: Budget) {}

  of(dictionary: PickleDictionary): number {
    const known = this.counts.get(dictionary);
    if (known !== undefined) return known;
    this.budget.visit(dictionary.size);
    let count = 0;
    for (const [key, value] of dictionary) {
      if (typeof key === 'string' && isTensor(value)) count++;
    }
    this.counts.set(dictionary, count);
    return count;
  }
}

/** A tensor, or a call that makes one of a kind that is not read. */
function isTensor(value: PickleValue): boolean {
  return (
    value instanceof TensorReference ||
    (value instanceof PickleObject && TENSOR_CALL.test(value.path))
  );
}

/** Sparse, meta, quantised and distributed tensors are rebuilt by functions of these names. */
const TENSOR_CALL = /^torch\.(_utils\._rebuild_|_tensor\._rebuild_|distributed\..*Tensor)/;
const ARRAY_CALL = /^numpy\..*_reconstruct$/;

/** Keys in a path. */
const MAX_PATH_DEPTH = 16;

/** The value at a path; a key may itself have dots in it. */
function at(root: PickleDictionary, path: string, depth = 0): PickleValue | undefined {
  if (depth > MAX_PATH_DEPTH) return undefined;
  if (root.has(path)) return root.get(path);
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const below = root.get(path.slice(0, dot));
    const value = below instanceof Map ? at(below, path.slice(dot + 1), depth + 1) : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

function tensorsOf(
  dictionary: PickleDictionary,
  hidden: HiddenTensors,
): Map<string, TensorReference> {
  const tensors = new Map<string, TensorReference>();
  for (const [key, value] of dictionary) {
    if (typeof key !== 'string') continue;
    if (value instanceof TensorReference) tensors.set(key, value);
    // Counters, settings and `_extra_state` beside the weights are nobody's business.
    else if (value instanceof PickleObject) hidden.refuse(key, value);
  }
  return tensors;
}

/** Looks for tensors in objects that are not read: they would be lost silently. */
class HiddenTensors {
  /** What leads to no tensor; what does ends the search. */
  private readonly seen = new Set<PickleValue>();

  constructor(private readonly budget: Budget) {}

  /** @throws Fault when a tensor is reached through the object. */
  refuse(name: string, object: PickleObject): void {
    if (!this.reachesTensor(object)) return;
    throw new Fault(
      'unsupported',
      name === ''
        ? say`its weight set is a \`${object.path}\`, which Basin does not read`
        : say`its weight \`${name}\` is a \`${object.path}\`, which Basin does not read`,
      say`save plain dense tensors, as model.state_dict() gives them`,
    );
  }

  private reachesTensor(object: PickleObject): boolean {
    const open: PickleValue[] = [object];
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      if (typeof value !== 'object' || value === null || this.seen.has(value)) continue;
      this.budget.visit(1);
      this.seen.add(value);
      if (isTensor(value)) return true;
      if (value instanceof PickleObject) {
        if (ARRAY_CALL.test(value.path)) return true;
        for (const arg of value.args) open.push(arg);
        for (const item of value.items) open.push(item);
        for (const [key, item] of value.entries) open.push(key, item);
        open.push(value.state);
      } else if (value instanceof Map) {
        for (const [key, item] of value) open.push(key, item);
      } else if (Array.isArray(value) || value instanceof Set) {
        for (const item of value) open.push(item);
      }
    }
    return false;
  }
}

function wholeModel(object: PickleObject): Fault {
  return new Fault(
    'unsupported',
    say`it holds a whole pickled object (\`${object.path}\`) and no dictionary of weights`,
    say`save model.state_dict() instead of the model`,
  );
}
