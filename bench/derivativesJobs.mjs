import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArray } from '../src/engine/checkpoint/numpy/npy';
import { openCheckpoint } from '../src/engine/checkpoint/openCheckpoint';
import { directionalDerivative } from '../src/engine/graph/forward';
import { Graph, topologicalOrder } from '../src/engine/graph/graph';
import { OnnxModel } from '../src/engine/graph/onnx/importOnnx';
import { partition } from '../src/engine/graph/partition';
import { gradient } from '../src/engine/graph/reverse';
import { shareFactors } from '../src/engine/graph/sharedFactors';
import { logSoftmax } from '../src/engine/graph/softmax';
import { inParts } from '../src/engine/graph/inParts';
import { onnxRuntime } from '../src/engine/runtime/onnxruntime';
import { sizeOf } from '../src/engine/tensor';

/**
 * What Basin does in bench/derivatives.mjs: one kind of job again and again, for some seconds.
 *
 * @returns milliseconds of every run, elapsed and of the processor, the loss or the length of the
 * gradient or product, and the peak memory in bytes.
 */
export async function measure(folder, network, kind, seconds, threads) {
  const { run, operations } = await job(folder, network, kind, threads);
  const result = length(await run());
  await run();
  const times = [];
  const cpu = [];
  const end = performance.now() + seconds * 1e3;
  while (performance.now() < end || times.length < 3) {
    const start = performance.now();
    const used = process.cpuUsage();
    await run();
    times.push(performance.now() - start);
    const spent = process.cpuUsage(used);
    cpu.push((spent.user + spent.system) / 1e3);
  }
  return { times, cpu, result, operations, peak: process.resourceUsage().maxRSS * 1024 };
}

/** Additions and multiplications in the products and convolutions of programs. */
function operationsOf(...programs) {
  let count = 0;
  for (const node of programs.flatMap(({ outputs }) => topologicalOrder(outputs.values()))) {
    const [a, b] = node.inputs.map(({ shape }) => shape);
    if (node.operation === 'matmul') count += 2 * sizeOf(node.shape) * a.at(-1);
    else if (node.operation === 'conv') count += 2 * sizeOf(node.shape) * sizeOf(b.slice(1));
    else if (node.operation === 'convInput') count += 2 * sizeOf(b) * sizeOf(a.slice(1));
    else if (node.operation === 'convWeight') count += 2 * sizeOf(b) * sizeOf(node.shape.slice(1));
  }
  return count;
}

/** Of all derivatives together; the loss where there are none. */
function length(results) {
  let sum = 0;
  for (const [name, values] of results) {
    if (name.startsWith('d')) for (const value of values) sum += value * value;
  }
  return sum === 0 ? results.get('loss')[0] : Math.sqrt(sum);
}

async function job(folder, network, kind, threads) {
  const runtime = onnxRuntime({ threads });
  const model = new OnnxModel(readFileSync(join(folder, `${network}.onnx`)), `${network}.onnx`);
  const checkpoint = await openCheckpoint(join(folder, `${network}.pt`));
  const at = async (name) => (await checkpoint.read(name)).data;
  const x = await readArray(`${network}.npz#x`, folder);
  const y = await readArray(`${network}.npz#y`, folder);
  const g = new Graph();
  const input = g.input('x', x.shape);
  const inputs = new Map([['x', x.data]]);
  const weights = new Map();
  for (const { name, shape } of model.weights) {
    weights.set(name, g.input(name, shape));
    inputs.set(name, await at(name));
  }
  const buffers = new Set(model.weights.filter((w) => w.role === 'buffer').map((w) => w.name));
  const order = [...checkpoint.tensors.keys()].filter((n) => weights.has(n) && !buffers.has(n));
  const parameters = order.map((name) => weights.get(name));
  await checkpoint.close();
  const prediction = model.build(g, input, (name) => weights.get(name) ?? null);
  let loss;
  if (network === 'pde') {
    const along = (axis) =>
      g.expand(
        g.constant(
          Float64Array.from([0, 1], (i) => Number(i === axis)),
          [1, 2],
        ),
        input.shape,
      );
    const moved = (axis) =>
      directionalDerivative(g, [prediction], new Map([[input, along(axis)]]))[0];
    const residual = g.add(moved(1), g.mul(g.scalar(30), moved(0)));
    loss = g.mean(g.mul(residual, residual), [0, 1]);
  } else {
    const classes = prediction.shape.at(-1);
    const rows = sizeOf(prediction.shape) / classes;
    const targets = new Float32Array(rows * classes);
    for (let i = 0; i < rows; i += 1) targets[i * classes + Number(y.data[i])] = 1;
    inputs.set('targets', targets);
    const logits = logSoftmax(g, g.reshape(prediction, [rows, classes]), 1);
    const losses = g.sum(g.mul(g.input('targets', [rows, classes]), logits), [1]);
    loss = g.neg(g.mean(losses, [0]));
  }
  [loss] = shareFactors(g, [loss]);
  const derivatives = (nodes) => ({
    outputs: new Map([
      ...(kind === 'gradient' ? [['loss', loss]] : []),
      ...nodes.map((node, i) => [`d${i}`, node]),
    ]),
  });
  if (kind === 'point') {
    const program = { outputs: new Map([['loss', loss]]) };
    const whole = await runtime.compile(program);
    return { run: () => whole.run(inputs), operations: operationsOf(program) };
  }
  const slopes = gradient(g, loss, parameters);
  if (kind === 'gradient') {
    const program = derivatives(slopes);
    const whole = await runtime.compile(program);
    return { run: () => whole.run(inputs), operations: operationsOf(program) };
  }
  let offset = 0;
  const directions = parameters.map((node) => {
    const size = sizeOf(node.shape);
    const start = offset;
    offset += size;
    inputs.set(
      `v:${node.attributes.name}`,
      Float32Array.from({ length: size }, (_, i) => Math.sin(start + i + 1)),
    );
    return [node, g.input(`v:${node.attributes.name}`, node.shape)];
  });
  const products = directionalDerivative(g, slopes, new Map(directions));
  const names = new Set(parameters.map((node) => `v:${node.attributes.name}`));
  const cut = partition(g, derivatives(products), names);
  const parts = await Promise.all(inParts(g, cut.fixed).map((part) => runtime.compile(part)));
  const prepare = async () => {
    const prepared = new Map(inputs);
    for (const part of parts) {
      for (const [name, values] of await part.run(prepared)) prepared.set(name, values);
    }
    return prepared;
  };
  const moving = await runtime.compile(cut.moving);
  if (kind === 'first') {
    return {
      run: async () => moving.run(await prepare()),
      operations: operationsOf(cut.fixed, cut.moving),
    };
  }
  const prepared = await prepare();
  return { run: () => moving.run(prepared), operations: operationsOf(cut.moving) };
}
