import type { WeightLayout } from '../objective/weights';
import type { Layers } from './traceEstimate';

/** Groups are listed up to so many layers in all: of more, tensors alone are. */
const MAX_LAYERS = 4096;

/**
 * Every group of at least two tensors whose names begin alike up to a point, the modules of the
 * network, and every tensor, in the order of θ.
 */
export function layersOf({ entries }: WeightLayout): Layers {
  const groups = new Map<string, number[]>();
  for (const [place, { name: own, tensor: name = own }] of entries.entries()) {
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const prefix = name.slice(0, dot);
      const group = groups.get(prefix) ?? [];
      group.push(place);
      groups.set(prefix, group);
    }
  }
  const named = [...groups].filter(
    ([, members]) => members.length > 1 && members.length < entries.length,
  );
  const listed = named.length + entries.length <= MAX_LAYERS ? named : [];
  return {
    tensors: entries,
    layers: [
      ...listed.map(([name, members]) => ({ name: `${name}.*`, members })),
      ...entries.map(({ name, tensor = name }, place) => ({ name: tensor, members: [place] })),
    ],
  };
}
