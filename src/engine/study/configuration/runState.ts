import { join } from 'node:path';
import type { RunState, StatePart } from '../../../shared/engineProtocol';
import { InputError } from '../../../shared/inputError';
import type { Model } from '../../graph/model';
import { readModelFile } from '../../graph/onnx/modelFile';
import { loadLossData, openModel } from '../../objective/lossData';
import { matchWeights } from '../../objective/weightMatch';
import { holdsConfiguration, readConfiguredModel } from './graphSource';
import { choiceOf, namesIn, openGraph } from '../openProblem';
import { openWeights, refuseOtherSets } from '../openWeights';
import { readProbe } from '../probeFile';
import { readSettings, requireCheckpoints, requireGraph, type Study } from './study';

/**
 * What of a run is ready to be analysed, without computing anything: graph, data, weights of the last
 * checkpoint, probe.
 *
 * @throws InputError where the basin.json itself cannot be used; the signal's reason.
 */
export async function runState(configuration: string, signal?: AbortSignal): Promise<RunState> {
  const study = await readSettings(configuration);
  const { model: name, probe } = study.configuration;
  let model: Model | undefined;
  const graph = await part(async () => {
    requireGraph(study);
    const path = join(study.folder, name);
    const bytes = (await holdsConfiguration(path))
      ? (study.configured ?? (await readConfiguredModel(path, name))).bytes
      : await readModelFile(path, name, signal);
    model = await openModel(bytes, name, study.configuration, study.folder);
  });
  signal?.throwIfAborted();
  const opened = model;
  return {
    graph,
    data:
      opened === undefined
        ? UNKNOWN
        : await part(() => loadLossData(study.configuration, opened, study.folder, { signal })),
    weights: await weightsState(study, opened !== undefined, signal),
    probe: probe === undefined ? null : await part(() => readProbe(study.folder, probe)),
  };
}

async function part(work: () => Promise<unknown>): Promise<StatePart> {
  try {
    await work();
    return { ok: true, message: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ok: false, message: error.said };
  }
}

/**
 * Of the last checkpoint: whether it can be read, and where there is a graph, whether it has a tensor
 * for each that the graph wants, as an analysis joins the two.
 */
async function weightsState(
  study: Study,
  hasGraph: boolean,
  signal: AbortSignal | undefined,
): Promise<StatePart> {
  const { weights, frozen } = study.configuration;
  const isChosen = weights !== undefined;
  const state = await part(async () => {
    requireCheckpoints(study);
    const checkpoint = await openWeights(study.checkpoints.at(-1)!, choiceOf(study), signal);
    try {
      if (!hasGraph) return;
      const { model, modelBytes, correspondence } = await openGraph(study, signal);
      if (!isChosen) await refuseOtherSets(model, checkpoint);
      const { ties } = correspondence;
      const names = await namesIn(checkpoint, study, { modelBytes, correspondence });
      // Whether tied ones are equal changes how many there are, and takes reading them.
      const areEqual = () => Promise.resolve(true);
      await matchWeights(model, checkpoint, areEqual, { frozen, names, ties, isChosen });
    } finally {
      await checkpoint.close();
    }
  });
  return state.ok && !hasGraph ? UNKNOWN : state;
}

/** Not to be known without the graph. */
const UNKNOWN: StatePart = { ok: false, message: null };
