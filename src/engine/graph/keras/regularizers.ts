import { objectOf } from '../../checkpoint/jsonObject';
import type { Layer, Topology } from './topology';

/** Layers with penalties on their weights or outputs, in the order of the network. */
export function regularized({ calls }: Topology): readonly string[] {
  const names = calls.flatMap(({ layer }) =>
    layer.model === null ? (isPenalised(layer) ? [layer.name] : []) : regularized(layer.model),
  );
  return [...new Set(names)];
}

function isPenalised({ kind, settings }: Layer): boolean {
  if (kind === 'ActivityRegularization') return true;
  const inner = objectOf(objectOf(settings.raw('layer'))?.config);
  return [settings.keys(), Object.keys(inner ?? {})].some((keys, i) =>
    keys.some((key) => {
      if (!key.endsWith('_regularizer')) return false;
      const value = i === 0 ? settings.raw(key) : inner![key];
      return value !== null && value !== undefined;
    }),
  );
}
