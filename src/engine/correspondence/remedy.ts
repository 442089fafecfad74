import type { ModelProto } from '../graph/onnx/onnx_pb';
import { saysKinds } from './weightUses';
import { say, type Message } from '../../shared/words/message';

/** How to export a graph again so that it keeps its weights, for the exporter that wrote it. */
export function remedyFor(model: ModelProto): Message {
  if (model.producerName !== 'pytorch') {
    return say`export it again without optimising it, so that it keeps the weights under their own names`;
  }
  if (model.graph !== undefined && saysKinds(model.graph)) {
    return say`export it again with torch.onnx.export(model.eval(), args, file, dynamo=True, optimize=False)`;
  }
  const [major = 0, minor = 0] = model.producerVersion.split('.').map(Number);
  const older = major > 2 || (major === 2 && minor >= 5) ? 'dynamo=False, ' : '';
  return say`export it again with torch.onnx.export(model.eval(), args, file, ${older}training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)`;
}
