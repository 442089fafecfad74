import { InputError } from '../../shared/inputError';
import { fromScalar } from '../../shared/result/scalar';
import { analyzeTopology } from '../topology/analyzeTopology';
import { clippingWarnings } from '../topology/files/importedLandscape';
import { parseNeighborhood } from '../topology/neighborhood';
import { graphTopology, pointGraph } from '../topology/points/pointTopology';
import { readLandscape } from '../topology/files/readLandscape';
import { isMesh, readMesh } from '../topology/files/readMesh';
import { repairedAxes, repairSerpentine } from '../topology/files/serpentine';
import { finiteRange, summarize } from '../topology/summaries';
import { ExitStatus } from './exitStatus';
import { exportLandscape } from './export';
import { table } from './table';
import {
  basinLabels,
  basinsDocument,
  basinsOf,
  basinsText,
  otherTrees,
  treesText,
} from './topologyParts';
import type {
  PersistencePair,
  PersistenceSummary,
  Topology,
  TopologySummaries,
} from '../../shared/result/topology';
import { english, say } from '../../shared/words/message';
import { formatCount, formatNumber } from '../../shared/words/numbers';
import { complain, print, sayJson } from './output';
import { plural } from '../../shared/words/text';

export interface TopologyFlags {
  readonly neighborhood?: string;
  readonly threshold?: number;
  readonly repair?: boolean;
  readonly array?: string;
  readonly export?: string;
  readonly trees?: boolean;
  readonly basins?: boolean;
  readonly json?: boolean;
}

export async function topologyCommand(file: string, flags: TopologyFlags): Promise<number> {
  return (await isMesh(file)) ? meshTopology(file, flags) : gridTopology(file, flags);
}

async function gridTopology(file: string, flags: TopologyFlags): Promise<number> {
  const { neighborhood = 'freudenthal', threshold, repair, array, export: out, json } = flags;
  const started = performance.now();
  const kind = parseNeighborhood(neighborhood);
  const given = await readLandscape(file, array === undefined ? {} : { array });
  const repaired = repair === true ? repairSerpentine(given.values, given.shape) : null;
  const landscape =
    repaired === null
      ? given
      : { ...repaired, axes: given.axes && repairedAxes(given.axes, repaired) };
  const read = performance.now();
  const topology = analyzeTopology(landscape.values, landscape.shape, {
    neighborhood: kind,
    ...(threshold === undefined ? {} : { threshold }),
  });
  const choice = {
    values: landscape.values,
    shape: landscape.shape,
    neighborhood: kind,
    threshold: topology.threshold,
  };
  const trees = flags.trees === true ? otherTrees(choice) : null;
  const basins = flags.basins === true ? basinsOf(choice) : null;
  const milliseconds = { read: read - started, topology: performance.now() - read };

  const warnings =
    repaired === null
      ? given.warnings
      : [
          `Every other line along axis ${repaired.axis} was moved back by one step: the plane was sampled back and forth. Its shape is now ${repaired.shape.join(' × ')}.`,
        ];
  for (const warning of warnings) complain(`Warning: ${english(warning)}`);
  if (out !== undefined) {
    await exportLandscape(landscape, out, basins === null ? undefined : basinLabels(basins));
  }
  if (json === true) {
    const more = { ...trees, ...(basins === null ? {} : { basins: basinsDocument(basins) }) };
    await sayJson({ ...topology, ...more, warnings: warnings.map(english), milliseconds });
    return ExitStatus.done;
  }
  const { pairs, essential, summaries } = topology;
  const source = { noise: 'the noise floor', given: 'as given', refinement: 'of the refinement' };
  print(`${topology.shape.join(' × ')} points, neighbourhood ${topology.neighborhood}`);
  print(
    `${plural(topology.minima, 'minimum', 'minima')} and ${plural(topology.saddles, 'saddle')} above persistence ${formatNumber(topology.threshold)} (${source[topology.thresholdSource]})`,
  );
  print(innerLine(topology));
  for (const line of countLines(topology)) print(line);
  printPairs(pairs, essential, summaries);
  if (trees !== null) print(`\n${treesText(trees)}`);
  if (basins !== null) print(`\n${basinsText(basins)}`);
  if (out !== undefined) print(`\nwritten to ${out}`);
  return ExitStatus.done;
}

/** What of the counts lies inside of the plane, and what may be of the cut alone. */
function innerLine({ inner, minima, saddles, pairs }: Topology): string {
  const counts = inner ?? { minima, saddles };
  if (counts.minima === minima && counts.saddles === saddles)
    return 'all of them inside of the grid';
  const kept = pairs.filter(({ keptWhenWidened }) => keptWhenWidened === true).length;
  const touching = pairs.filter(({ border }) => border === true).length;
  const outlook =
    touching === 0 ||
    pairs.every(({ border, keptWhenWidened }) => border !== true || keptWhenWidened === undefined)
      ? ''
      : `; of ${formatCount(touching)} pairs at the border a grid one step wider would keep ${formatCount(kept)}, as the values near the edge continue`;
  return `inside of the grid: ${plural(counts.minima, 'minimum', 'minima')} and ${plural(counts.saddles, 'saddle')}; at its border ${formatCount(minima - counts.minima)} and ${formatCount(saddles - counts.saddles)}${outlook}`;
}

