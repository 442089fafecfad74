import { InputError } from '../../../shared/inputError';
import { say } from '../../../shared/words/message';
import { TensorProto_DataType, type TensorProto } from './onnx_pb';

/** Values in float64, in C order. */
export interface TensorValues {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** The values of a tensor inside an ONNX file. @throws InputError where there are none. */
export function readTensorProto(tensor: TensorProto, path: string): TensorValues {
  const shape = tensor.dims.map(Number);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const data = values(tensor, path);
  if (data.length !== count) {
    throw new InputError(
      say`${path}: tensor ${tensor.name} has ${data.length} values for shape [${shape.join(', ')}]; export the model again.`,
      'damaged',
    );
  }
  if (data.some(Number.isNaN)) {
    throw new InputError(
      say`${path}: tensor ${tensor.name} holds NaN; export the model again from weights that are finite.`,
    );
  }
  return { shape, data };
}

interface Reader {
  readonly bytes: number;
  readonly raw: (view: DataView, offset: number) => number;
  /** The field that holds the values where there are no raw bytes. */
  readonly listed: (tensor: TensorProto) => ArrayLike<number | bigint>;
}

const readers: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [
    TensorProto_DataType.FLOAT,
    { bytes: 4, raw: (v, at) => v.getFloat32(at, true), listed: (t) => t.floatData },
  ],
  [
    TensorProto_DataType.DOUBLE,
    { bytes: 8, raw: (v, at) => v.getFloat64(at, true), listed: (t) => t.doubleData },
  ],
  [
    TensorProto_DataType.INT64,
    { bytes: 8, raw: (v, at) => Number(v.getBigInt64(at, true)), listed: (t) => t.int64Data },
  ],
  [
    TensorProto_DataType.INT32,
    { bytes: 4, raw: (v, at) => v.getInt32(at, true), listed: (t) => t.int32Data },
  ],
  [
    TensorProto_DataType.BOOL,
    { bytes: 1, raw: (v, at) => v.getUint8(at), listed: (t) => t.int32Data },
  ],
  [
    TensorProto_DataType.UINT8,
    { bytes: 1, raw: (v, at) => v.getUint8(at), listed: (t) => t.int32Data },
  ],
  [
    TensorProto_DataType.INT8,
    { bytes: 1, raw: (v, at) => v.getInt8(at), listed: (t) => t.int32Data },
  ],
]);

function values(tensor: TensorProto, path: string): Float64Array {
  const reader = readers.get(tensor.dataType);
  if (reader === undefined) {
    throw new InputError(
      say`${path}: tensor ${tensor.name} is of type ${TensorProto_DataType[tensor.dataType] ?? tensor.dataType}, which Basin does not read; export the model in float32.`,
      'unsupported',
    );
  }
  const { rawData } = tensor;
  if (rawData.length === 0) return Float64Array.from(reader.listed(tensor), Number);
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Float64Array.from({ length: Math.floor(rawData.length / reader.bytes) }, (_, i) =>
    reader.raw(view, i * reader.bytes),
  );
}
