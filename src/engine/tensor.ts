/** Element types Basin computes with. Others are widened when a file is read. */
export type DType = 'float32' | 'float64' | 'int64' | 'int32' | 'uint8' | 'bool';

export interface TensorDataOf {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly int64: BigInt64Array;
  readonly int32: Int32Array;
  readonly uint8: Uint8Array;
  /** 0 or 1. */
  readonly bool: Uint8Array;
}

export type TensorData = TensorDataOf[DType];

/** A dense array in C order. */
export type Tensor = {
  readonly [D in DType]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: TensorDataOf[D];
  };
}[DType];

/** Extents of the axes. */
export type Shape = readonly number[];

/** Number of elements of a shape; 1 for a scalar's []. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** What graphs are computed with. */
export type FloatArray = Float32Array | Float64Array;

/** Zeros in the precision of another array. */
export function zerosLike(values: FloatArray, length: number = values.length): FloatArray {
  return values instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
}
