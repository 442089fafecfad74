import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointIdentity } from '../../shared/result';
import { sha256 } from '../checkpoint/hash';
import { openCheckpoint } from '../checkpoint/openCheckpoint';
import { OnnxModel } from '../graph/onnx/importOnnx';
import { InputError } from '../../shared/inputError';
import { loadEvaluationData, type EvaluationData } from '../objective/evaluationData';
import { loadWeights, type LoadedWeights } from '../objective/weights';
import { contentKey } from './cache';
import { nameInStudy, type Study } from './study';
import type { ProblemMessage } from './workerProtocol';

/** What all checkpoints of a study share. */
export interface StudyInputs {
  readonly model: OnnxModel;
  readonly modelBytes: Uint8Array;
  readonly data: EvaluationData;
  /** Of the graph, the data that is used and the objective. */
  readonly key: string;
}

/** A checkpoint with everything that is needed to analyse it. */
export interface OpenedCheckpoint {
  readonly identity: CheckpointIdentity;
  readonly weights: LoadedWeights;
  readonly problem: ProblemMessage;
  /** Of all the loss at θ follows from. */
  readonly key: string;
}

/** @throws InputError when the graph or the data cannot be read or do not fit. */
export async function openStudyInputs(study: Study): Promise<StudyInputs> {
  const { configuration, folder } = study;
  const modelPath = join(folder, configuration.model);
  const modelBytes = await readFile(modelPath);
  const model = new OnnxModel(modelBytes, configuration.model);
  const data = await loadEvaluationData(configuration, folder);
  checkInput(model, data, configuration.data.inputs);
  const targets = data.targets.kind === 'classes' ? data.targets.classes : data.targets.values;
  const key = contentKey(
    modelBytes,
    bytesOf(data.inputs),
    bytesOf(targets),
    data.inputShape,
    configuration.objective,
  );
  return { model, modelBytes, data, key };
}

/** @throws InputError when the file is no checkpoint of this model. */
export async function openForAnalysis(
  study: Study,
  { model, modelBytes, data, key }: StudyInputs,
  path: string,
  signal?: AbortSignal,
): Promise<OpenedCheckpoint> {
  const hash = await sha256(path, signal);
  const { weights: part } = study.configuration;
  const checkpoint = await openCheckpoint(path, part === undefined ? {} : { weights: part });
  try {
    const weights = await loadWeights(model, checkpoint);
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
        objective: study.configuration.objective,
        data,
        parameters,
        buffers,
        bufferValues,
        theta,
      },
      key: contentKey(key, hash, part ?? ''),
    };
  } finally {
    await checkpoint.close();
  }
}

function checkInput(model: OnnxModel, data: EvaluationData, name: string): void {
  const wanted = model.inputShape.slice(1);
  const fits =
    wanted.length === data.inputShape.length &&
    wanted.every((extent, axis) => extent === null || extent === data.inputShape[axis]);
  if (!fits) {
    throw new InputError(
      `${name} has samples of shape [${data.inputShape.join(', ')}] and ${model.path} takes [${wanted.map((extent) => extent ?? '?').join(', ')}]; give the inputs the shape the model was exported with.`,
      'mismatch',
    );
  }
}

function bytesOf(array: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
