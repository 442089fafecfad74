import type { Budget } from '../bytes/budget';
import { attributesOf, PickleObject, type PickleDictionary, type PickleValue } from './pickleValue';

/** Modules within modules; deeper nests nobody. */
const MAX_DEPTH = 200;

/**
 * Puts the state_dict of every whole pickled module in its place: the root itself, or a value at the
 * root's keys, as Ultralytics keeps `model` and `ema`. Other values stay what they are.
 */
export function withStateDicts(root: PickleValue, budget: Budget): PickleValue {
  if (isModule(root)) return stateDictOf(root, budget);
  if (!(root instanceof Map) || ![...root.values()].some(isModule)) return root;
  budget.visit(root.size);
  const plain: PickleDictionary = new Map();
  for (const [key, value] of root) {
    plain.set(key, isModule(value) ? stateDictOf(value, budget) : value);
  }
  return plain;
}

/** Whether an object has what `torch.nn.Module` keeps its parts in. */
function isModule(value: PickleValue): value is PickleObject {
  if (!(value instanceof PickleObject)) return false;
  const attributes = attributesOf(value);
  return attributes?.get('_parameters') instanceof Map && attributes.get('_modules') instanceof Map;
}

/**
 * What `module.state_dict()` would give: parameters, then buffers that are saved, then those of the
 * modules in it, by their attributes alone. No code of the module's class runs, so that what a class
 * adds in a `state_dict` of its own is not there.
 *
 * Source: torch/nn/modules/module.py, `_save_to_state_dict`.
 */
function stateDictOf(module: PickleObject, budget: Budget): PickleDictionary {
  const found: PickleDictionary = new Map();
  const open: { readonly value: PickleValue; readonly prefix: string; readonly depth: number }[] = [
    { value: module, prefix: '', depth: 0 },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, prefix, depth } = next;
    budget.visit(1);
    if (depth > MAX_DEPTH || !isModule(value)) continue;
    const attributes = attributesOf(value)!;
    const unsaved = attributes.get('_non_persistent_buffers_set');
    for (const kind of ['_parameters', '_buffers']) {
      for (const [name, tensor] of entriesOf(attributes.get(kind))) {
        const isUnsaved = kind === '_buffers' && unsaved instanceof Set && unsaved.has(name);
        if (tensor === null || isUnsaved) continue;
        const key = prefix + name;
        budget.make(48 + key.length);
        found.set(key, tensor);
      }
    }
    const modules = entriesOf(attributes.get('_modules')).toReversed();
    for (const [name, below] of modules) {
      const inner = `${prefix}${name}.`;
      budget.make(48 + inner.length);
      open.push({ value: below, prefix: inner, depth: depth + 1 });
    }
  }
  return found;
}

function entriesOf(value: PickleValue | undefined): [string, PickleValue][] {
  if (!(value instanceof Map)) return [];
  return [...value].filter((entry): entry is [string, PickleValue] => typeof entry[0] === 'string');
}
