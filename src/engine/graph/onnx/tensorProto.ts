import { InputError } from '../../../shared/inputError';
import { TensorProto_DataType, type TensorProto } from './onnx_pb';
import type { Known } from './operators';

/** The values of a tensor inside an ONNX file. @throws InputError where there are none. */
export function readTensorProto(tensor: TensorProto, path: string): Known {
  const shape = tensor.dims.map(Number);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const data = values(tensor, path);
  if (data.length !== count) {
    throw new InputError(
      `${path}: tensor ${tensor.name} has ${data.length} values for shape [${shape.join(', ')}]; export the model again.`,
      'damaged',
    );
  }
  return { shape, data };
}

function values(tensor: TensorProto, path: string): Float64Array {
  const raw = tensor.rawData;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const read = (bytes: number, at: (offset: number) => number): Float64Array =>
    Float64Array.from({ length: Math.floor(raw.length / bytes) }, (_, i) => at(i * bytes));
  const type = tensor.dataType as TensorProto_DataType;
  switch (type) {
    case TensorProto_DataType.FLOAT:
      return raw.length > 0
        ? read(4, (offset) => view.getFloat32(offset, true))
        : Float64Array.from(tensor.floatData);
    case TensorProto_DataType.DOUBLE:
      return raw.length > 0
        ? read(8, (offset) => view.getFloat64(offset, true))
        : Float64Array.from(tensor.doubleData);
    case TensorProto_DataType.INT64:
      return raw.length > 0
        ? read(8, (offset) => Number(view.getBigInt64(offset, true)))
        : Float64Array.from(tensor.int64Data, Number);
    case TensorProto_DataType.INT32:
      return raw.length > 0
        ? read(4, (offset) => view.getInt32(offset, true))
        : Float64Array.from(tensor.int32Data);
    case TensorProto_DataType.BOOL:
    case TensorProto_DataType.UINT8:
      return raw.length > 0
        ? read(1, (offset) => view.getUint8(offset))
        : Float64Array.from(tensor.int32Data);
    case TensorProto_DataType.INT8:
      return raw.length > 0
        ? read(1, (offset) => view.getInt8(offset))
        : Float64Array.from(tensor.int32Data);
    default:
      throw new InputError(
        `${path}: tensor ${tensor.name} is of type ${TensorProto_DataType[type] ?? String(type)}, which Basin does not read; export the model in float32.`,
        'unsupported',
      );
  }
}
