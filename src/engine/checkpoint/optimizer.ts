import { attributesOf, type PickleValue } from './pickleValue';

/** What a checkpoint says of the optimizer that trained it: of its first group of parameters. */
export interface OptimizerState {
  readonly kind: 'sgd' | 'adam';
  readonly learningRate: number;
  /** Of SGD; β₁ of Adam. */
  readonly momentum: number;
  /** SGD's, where it looks ahead. */
  readonly nesterov: boolean;
  /** Whether all groups of parameters say the same. */
  readonly isUniform: boolean;
}

/** Entries of a checkpoint that are looked at. */
const MOST_ENTRIES = 1000;

/**
 * The state of an optimizer of PyTorch, as its `state_dict` has it: a dictionary with `param_groups`
 * and `state`, at the top level of a checkpoint or, as Lightning has it, in a list there. What tells
 * SGD from Adam are the names of a group's settings.
 *
 * @returns null where there is none, more than one, or one of another kind.
 */
export function optimizerOf(root: PickleValue): OptimizerState | null {
  const found: OptimizerState[] = [];
  let seen = 0;
  for (const [, value] of attributesOf(root) ?? []) {
    for (const candidate of Array.isArray(value) ? value : [value]) {
      if ((seen += 1) > MOST_ENTRIES) return null;
      const groups = attributesOf(candidate)?.get('param_groups');
      const state = Array.isArray(groups) ? stateOf(groups) : null;
      if (state !== null) found.push(state);
    }
  }
  return found.length === 1 ? found[0]! : null;
}

function stateOf(groups: readonly PickleValue[]): OptimizerState | null {
  const states = groups.slice(0, MOST_ENTRIES).map(groupOf);
  const [first] = states;
  if (first === undefined || first === null) return null;
  const isUniform = states.every(
    (other) =>
      other?.kind === first.kind &&
      other.learningRate === first.learningRate &&
      other.momentum === first.momentum &&
      other.nesterov === first.nesterov,
  );
  return { ...first, isUniform };
}

function groupOf(group: PickleValue): Omit<OptimizerState, 'isUniform'> | null {
  const settings = attributesOf(group);
  const learningRate = settings?.get('lr');
  if (typeof learningRate !== 'number' || !(learningRate > 0)) return null;
  const betas = settings?.get('betas');
  if (Array.isArray(betas) && typeof betas[0] === 'number') {
    return { kind: 'adam', learningRate, momentum: betas[0], nesterov: false };
  }
  const momentum = settings?.get('momentum');
  // RMSprop has a momentum too, and no dampening.
  if (typeof momentum !== 'number' || settings?.has('dampening') !== true) return null;
  return { kind: 'sgd', learningRate, momentum, nesterov: settings.get('nesterov') === true };
}
