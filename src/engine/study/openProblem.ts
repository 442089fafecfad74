import { join } from 'node:path';
import type { CheckpointIdentity } from '../../shared/result';
import type { Precision } from '../../shared/runtimeSetting';
import { sha256OfAll } from '../checkpoint/hash';
import type { Checkpoint } from '../checkpoint/checkpoint';
import { openCheckpoint, type OpenOptions } from '../checkpoint/openCheckpoint';
import { untilAborted } from '../aborted';
import type { OnnxModel } from '../graph/onnx/importOnnx';
import { readModelFile } from '../graph/onnx/modelFile';
import { sizedSets } from '../objective/batchSizes';
import {
  contentOf,
  loadLossData,
  lossTerms,
  openModel,
  type LossData,
} from '../objective/lossData';
import { loadWeights, type LoadedWeights } from '../objective/weights';
import { contentKey } from './cache';
import { dataFiles, hashOf, lookAt, settingsSource, together, type FoundSource } from './sources';
import { nameInStudy, type Study } from './study';
import type { ProblemMessage } from './workerProtocol';

/** What all checkpoints of a study share. */
export interface StudyInputs {
  readonly model: OnnxModel;
  readonly modelBytes: Uint8Array;
  readonly data: LossData;
  /** Of the weights that are read. */
  readonly precision: Precision;
  /** Of the graph, the data that is used and the objective. */
  readonly key: string;
  /** The same, and the settings, as results say them. */
  readonly sources: readonly FoundSource[];
}

/** A checkpoint with everything that is needed to analyse it. */
export interface OpenedCheckpoint {
  readonly identity: CheckpointIdentity;
  readonly weights: LoadedWeights;
  readonly problem: ProblemMessage;
  readonly source: FoundSource;
  /** Of all the loss at θ follows from. */
  readonly key: string;
}

/** @throws InputError when the graph or the data cannot be read or do not fit. */
export async function openStudyInputs(
  study: Study,
  signal?: AbortSignal,
  precision: Precision = 'float32',
): Promise<StudyInputs> {
  const { configuration, folder } = study;
  const modelPath = join(folder, configuration.model);
  const [graphFound, dataFound, settings] = await Promise.all([
    lookAt(study, 'graph', [modelPath]),
    dataFiles(study).then((files) => lookAt(study, 'data', files)),
    settingsSource(study),
  ]);
  const outside = new Set<string>();
  const modelBytes = await readModelFile(modelPath, configuration.model, signal, (file) =>
    outside.add(file),
  );
  const constants = await lookAt(study, 'graph', [...outside]);
  const model = openModel(modelBytes, configuration.model, configuration);
  const loaded = await loadLossData(configuration, model, folder, {
    signal,
    unpacked: join(study.stores[0], 'cache'),
  });
  const sets = sizedSets(loaded.sets, model, lossTerms(loaded, model));
  const data = { ...loaded, sets };
  const key = contentKey(
    modelBytes,
    ...contentOf(data),
    shapesOf(data),
    data.sets,
    model.outputs,
    configuration.objective,
  );
  const dataKey = contentKey(...contentOf(data), shapesOf(data), data.sets);
  const graphHash = hashOf(modelBytes);
  const sources = [
    together(graphFound(graphHash), constants(graphHash)),
    dataFound(dataKey),
    settings,
  ];
  return { model, modelBytes, data, precision, key, sources };
}

/**
 * @param open the file of weights, where it is none of the usual ones.
 * @throws InputError when the file is no checkpoint of this model.
 */
export async function openForAnalysis(
  study: Study,
  { model, modelBytes, data, precision, key }: StudyInputs,
  path: string,
  signal?: AbortSignal,
  open: (path: string, options: OpenOptions) => Promise<Checkpoint> = openCheckpoint,
): Promise<OpenedCheckpoint> {
  const { weights: part, base, frozen, names } = study.configuration;
  const opening = open(path, {
    ...(part === undefined ? {} : { weights: part }),
    ...(base === undefined ? {} : { base: join(study.folder, base) }),
  });
  const checkpoint = await untilAborted(opening, signal).catch((error: unknown) => {
    // What is opened too late is closed.
    if (signal?.aborted === true) opening.then((late) => late.close()).catch(() => undefined);
    throw error;
  });
  try {
    const files = [path, ...(checkpoint.files ?? [])];
    const found = await lookAt(study, 'checkpoint', files);
    const hash = await sha256OfAll(files, signal);
    const weights = await loadWeights(model, checkpoint, precision, {
      isShared: true,
      order: 'names',
      signal,
      frozen,
      names,
      isChosen: part !== undefined,
    });
    const { parameters, buffers, bufferValues, theta } = weights;
    return {
      identity: {
        path: nameInStudy(study, path),
        format: checkpoint.format,
        sha256: hash,
        step: checkpoint.step,
        epoch: checkpoint.epoch,
      },
      weights,
      problem: {
        programs: contentKey(key, parameters, buffers),
        model: modelBytes,
        modelPath: model.path,
        outputs: model.outputs,
        data,
        parameters,
        buffers,
        bufferValues,
        theta,
      },
      source: found(hash),
      key: contentKey(key, hash, part ?? '', frozen ?? [], names ?? {}),
    };
  } finally {
    await checkpoint.close();
  }
}

/** Of samples: the same values in other shapes are other data. */
function shapesOf(data: LossData): readonly (readonly number[])[] {
  switch (data.kind) {
    case 'samples':
      return [...data.inputs, data.targets].map(({ array }) => array.shape);
    case 'output':
      return data.inputs.map(({ array }) => array.shape);
    case 'collocation':
      return [];
  }
}
