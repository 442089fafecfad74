import type { Architecture } from '../../checkpoint/architecture';
import { objectOf } from '../../checkpoint/jsonObject';

/** What leaves the loss at given weights as it is, or is of one session of Python alone. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  ...['name', 'module', 'registered_name', 'shared_object_id', 'build_config', 'compile_config'],
  ...['trainable', 'seed', 'rate', 'dropout', 'recurrent_dropout', 'keras_version', 'backend'],
]);
const OF_TRAINING = /_(initializer|regularizer|constraint)$/;

/** Whether two configurations are of one network, whatever its layers are called. */
export function isSameNetwork(
  a: Pick<Architecture, 'dialect' | 'topology'>,
  b: Pick<Architecture, 'dialect' | 'topology'>,
): boolean {
  return (
    a.dialect === b.dialect &&
    JSON.stringify(essence(a.topology, NO_NAMES)) === JSON.stringify(essence(b.topology, NO_NAMES))
  );
}

/** Layers of the model around, by name, as their places in its list. */
type Places = ReadonlyMap<string, string>;
const NO_NAMES: Places = new Map();

function essence(value: unknown, places: Places): unknown {
  if (typeof value === 'string') return places.get(value) ?? value;
  if (Array.isArray(value)) return value.map((each) => essence(each, places));
  const object = objectOf(value);
  if (object === null) return value;
  const inside = placesIn(object.layers) ?? places;
  const kept = Object.entries(object).filter(
    ([key]) => !ELSEWHERE.has(key) && !OF_TRAINING.test(key),
  );
  return kept
    .map(([key, each]): [string, unknown] => [key, essence(each, inside)])
    .sort(([first], [second]) => (first < second ? -1 : 1));
}

/** null where it is no list of layers. */
function placesIn(layers: unknown): Places | null {
  if (!Array.isArray(layers)) return null;
  const places = new Map<string, string>();
  for (const [i, each] of layers.entries()) {
    const layer = objectOf(each);
    const name = layer?.name ?? objectOf(layer?.config)?.name;
    if (typeof name === 'string') places.set(name, `#${i}`);
  }
  return places;
}
