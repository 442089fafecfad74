import type { Tensor } from '../../tensor';
import { Fault } from '../fault';
import { say } from '../../../shared/words/message';

/** How the integers of a quantised tensor stand for its values: (q − zero) · scale. */
export type Quantizer<Parameters> =
  | { readonly kind: 'tensor'; readonly scale: number; readonly zero: number }
  /** A scale and a zero for each index along one axis. */
  | {
      readonly kind: 'channel';
      readonly scales: Parameters;
      readonly zeros: Parameters;
      readonly axis: number;
    };

/**
 * The values of a quantised tensor, in float32, as `Tensor.dequantize` of PyTorch gives them.
 *
 * @throws Fault when there is not one scale and one zero for each index along the axis.
 */
export function dequantised(integers: Tensor, quantizer: Quantizer<Tensor>): Tensor {
  const { shape } = integers;
  const given = integers.data;
  const data = new Float32Array(given.length);
  if (quantizer.kind === 'tensor') {
    const { zero } = quantizer;
    // PyTorch multiplies in float32.
    const scale = Math.fround(quantizer.scale);
    for (let i = 0; i < data.length; i++) data[i] = (Number(given[i]) - zero) * scale;
    return { dtype: 'float32', shape, data };
  }
  const { axis, scales, zeros } = quantizer;
  const channels = shape[axis];
  if (channels === undefined || scales.data.length !== channels || zeros.data.length !== channels) {
    throw new Fault('damaged', say`the scales of a quantised tensor do not fit its shape`);
  }
  const inner = shape.slice(axis + 1).reduce((product, extent) => product * extent, 1);
  for (let i = 0; i < data.length; i++) {
    const channel = Math.floor(i / inner) % channels;
    const scale = Math.fround(Number(scales.data[channel]));
    data[i] = (Number(given[i]) - Number(zeros.data[channel])) * scale;
  }
  return { dtype: 'float32', shape, data };
}