function countLines({ sensitivity, loops, smad }: Topology): string[] {
  const counts = Object.entries(sensitivity.saddlesByNeighborhood);
  return [
    `saddles with other neighbourhoods: ${counts.map(([name, count]) => `${name} ${formatCount(count ?? 0)}`).join(', ')}`,
    ...(loops === undefined
      ? []
      : [`${plural(loops.count, 'loop')}, of average persistence ${formatNumber(loops.mean)}`]),
    ...(smad === undefined || smad.edges === 0
      ? []
      : [`saddle–minimum average distance ${formatNumber(smad.mean)}`]),
  ];
}

/** Points that are no grid: with their cells as neighbourhood, or another one that is asked for. */
async function meshTopology(
  file: string,
  { neighborhood, threshold = 0, repair, array, export: out, trees, basins, json }: TopologyFlags,
): Promise<number> {
  const wanted = [
    repair === true ? '--repair' : [],
    out === undefined ? [] : '--export',
    trees === true ? '--trees' : [],
    basins === true ? '--basins' : [],
  ].flat();
  if (wanted.length > 0) {
    const [are, them] = wanted.length === 1 ? ['is', 'it'] : ['are', 'them'];
    throw new InputError(
      say`${wanted.join(' and ')} ${are} for grids, and ${file} holds points that are none; leave ${them} out.`,
      'unsupported',
    );
  }
  const started = performance.now();
  const { values, points, graph } = await readMesh(file, array);
  const read = performance.now();
  const chosen = neighborhood === undefined ? graph : pointGraph(points, neighborhood);
  const { pairs, essential } = graphTopology(values, chosen, threshold);
  const summaries = summarize(
    Float64Array.from(pairs, ({ birth }) => fromScalar(birth)),
    Float64Array.from(pairs, ({ death }) => fromScalar(death)),
    { birth: fromScalar(essential.birth), death: fromScalar(essential.death) },
    finiteRange(values),
  );
  const milliseconds = { read: read - started, topology: performance.now() - read };
  const warnings = clippingWarnings(values);
  for (const warning of warnings) complain(`Warning: ${english(warning)}`);
  const name = neighborhood ?? 'cells';
  const counts = { minima: pairs.length + 1, saddles: pairs.length };
  if (json === true) {
    await sayJson({
      shape: [values.length],
      neighborhood: name,
      threshold,
      thresholdSource: 'given',
      ...counts,
      pairs,
      essential,
      summaries,
      warnings: warnings.map(english),
      milliseconds,
    });
    return ExitStatus.done;
  }
  print(`${plural(values.length, 'point')}, neighbourhood ${name}`);
  print(
    `${plural(counts.minima, 'minimum', 'minima')} and ${plural(counts.saddles, 'saddle')} above persistence ${formatNumber(threshold)}`,
  );
  printPairs(pairs, essential, summaries);
  return ExitStatus.done;
}

const SHOWN = 20;

function printPairs(
  pairs: readonly PersistencePair[],
  essential: PersistencePair,
  summaries: TopologySummaries,
): void {
  for (const line of persistenceLines(summaries)) print(line);
  const rows = [essential, ...pairs.slice(0, SHOWN)].map((pair, i) => [
    i === 0 ? 'essential' : String(i),
    formatNumber(fromScalar(pair.birth), 6),
    formatNumber(fromScalar(pair.death), 6),
    formatNumber(fromScalar(pair.death) - fromScalar(pair.birth), 6),
    String(pair.birthVertex),
    String(pair.deathVertex),
    pair.border === true ? 'border' : '',
  ]);
  print(
    `\n${table(['pair', 'birth', 'death', 'persistence', 'minimum at', 'saddle at', ''], rows)}`,
  );
  if (pairs.length > SHOWN) {
    print(`… and ${formatCount(pairs.length - SHOWN)} more; --json prints all.`);
  }
}

/** One name for each mean: of the pairs inside first, which are of the loss and not of the cut. */
function persistenceLines({ inner, finite, withEssential }: TopologySummaries): string[] {
  const mean = ({ count, mean: value }: PersistenceSummary) =>
    count === 0 ? 'none' : formatNumber(value);
  const all =
    finite.count === 1
      ? 'of the only finite pair'
      : `of all ${formatCount(finite.count)} finite pairs`;
  const others = `${all} ${mean(finite)}, with the essential pair ${mean(withEssential)}`;
  return [
    inner === undefined
      ? `average persistence ${others}`
      : `average persistence ${mean(inner)} of ${plural(inner.count, 'pair')} inside; ${others}`,
  ];
}
