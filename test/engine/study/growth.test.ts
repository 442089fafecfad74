import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { spectrum } from '../../../src/engine/hessian/spectrum';
import type { WeightLayout } from '../../../src/engine/objective/weights';
import { contentKey } from '../../../src/engine/study/results/cache';
import { moveTo } from '../../../src/engine/study/pool/point';
import { addedInOrder } from '../../../src/engine/study/pool/products';
import { OwnCopies, sharedZeros } from '../../../src/engine/study/pool/sharedVector';
import type { FloatArray } from '../../../src/engine/tensor';
import { randomDirections } from '../landscape/randomDirections';

/** Parameters: a decade more each time. */
const SIZES = [1e4, 1e5, 1e6, 1e7];

/** What a decade may cost beyond ten times as much, on the average. */
const BEYOND_LINEAR = 1.5;

/**
 * The least time of several runs for each size: what else the machine does only adds. From 10⁴ on
 * what does not grow would hide what does, so that a millisecond is taken for less.
 */
async function timesOf(prepare: (size: number) => () => unknown): Promise<readonly number[]> {
  const times: number[] = [];
  for (const size of SIZES) {
    const run = prepare(size);
    // What is compiled is measured.
    if (size < 1e7) await run();
    let least = Infinity;
    let spent = 0;
    for (let i = 0; i < 1 || (i < 30 && spent < 150); i += 1) {
      const started = process.cpuUsage();
      const wall = performance.now();
      await run();
      const { user, system } = process.cpuUsage(started);
      least = Math.min(least, (user + system) / 1e3, performance.now() - wall);
      spent += performance.now() - wall;
    }
    times.push(Math.max(1, least));
  }
  return times;
}

/** Two matrices and a bias, as a layer has them. */
function layoutOf(size: number): WeightLayout {
  const rows = size / 100;
  return {
    entries: [
      { name: 'first', shape: [rows, 50], offset: 0, size: 50 * rows },
      { name: 'bias', shape: [10 * rows], offset: 50 * rows, size: 10 * rows },
      { name: 'second', shape: [40, rows], offset: 60 * rows, size: 40 * rows },
    ],
    size,
  };
}

function vector(size: number): Float32Array {
  const values = new Float32Array(size);
  for (let i = 0; i < size; i += 1) values[i] = 0.5 + (i % 7);
  return values;
}

const BATCHES = [0, 1, 2, 3].map((index) => ({
  index,
  set: 0,
  start: index,
  size: 1,
  share: 0.25,
}));

/** What an analysis does in JavaScript, on networks that cost nothing. */
const PARTS: Readonly<Record<string, (size: number) => () => unknown>> = {
  'the Lanczos space, eigenvalues, trace and eigenvectors': (size) => {
    const product = new Float64Array(size);
    // Four eigenvalues: the space closes after as many steps.
    const apply = (vs: readonly FloatArray[]): Promise<readonly Float64Array[]> =>
      Promise.resolve(
        vs.map((v) => {
          for (let i = 0; i < size; i += 1) product[i] = (1 + (i & 3)) * v[i]!;
          return product.slice();
        }),
      );
    const settings = { eigenvalues: 3, lanczosSteps: 2, probes: 2, seed: 0, traceSamples: 1 };
    return async () => (await spectrum(apply, size, settings)).leading(1, 'value');
  },
  'random directions': (size) => {
    const theta = vector(size);
    const layout = layoutOf(size);
    return () =>
      randomDirections(theta, layout, { dimensions: 2, normalization: 'filter', seed: 0 });
  },
  'points of a plane': (size) => {
    const theta = vector(size);
    const point = { values: new Float32Array(size), isCenter: false };
    const directions = [vector(size), vector(size)];
    return () => {
      for (const at of [0.1, 0.2, 0.3]) moveTo(point, theta, [at, 1 - at], directions);
    };
  },
  'sums over batches': (size) => {
    const part = vector(size);
    const sum = new Float64Array(size);
    return () => addedInOrder(BATCHES, [sum], () => Promise.resolve([part]));
  },
  'vectors for workers': (size) => {
    const values = sharedZeros(size, false);
    const copies = new OwnCopies();
    let number = 0;
    return () => {
      number += 1;
      return copies.of([{ number, values }]);
    };
  },
  'messages to workers and back': (size) => {
    const { port1, port2 } = new MessageChannel();
    const values = sharedZeros(size, false);
    let answer = vector(size);
    return () => {
      port1.postMessage({ type: 'task', task: { directions: [{ number: 0, values }] } });
      receiveMessageOnPort(port2);
      port2.postMessage({ type: 'done', answer }, [answer.buffer as ArrayBuffer]);
      const received = receiveMessageOnPort(port1) as { message: { answer: typeof answer } };
      answer = received.message.answer;
    };
  },
  'hashes of content': (size) => {
    const bytes = new Uint8Array(vector(size).buffer);
    return () => contentKey(bytes, layoutOf(size));
  },
};

test.each(Object.entries(PARTS))(
  '%s: no more than linear',
  async (_, prepare) => {
    const times = await timesOf(prepare);
    // Over all decades together: from one to the next it counts as well what caches hold.
    const growth = times.at(-1)! / times[0]!;
    const decades = Math.log10(SIZES.at(-1)! / SIZES[0]!);
    expect(growth, times.join(', ')).toBeLessThan((10 * BEYOND_LINEAR) ** decades);
  },
  60_000,
);
