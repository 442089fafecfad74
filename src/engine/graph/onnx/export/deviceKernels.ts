/** WebGPU, whose kernels differ most from the processor's, or a device of another provider. */
export type Device = 'webgpu' | 'other';

/** What of an operator decides whether a device has a kernel for it. */
export interface OperatorShape {
  readonly type: string;
  readonly results: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * Whether ONNX Runtime's WebGPU provider takes an operator and then fails at it or, of transposed
 * convolutions in groups with holes, gives wrong values (1.30; docs/runtimes.md). What it does not take
 * goes to the processor by itself.
 */
export function isForProcessor({ type, results, attributes }: OperatorShape): boolean {
  const axes = lengthOf(attributes.kernel_shape);
  if (type === 'MaxPool') return results > 1 || axes > 2;
  if (type === 'Conv') return axes > 2;
  if (type !== 'ConvTranspose') return false;
  const { group, dilations } = attributes;
  const hasHoles = Array.isArray(dilations) && dilations.some((step) => step !== 1);
  return axes > 2 || (typeof group === 'number' && group > 1 && hasHoles);
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}
