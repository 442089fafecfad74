import { attributesOf, type PickleValue } from './pickleValue';

/** What a checkpoint says of the optimizer that trained it: of its first group of parameters. */
export interface OptimizerState {
  /** Adam and AdamW are one; `other` has rates and moments too, and steps of its own. */
  readonly kind: 'sgd' | 'adam' | 'other';
  readonly learningRate: number;
  /** Of SGD; β₁ of Adam. */
  readonly momentum: number;
  /** SGD's, where it looks ahead. */
  readonly nesterov: boolean;
  /** 0 if absent. */
  readonly weightDecay?: number;
  /** Of SGD's momentum; 0 if absent. */
  readonly dampening?: number;
  /** Whether all groups of parameters say the same. */
  readonly isUniform: boolean;
}

/** Entries of a checkpoint that are looked at. */
const MAX_ENTRIES = 1000;

/**
 * The state of an optimizer of PyTorch, as its `state_dict` has it: a dictionary with `param_groups`
 * and `state`, at the top level of a checkpoint or, as Lightning has it, in a list there. What tells
 * SGD from Adam are the names of a group's settings.
 *
 * @returns null where there is none, more than one, or one of another kind.
 */
export function optimizerOf(root: PickleValue): OptimizerState | null {
  return onlyOptimizer(root)?.settings ?? null;
}

/** An optimizer's settings, its groups of parameters and its state of each, as they are stored. */
export interface StoredOptimizer {
  readonly settings: OptimizerState;
  readonly groups: readonly PickleValue[];
  readonly state: PickleValue;
}

/** @returns null as `optimizerOf`. */
export function onlyOptimizer(root: PickleValue): StoredOptimizer | null {
  const found: StoredOptimizer[] = [];
  let seen = 0;
  for (const [, value] of attributesOf(root) ?? []) {
    for (const candidate of Array.isArray(value) ? value : [value]) {
      if ((seen += 1) > MAX_ENTRIES) return null;
      const entries = attributesOf(candidate);
      const groups = entries?.get('param_groups');
      if (!Array.isArray(groups)) continue;
      const settings = stateOf(groups);
      if (settings !== null) found.push({ settings, groups, state: entries?.get('state') ?? null });
    }
  }
  return found.length === 1 ? found[0]! : null;
}

function stateOf(groups: readonly PickleValue[]): OptimizerState | null {
  const states = groups.slice(0, MAX_ENTRIES).map(groupOf);
  const [first] = states;
  if (first === undefined || first === null) return null;
  const isUniform = states.every(
    (other) =>
      other?.kind === first.kind &&
      other.learningRate === first.learningRate &&
      other.momentum === first.momentum &&
      other.nesterov === first.nesterov &&
      other.dampening === first.dampening &&
      // Of Adam that of each parameter counts.
      (first.kind === 'adam' || other.weightDecay === first.weightDecay),
  );
  return { ...first, isUniform };
}

function groupOf(group: PickleValue): Omit<OptimizerState, 'isUniform'> | null {
  const settings = attributesOf(group);
  const learningRate = settings?.get('lr');
  if (typeof learningRate !== 'number' || !(learningRate > 0)) return null;
  const betas = settings?.get('betas');
  const weightDecay = numberOr(settings?.get('weight_decay'), 0);
  const isMaximized = settings?.get('maximize') === true;
  if (Array.isArray(betas) && typeof betas[0] === 'number') {
    // NAdam, RAdam and Adamax have betas too, and Adam and AdamW alone may keep the largest squares.
    const kind = settings?.has('amsgrad') === true && !isMaximized ? 'adam' : 'other';
    return { kind, learningRate, momentum: betas[0], nesterov: false, weightDecay };
  }
  const momentum = settings?.get('momentum');
  // RMSprop has a momentum too, and no dampening.
  if (typeof momentum !== 'number' || settings?.has('dampening') !== true) return null;
  const nesterov = settings.get('nesterov') === true;
  const dampening = numberOr(settings.get('dampening'), 0);
  const kind = isMaximized ? 'other' : 'sgd';
  return { kind, learningRate, momentum, nesterov, weightDecay, dampening };
}

export function numberOr(value: PickleValue | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
