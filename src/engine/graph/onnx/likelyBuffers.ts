import type { NodeProto } from './onnx_pb';

/** Operators of one value that leave it what it was: a mean, a scale. */
const UNARY: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Reshape',
  'Unsqueeze',
  'Squeeze',
  'Transpose',
  'Expand',
  'Flatten',
  'Slice',
  'Sqrt',
  'Reciprocal',
]);

const ELEMENTWISE: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div']);

/**
 * Weights that meet nothing but the data: means and scales that inputs are normalised by. A layer's
 * bias and scale meet what other weights have made.
 *
 * @param nodes in their order. @param inputs of the graph. @param weights names of them.
 */
export function likelyBuffers(
  nodes: readonly NodeProto[],
  inputs: readonly string[],
  weights: ReadonlySet<string>,
): ReadonlySet<string> {
  /** Made of the data, by no weight but likely buffers. */
  const data = new Set(inputs);
  /** Made of one weight and constants, and that weight. */
  const made = new Map([...weights].map((name) => [name, name] as const));
  /** Made of other weights, or of several. */
  const mixed = new Set<string>();
  const meets = new Map<string, 'data' | 'others'>();
  for (const { opType, input, output } of nodes) {
    const own = [...new Set(input.flatMap((name) => made.get(name) ?? []))];
    const isOfData = input.some((name) => data.has(name));
    const isMixed = input.some((name) => mixed.has(name));
    const [only] = own;
    const isOne = only !== undefined && own.length === 1 && !isMixed;
    if (isOne && !isOfData && (ELEMENTWISE.has(opType) || UNARY.has(opType))) {
      for (const name of output) made.set(name, only);
      continue;
    }
    const isLikely = isOne && isOfData && ELEMENTWISE.has(opType);
    for (const weight of own) {
      if (!isLikely) meets.set(weight, 'others');
      else if (!meets.has(weight)) meets.set(weight, 'data');
    }
    const target = isLikely || (isOfData && own.length === 0 && !isMixed) ? data : mixed;
    if (own.length > 0 || isOfData || isMixed) for (const name of output) target.add(name);
  }
  return new Set([...meets].flatMap(([name, what]) => (what === 'data' ? [name] : [])));
}
