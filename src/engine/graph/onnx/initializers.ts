import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import { sizeOf } from '../../tensor';
import { MAX_SIZE } from '../shapes';
import { TensorProto_DataType, type GraphProto, type TensorProto } from './onnx_pb';

/** Initializers the exporter took from the state dict: floating point, under their own names. */
export function isWeight(tensor: TensorProto): boolean {
  return (
    !tensor.name.startsWith('onnx::') &&
    (tensor.dataType === (TensorProto_DataType.FLOAT as number) ||
      tensor.dataType === (TensorProto_DataType.DOUBLE as number))
  );
}

/** What an initializer was in the module: `unsaved` is in no state dict. */
type TensorKind = 'parameter' | 'buffer' | 'unsaved';

const SIGNATURE = 'pkg.torch.export.graph_signature.InputSpec.';

/** Under which key of a value's metadata it stands what it was, and as what. */
export const SIGNATURE_KIND = `${SIGNATURE}kind`;
export const PARAMETER_KIND = 'PARAMETER';
export const BUFFER_KIND = 'BUFFER';

/** Under which key it stands that a weight is another one by the definition of the model. */
export const TIED = 'basin.tied';

/** What PyTorch's exporter since 2.5 writes beside the values; others write nothing. */
export function tensorKinds(graph: GraphProto): ReadonlyMap<string, TensorKind> {
  const kinds = new Map<string, TensorKind>();
  for (const { name, metadataProps } of [...graph.input, ...graph.valueInfo]) {
    const given = new Map(metadataProps.map(({ key, value }) => [key, value]));
    const kind = given.get(SIGNATURE_KIND);
    const isSaved = given.get(`${SIGNATURE}persistent`) !== 'False';
    if (kind === PARAMETER_KIND) kinds.set(name, 'parameter');
    if (kind === BUFFER_KIND) kinds.set(name, isSaved ? 'buffer' : 'unsaved');
    if (kind === 'CONSTANT_TENSOR') kinds.set(name, 'unsaved');
  }
  return kinds;
}

/** Names that are another weight by the definition of the model, not because both were equal once. */
export function tiedNames({ valueInfo }: GraphProto): ReadonlySet<string> {
  return new Set(
    valueInfo.flatMap(({ name, metadataProps }) =>
      metadataProps.some(({ key }) => key === TIED) ? [name] : [],
    ),
  );
}

/**
 * Initializers whose values come from a checkpoint, so that those in the file are of no use.
 */
export function replacedInitializers(graph: GraphProto): readonly TensorProto[] {
  const kinds = tensorKinds(graph);
  return graph.initializer.filter(
    (tensor) => isWeight(tensor) && kinds.get(tensor.name) !== 'unsaved',
  );
}

/** @throws InputError where no array can have the shape. */
export function shapeOfTensor({ name, dims }: TensorProto, path: string): readonly number[] {
  const shape = dims.map(Number);
  const isShape = shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!isShape || sizeOf(shape) > MAX_SIZE) {
    throw new InputError(
      say`${path}: tensor ${name} has the shape [${dims.join(', ')}], which no array of fewer than 2³¹ elements has; export the model again.`,
      isShape ? 'unsupported' : 'damaged',
    );
  }
  return shape;
}
