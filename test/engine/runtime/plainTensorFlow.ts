import { createRequire } from 'node:module';
import type { TensorFlow } from '../../../src/engine/runtime/tensorflow/api';

/** TensorFlow.js in plain JavaScript: the same operations without a native library. */
export async function plainTensorFlow(): Promise<TensorFlow> {
  const tf = createRequire(import.meta.url)('@tensorflow/tfjs') as TensorFlow;
  await tf.setBackend('cpu');
  return tf;
}
