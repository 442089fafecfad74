import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../../src/engine/checkpoint/checkpoint';
import { openCheckpoint } from '../../../src/engine/checkpoint/openCheckpoint';
import { Graph } from '../../../src/engine/graph/graph';
import type { Node } from '../../../src/engine/graph/operations';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '../../../src/engine/graph/onnx/onnx_pb';
import {
  elementType,
  OperatorCall,
  type Value,
} from '../../../src/engine/graph/onnx/operators/operatorCall';
import { operators } from '../../../src/engine/graph/onnx/operators/operators';
import { readTensorProto } from '../../../src/engine/graph/onnx/tensorProto';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import { FIXTURES } from '../objective/problems';

// 301 uses of operators, each at every operator set from 13 to 23 that changed it, and the values
// ONNX Runtime or ONNX's reference gives: see the make.py beside them.
let archive: Checkpoint;
beforeAll(async () => {
  archive = await openCheckpoint(join(FIXTURES, 'import/operators.npz'));
});
afterAll(() => archive.close());

/** What Basin makes of the one node of a model. */
async function run(
  name: string,
): Promise<{ readonly found: number[][]; readonly expected: number[][] }> {
  const numbers = async (part: string): Promise<{ data: number[]; shape: readonly number[] }> => {
    const { data, shape } = await archive.read(`${name}/${part}`);
    return { data: Array.from(data, Number), shape };
  };
  const bytes = (await archive.read(`${name}/model`)).data as Uint8Array;
  const graph = fromBinary(ModelProtoSchema, bytes).graph!;
  const [node] = graph.node;
  const g = new Graph();
  const values = new Map<string, Value>();
  for (const tensor of graph.initializer) {
    const { data, shape } = readTensorProto(tensor, name);
    values.set(tensor.name, { node: g.constant(data, shape), type: elementType(tensor.dataType) });
  }
  const inputs = new Map<string, Float64Array>();
  for (const info of graph.input) {
    const { data, shape } = await numbers(info.name);
    const type = info.type?.value.case === 'tensorType' ? info.type.value.value.elemType : 1;
    values.set(info.name, { node: g.input(info.name, shape), type: elementType(type) });
    inputs.set(info.name, Float64Array.from(data));
  }
  const given = node!.input.map((input) => (input === '' ? null : values.get(input)!));
  const call = new OperatorCall(g, given, node!.attribute, node!.output.length);
  const made = operators.get(node!.opType)!(call);
  const results = (Array.isArray(made) ? made : [made]).map((result: Node | Value) =>
    'operation' in result ? result : result.node,
  );
  // Running statistics of a training are given to nobody.
  const outputs = node!.output.slice(0, results.length);
  const executable = await referenceRuntime.compile({
    outputs: new Map(outputs.map((output, i) => [output, results[i]!])),
  });
  const computed = await executable.run(inputs);
  const found: number[][] = [];
  const expected: number[][] = [];
  for (const [i, output] of outputs.entries()) {
    const { data, shape } = await numbers(output);
    expect(results[i]!.shape).toEqual(shape);
    expected.push(data);
    found.push([...computed.get(output)!]);
  }
  return { found, expected };
}

describe('operators are what ONNX says at every operator set', () => {
  test('all of them', async () => {
    const names = [...archive.tensors.keys()].filter((key) => key.endsWith('/model'));
    const cases = names.map((key) => key.slice(0, -'/model'.length));
    expect(cases.length).toBeGreaterThan(200);
    const wrong: string[] = [];
    for (const name of cases) {
      try {
        const { found, expected } = await run(name);
        expected.forEach((values, i) => {
          expect(found[i]!.length).toBe(values.length);
          const size = Math.max(1, ...values.map(Math.abs));
          const error = Math.max(0, ...values.map((value, j) => Math.abs(value - found[i]![j]!)));
          if (!(error <= 2e-5 * size)) wrong.push(`${name}: result ${i} is off by ${error}`);
        });
      } catch (error) {
        wrong.push(`${name}: ${String(error)}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
