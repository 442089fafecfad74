import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { topologicalOrder, type Operation } from '../../../src/engine/graph/operations';
import { inParts } from '../../../src/engine/graph/inParts';
import { partition } from '../../../src/engine/graph/partition';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import type { FloatArray } from '../../../src/engine/runtime/runtime';
import { allCases, derivativeProgram, inputsFor } from './derivativeProgram';
import type { OperationCase } from './operations';

type Values = ReadonlyMap<string, FloatArray>;

function moved(inputs: Values, of: OperationCase, by: number): Map<string, FloatArray> {
  const result = new Map(inputs);
  of.shapes.forEach((_, i) => {
    const v = inputs.get(`v${i}`)!;
    result.set(
      `x${i}`,
      Float64Array.from(inputs.get(`x${i}`)!, (x, j) => x + by * v[j]!),
    );
  });
  return result;
}

function dotAll(a: Values, prefixA: string, b: Values, prefixB: string, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i += 1) {
    const other = b.get(`${prefixB}${i}`)!;
    a.get(`${prefixA}${i}`)!.forEach((x, j) => (sum += x * other[j]!));
  }
  return sum;
}

/** What is computed for one direction at a time. */
const UNSTACKED: readonly Operation[] = ['conv', 'convInput', 'convWeight', 'take', 'put'];

const names = allCases(2).map(({ name }) => name);

describe.each(names)('%s', (name) => {
  const cases = fc.record({ extent: fc.integer({ min: 2, max: 4 }), seed: fc.nat() });

  test('gradient and H·v are the limits of differences, and H is symmetric', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ extent, seed }) => {
        const of = allCases(extent).find((other) => other.name === name)!;
        const { program, resultSize } = derivativeProgram(of);
        const executable = await referenceRuntime.compile(program);
        const inputs = inputsFor(of, resultSize, seed);
        const count = of.shapes.length;
        const step = 1e-5;
        const here = await executable.run(inputs);
        const ahead = await executable.run(moved(inputs, of, step));
        const behind = await executable.run(moved(inputs, of, -step));

        const slope = (ahead.get('loss')![0]! - behind.get('loss')![0]!) / (2 * step);
        expect(dotAll(here, 'g', inputs, 'v', count)).toBeCloseTo(slope, 6);
        for (let i = 0; i < count; i += 1) {
          const product = here.get(`hv${i}`)!;
          const [up, down] = [ahead.get(`g${i}`)!, behind.get(`g${i}`)!];
          product.forEach((x, j) => {
            expect(x).toBeCloseTo((up[j]! - down[j]!) / (2 * step), 5);
          });
        }
        const vHu = dotAll(here, 'hu', inputs, 'v', count);
        const uHv = dotAll(here, 'hv', inputs, 'u', count);
        expect(vHu).toBeCloseTo(uHv, 9);
      }),
      { numRuns: 4 },
    );
  });

  test('two directions at once are one and the other', async () => {
    const of = allCases(3).find((other) => other.name === name)!;
    const { program, resultSize, isStacked } = derivativeProgram(of);
    if (!isStacked) {
      const operations = topologicalOrder(program.outputs.values()).map((node) => node.operation);
      expect(UNSTACKED.some((operation) => operations.includes(operation))).toBe(true);
      return;
    }
    const results = await (
      await referenceRuntime.compile(program)
    ).run(inputsFor(of, resultSize, 11));
    of.shapes.forEach((_, i) => {
      const expected = [...results.get(`hv${i}`)!, ...results.get(`hu${i}`)!];
      const both = results.get(`hw${i}`)!;
      expect(both).toHaveLength(expected.length);
      expected.forEach((x, j) => {
        expect(Math.abs(both[j]! - x)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(x)));
      });
    });
  });

  test('a program cut in two gives what the whole gives', async () => {
    const of = allCases(3).find((other) => other.name === name)!;
    const { g, program, resultSize } = derivativeProgram(of);
    const inputs = inputsFor(of, resultSize, 7);
    const whole = await (await referenceRuntime.compile(program)).run(inputs);
    const cut = partition(g, program, new Set(of.shapes.map((_, i) => `v${i}`)));
    const fixed = await (await referenceRuntime.compile(cut.fixed)).run(inputs);
    const moving = await referenceRuntime.compile(cut.moving);
    const again = await moving.run(new Map([...inputs, ...fixed]));
    for (const [output, values] of whole) expect(again.get(output)).toEqual(values);

    // And what the moving part needs, made a part at a time.
    const parts = inParts(g, cut.fixed, 4);
    const results = new Map<string, FloatArray>();
    for (const part of parts) {
      const executable = await referenceRuntime.compile(part);
      for (const [output, values] of await executable.run(new Map([...inputs, ...results]))) {
        expect(results.has(output)).toBe(false);
        results.set(output, values);
      }
    }
    expect([...results.keys()].sort()).toEqual([...fixed.keys()].sort());
    for (const [output, values] of fixed) expect(results.get(output)).toEqual(values);
  });
});
