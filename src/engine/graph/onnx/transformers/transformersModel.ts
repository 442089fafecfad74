import { InputError } from '../../../../shared/inputError';
import { say } from '../../../../shared/words/message';
import { configurationOf } from '../../../checkpoint/architecture';
import { named, printable } from '../../../checkpoint/fault';
import type { ModelProto } from '../onnx_pb';
import { bert } from './bert';
import { gpt2 } from './gpt2';
import { llama } from './llama';
import { NetworkSettings } from './networkSettings';
import { NetworkWriter } from './networkWriter';
import { resnet } from './resnet';
import { vit } from './vit';

/** Writes a network into a graph. @returns its output. */
type Family = (w: NetworkWriter, settings: NetworkSettings) => string;

/** By `model_type`. */
const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ['bert', bert],
  ['gpt2', gpt2],
  ['llama', llama],
  ['resnet', resnet],
  ['vit', vit],
]);

const HEAD = /^\s*\{/;

/** Whether bytes are JSON, as `config.json` of a Hugging Face model is, and no ONNX file. */
export function isConfiguration(bytes: Uint8Array): boolean {
  return HEAD.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'));
}

/**
 * The graph of a Hugging Face model from its `config.json`, as an export would have it: the weights
 * are those that `save_pretrained` names, without values.
 *
 * @param path of the file, for messages.
 * @throws InputError where it is none, or of a network that is not built.
 */
export function transformersModel(bytes: Uint8Array, path: string): ModelProto {
  let json;
  try {
    json = configurationOf(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw named(path, error);
  }
  const kind = typeof json.model_type === 'string' ? json.model_type : '';
  const family = FAMILIES.get(kind);
  if (family === undefined) {
    throw new InputError(
      say`${path} describes ${printable(kind === '' ? 'no network' : kind, 60)}, and graphs are built of these alone: ${[...FAMILIES.keys()].join(', ')}; export the model to ONNX and name that file as "model".`,
      'unsupported',
    );
  }
  const writer = new NetworkWriter();
  return writer.model([
    writer.add('Identity', [family(writer, new NetworkSettings(json, path))], {}, 'logits'),
  ]);
}
