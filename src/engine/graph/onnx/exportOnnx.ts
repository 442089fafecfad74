import type { FloatArray } from '../../tensor';
import { isUnary } from '../rules/unary';
import type { AnyNode, Node, Program } from '../operations';
import { convWeightInBlocks, emitInBlocks, sumInBlocks } from './export/blocks';
import type { Device } from './export/deviceKernels';
import { conv, convInput, convWeight } from './export/convolutions';
import { index, mask, maxPool, put, take } from './export/indices';
import { ModelWriter } from './export/modelWriter';
import { NodeValues } from './export/nodeValues';
import { maskedProduct, Plan } from './export/plan';
import { place, slice } from './export/slices';
import { writeUnary } from './export/unaryKernels';

/** Who executes a model: which form operations are written in. */
export interface ExportTarget {
  /**
   * Channels in a block of ONNX Runtime's own layout, where it has one: see export/blockedLayout.ts.
   * What is kept between programs (`Program.kept`) is then in that layout.
   */
  readonly block?: number;
  /** Which device executes it, a graphics card or the like; null for none. */
  readonly device?: Device | null;
}

export interface ExportedModel {
  readonly bytes: Uint8Array;
  /** Names of nodes that are left to the processor, of a model for a device. */
  readonly onProcessor: readonly string[];
}

/**
 * A program as a serialised ONNX model. Inputs and outputs keep their names; inputs the program
 * does not depend on are absent.
 *
 * @param known values of inputs that are written into the model, which then does not ask for them.
 * @param target who executes it; a processor without a layout of its own if absent.
 */
export function exportOnnx(
  program: Program,
  precision: 'float32' | 'float64',
  known: ReadonlyMap<string, FloatArray> = new Map(),
  { block = 0, device = null }: ExportTarget = {},
): ExportedModel {
  const plan = new Plan(program, precision, precision === 'float32' ? block : 0);
  const model = new ModelWriter(precision, device);
  const values = new NodeValues(plan, model);
  for (const node of plan.order) {
    if (node.operation === 'maxPoolIndex') maxPool(values, node);
    if (plan.needed.has(node.id)) emit(values, node, known);
  }
  const outputs = [...program.outputs].map(([name, node]) => {
    const value = plan.isKept(name, node) ? values.inBlocks(node) : values.name(node);
    if (value !== name) model.add('Identity', [value], {}, name);
    return model.valueInfo(name, node.shape);
  });
  const bytes = model.bytes(outputs, plan.block > 1);
  return { bytes, onProcessor: model.onProcessor };
}

function emit(values: NodeValues, node: AnyNode, known: ReadonlyMap<string, FloatArray>): void {
  const { model, plan } = values;
  if (plan.blocked.has(node.id)) {
    emitInBlocks(values, node);
    return;
  }
  const out = values.plainName(node);
  const [first] = node.inputs;
  if (node.operation === 'sum' && first !== undefined && plan.blocked.has(first.id)) {
    if (sumInBlocks(values, node, first, out)) return;
  }
  const gradients = plan.weightGradients.get(node.id);
  if (gradients !== undefined) {
    convWeightInBlocks(values, gradients, out);
    return;
  }
  const gelu = plan.gelus.get(node.id);
  if (gelu !== undefined) {
    model.add('FastGelu', [values.name(gelu)], {}, out, 'com.microsoft');
    return;
  }
  const args = node.inputs.map((input) => values.name(input));
  const [a, b] = node.inputs as [Node, Node];
  if (isUnary(node.operation)) {
    if (node.operation === 'step') {
      model.add('Cast', [mask(values, node)], { to: model.elementType() }, out);
    } else {
      writeUnary(model, node.operation, args[0]!, out);
    }
    return;
  }
  switch (node.operation) {
    case 'input': {
      const { name } = node.attributes;
      const data = known.get(name);
      if (data === undefined) model.input(name, node.shape);
      else model.initializer(name, data, node.shape);
      return;
    }
    case 'constant':
      model.initializer(out, node.attributes.data, node.shape);
      return;
    case 'power':
      model.add('Pow', [args[0]!, model.scalar(node.attributes.exponent)], {}, out);
      return;
    case 'add': {
      const fused = plan.biases.get(node.id);
      if (fused === undefined) {
        model.add('Add', args, {}, out);
      } else {
        const { inputs, attributes } = fused.conv;
        const parts = [...inputs, fused.bias].map((input) => values.name(input));
        conv(model, parts, inputs[1]!.shape, attributes, out);
      }
      return;
    }
    case 'sub':
      model.add('Sub', args, {}, out);
      return;
    case 'mul': {
      const masked = maskedProduct(node);
      if (masked !== null) {
        model.add(
          'Where',
          [mask(values, masked.step), values.name(masked.other), model.scalar(0)],
          {},
          out,
        );
      } else {
        model.add('Mul', args, {}, out);
      }
      return;
    }
    case 'div':
      model.add('Div', args, {}, out);
      return;
    case 'pow':
      model.add('Pow', args, {}, out);
      return;
    case 'fmod':
      model.add('Mod', args, { fmod: 1 }, out);
      return;
    case 'less':
    case 'equal':
      model.add('Cast', [mask(values, node)], { to: model.elementType() }, out);
      return;
    case 'where':
      model.add('Where', [mask(values, a), args[1]!, args[2]!], {}, out);
      return;
    case 'argmax':
    case 'maxPoolIndex':
      model.add('Cast', [index(values, node)], { to: model.elementType() }, out);
      return;
    case 'take':
      take(values, node, out);
      return;
    case 'put':
      put(values, node, out);
      return;
    case 'sum':
      model.add('ReduceSum', [args[0]!, model.ints(node.attributes.axes)], { keepdims: 1 }, out);
      return;
    case 'max':
      model.add('ReduceMax', args, { axes: node.attributes.axes, keepdims: 1 }, out);
      return;
    case 'reshape':
      model.add('Reshape', [args[0]!, model.ints(node.shape)], {}, out);
      return;
    case 'expand':
      model.add('Expand', [args[0]!, model.ints(node.shape)], {}, out);
      return;
    case 'transpose':
      model.add('Transpose', args, { perm: node.attributes.permutation }, out);
      return;
    case 'slice': {
      const { starts, steps, counts } = node.attributes;
      slice(model, args[0]!, a.shape, starts, steps, counts, out);
      return;
    }
    case 'place':
      place(model, args[0]!, a.shape, node.attributes, out);
      return;
    case 'concat':
      model.add('Concat', args, { axis: node.attributes.axis }, out);
      return;
    case 'matmul':
      model.add('MatMul', args, {}, out);
      return;
    case 'conv':
      conv(model, args, b.shape, node.attributes, out);
      return;
    case 'convInput':
      convInput(model, args, a.shape, b.shape, node.attributes, out);
      return;
    case 'convWeight':
      convWeight(model, args, a.shape, b.shape, node.attributes, out);
      return;
  }
}
