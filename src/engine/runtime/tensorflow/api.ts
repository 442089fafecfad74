import type * as tfjs from '@tensorflow/tfjs';

/** TensorFlow.js, on whatever backend. */
export type TensorFlow = typeof tfjs;
export type Tensor = tfjs.Tensor;
