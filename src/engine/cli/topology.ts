import { fromScalar, type Neighborhood } from '../../shared/result';
import { analyzeTopology } from '../topology/analyzeTopology';
import { parseNeighborhood } from '../topology/neighborhood';
import { readLandscape } from '../topology/readLandscape';
import { repairSerpentine } from '../topology/serpentine';
import { ExitStatus } from './exitStatus';
import { figure } from './numbers';
import { table } from './table';

export interface TopologyFlags {
  readonly neighborhood: string;
  readonly threshold?: number;
  readonly repair?: boolean;
  readonly json?: boolean;
}

export async function topologyCommand(
  file: string,
  { neighborhood, threshold, repair, json }: TopologyFlags,
): Promise<number> {
  const started = performance.now();
  const kind: Neighborhood = parseNeighborhood(neighborhood);
  const given = await readLandscape(file);
  const repaired = repair === true ? repairSerpentine(given.values, given.shape) : null;
  const landscape = repaired ?? given;
  const read = performance.now();
  const topology = analyzeTopology(landscape.values, landscape.shape, {
    neighborhood: kind,
    ...(threshold === undefined ? {} : { threshold }),
  });
  const milliseconds = { read: read - started, topology: performance.now() - read };

  const warnings =
    repaired === null
      ? given.warnings
      : [
          `Every other line along axis ${repaired.axis} was moved back by one step: the plane was sampled back and forth. Its shape is now ${repaired.shape.join(' × ')}.`,
        ];
  for (const warning of warnings) console.error(`Warning: ${warning}`);
  if (json === true) {
    console.log(JSON.stringify({ ...topology, warnings, milliseconds }));
    return ExitStatus.done;
  }
  const { pairs, essential, summaries, sensitivity } = topology;
  const source = topology.thresholdSource === 'noise' ? 'the noise floor' : 'as given';
  console.log(`${topology.shape.join(' × ')} points, neighbourhood ${topology.neighborhood}`);
  console.log(
    `${topology.minima} minima and ${topology.saddles} saddles above persistence ${figure(topology.threshold)} (${source})`,
  );
  console.log(
    `saddles with other neighbourhoods: ${Object.entries(sensitivity.saddlesByNeighborhood)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
  );
  console.log(
    `average persistence ${figure(summaries.withEssential.mean)}, of finite pairs ${figure(summaries.finite.mean)}`,
  );
  const shown = pairs.slice(0, 20);
  const rows = [essential, ...shown].map((pair, i) => [
    i === 0 ? 'essential' : String(i),
    figure(fromScalar(pair.birth), 6),
    figure(fromScalar(pair.death), 6),
    figure(fromScalar(pair.death) - fromScalar(pair.birth), 6),
    String(pair.birthVertex),
    String(pair.deathVertex),
  ]);
  console.log(
    `\n${table(['pair', 'birth', 'death', 'persistence', 'minimum at', 'saddle at'], rows)}`,
  );
  if (pairs.length > shown.length) {
    console.log(`… and ${pairs.length - shown.length} more; --json prints all.`);
  }
  return ExitStatus.done;
}
