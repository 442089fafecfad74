import type { Configuration } from '../../shared/configuration';
import type { Landscape } from '../../shared/result/landscape';
import { fromScalar } from '../../shared/result/scalar';
import type { Topology } from '../../shared/result/topology';
import { analyzeTopology } from '../topology/analyzeTopology';
import { countPairs, withSeeds } from '../topology/sensitivity';
import type { PartWork } from './partWork';

/** Points from which on the topology takes so long that a worker does it, which can be stopped. */
const LARGE_LANDSCAPE = 2 ** 15;

/**
 * The topology of a landscape.
 *
 * @param sample the landscape of other settings, for the counts in other directions.
 */
export async function topologyOf(
  work: PartWork,
  configuration: Configuration,
  landscape: Landscape,
  sample: (settings: Configuration['landscape']) => Promise<Landscape>,
): Promise<Topology> {
  const { topology: settings } = configuration;
  const values = Float64Array.from(landscape.values, (value) => fromScalar(value ?? 'NaN'));
  const { shape } = landscape;
  const options = {
    neighborhood: settings.neighborhood,
    ...(settings.threshold === undefined ? {} : { threshold: settings.threshold }),
    ...(landscape.relativeNoise === null ? {} : { relativeNoise: landscape.relativeNoise }),
    ...(landscape.refinement === undefined ? {} : { least: landscape.refinement.threshold }),
  };
  const alone =
    values.length < LARGE_LANDSCAPE
      ? analyzeTopology(values, shape, options)
      : await work.pool.run<'topology'>({ kind: 'topology', values, shape, options }, work.signal);
  return countInSeeds(configuration, alone, sample);
}

/** The same counts in landscapes of other random directions, of half the resolution. */
async function countInSeeds(
  configuration: Configuration,
  topology: Topology,
  sample: (settings: Configuration['landscape']) => Promise<Landscape>,
): Promise<Topology> {
  const { landscape: settings, topology: wanted } = configuration;
  if (wanted.sensitivity.seeds === 0) return topology;
  const { neighborhood, threshold, shape } = topology;
  const resolution = shape.map((steps) => Math.max(3, 2 * Math.floor((steps - 1) / 4) + 1));
  const bySeed = [];
  for (let k = 1; k <= wanted.sensitivity.seeds; k += 1) {
    const seed = (settings.seed + k) >>> 0;
    const other = { ...settings, seed, resolution };
    const value = await sample(other);
    const values = Float64Array.from(value.values, (loss) => fromScalar(loss ?? 'NaN'));
    const counts = countPairs(values, value.shape, neighborhood, threshold);
    bySeed.push({ seed, shape: value.shape, ...counts });
  }
  return { ...topology, sensitivity: withSeeds(topology.sensitivity, bySeed) };
}
