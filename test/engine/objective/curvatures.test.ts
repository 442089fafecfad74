import { expect, test } from 'vitest';
import { dot } from '../../../src/engine/hessian/vectors';
import { lossBatches } from '../../../src/engine/objective/batches';
import { onnxRuntime } from '../../../src/engine/runtime/onnxruntime';
import { referenceRuntime } from '../../../src/engine/runtime/reference';
import { openExample, openMlp } from './problems';

test.each([
  ['classification in float64', () => openMlp(referenceRuntime, 'classification'), 1e-10],
  ['regression in float64', () => openMlp(referenceRuntime, 'regression'), 1e-10],
  ['a ResNet in float32', () => openExample(onnxRuntime(), 'resnet', '030', 16), 1e-4],
] as const)(
  'the second derivative of each point is vᵀ(Hv) of its own loss: %s',
  async (_, open, close) => {
    const { evaluator, theta, data } = await open();
    const v = theta.map((_w, i) => Math.sin(i + 1));
    const [whole] = lossBatches(data.sets);
    const curvatures = await evaluator.curvatures(theta, v, whole!);
    expect(curvatures).toHaveLength(whole!.size);
    const scale = Math.max(...curvatures.map(Math.abs));
    expect(scale).toBeGreaterThan(0);
    evaluator.setPoint(theta);
    for (const start of [0, 1, whole!.size - 1]) {
      const [product] = await evaluator.hessianProducts([v], { ...whole!, start, size: 1 });
      expect(Math.abs(curvatures[start]! - dot(product!, v)) / scale).toBeLessThan(close);
    }
  },
);
