// An engine that computes nothing and speaks the real one's protocol: what it does is told by the
// name of the checkpoint it is asked about.
import { mkdirSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import process from 'node:process';
import { deserialize, serialize } from 'node:v8';
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  createMessageConnection,
  ResponseError,
} from 'vscode-jsonrpc/node.js';

/** Frames as the protocol has them, told apart once all is there. */
class Reader extends AbstractMessageReader {
  listen(callback) {
    let rest = Buffer.alloc(0);
    process.stdin.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
        const end = 8 + rest.readUInt32BE(4);
        const message = deserialize(rest.subarray(8, end));
        rest = rest.subarray(end);
        callback(message);
      }
    });
    return { dispose: () => undefined };
  }
}

class Writer extends AbstractMessageWriter {
  async write(message) {
    const content = serialize(message);
    const head = Buffer.from([0x42, 0x73, 0x6e, 0x01, 0, 0, 0, 0]);
    head.writeUInt32BE(content.length, 4);
    writeSync(3, Buffer.concat([head, content]));
  }

  end() {
    process.exit(0);
  }
}

const connection = createMessageConnection(new Reader(), new Writer());

const frame = [0x42, 0x73, 0x6e, 0x01];
/** What no host can read, each in a way of its own. */
const GARBAGE = [
  // A frame of the right form whose content is nothing V8 wrote.
  Buffer.from([...frame, 0, 0, 0, 4, 0xff, 0x0f, 0x6f, 0x22]),
  // A content that ends too early for what it announces.
  Buffer.from([...frame, 0, 0, 0, 5, 0xff, 0x0f, 0x6f, 0x22, 0x7f]),
  // No content at all.
  Buffer.from([...frame, 0, 0, 0, 0]),
  // Two gigabytes.
  Buffer.from([...frame, 0x80, 0, 0, 0, 1, 2, 3]),
  // Text, as a library might print it.
  Buffer.from('Warning: no such device\n'),
  Buffer.alloc(70_000, 0xfe),
];

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let working = 0;
connection.onRequest('basin/ping', () => ({ working }));

connection.onRequest('basin/inspect', async ({ path }, token) => {
  const name = basename(path);
  // An answer that never arrives, though the engine believes it was given.
  if (name.startsWith('lost')) await new Promise(() => undefined);
  return answering(() => inspect(path, token));
});
connection.onRequest('basin/analyze', (params, token) => answering(() => analyze(params, token)));

async function answering(work) {
  working++;
  try {
    return await work();
  } finally {
    working--;
  }
}

async function inspect(path, token) {
  const name = basename(path);
  if (name.startsWith('crash')) process.exit(7);
  if (name.startsWith('garbage')) {
    writeSync(3, GARBAGE[Number(name.slice('garbage'.length))]);
    await new Promise(() => undefined);
  }
  if (name.startsWith('wrong')) throw new ResponseError(1, `${name} is cut short: save it again.`);
  if (name.startsWith('fault')) throw new Error('divided by a cat');
  if (name.startsWith('slow')) {
    for (let i = 0; i < 200 && !token.isCancellationRequested; i++) await pause(20);
    if (token.isCancellationRequested) throw new ResponseError(-32800, 'cancelled');
  }
  if (name.startsWith('deaf')) {
    for (const until = Date.now() + 60_000; Date.now() < until;) Math.sqrt(2);
  }
  return {
    path,
    format: 'pytorch',
    size: statSync(path, { throwIfNoEntry: false })?.size ?? 0,
    tensors: [
      { name: 'conv.weight', dtype: 'float32', shape: [4, 1, 3, 3] },
      { name: 'conv.bias', dtype: 'float32', shape: [4] },
    ],
    parameters: 40,
    step: 1200,
    epoch: Number(/(\d+)/.exec(name)?.[1] ?? 0),
    metadata: { pid: process.pid },
  };
}

async function analyze({ job, configuration, checkpoints }, token) {
  const outcomes = [];
  for (const [index, checkpoint] of (checkpoints ?? []).entries()) {
    const name = basename(checkpoint);
    const say = (part, fraction) =>
      connection.sendNotification('basin/progress', {
        job,
        checkpoint,
        index,
        count: checkpoints.length,
        part,
        fraction,
      });
    if (name.startsWith('wrong')) {
      outcomes.push({ checkpoint, ok: false, message: `${name} does not belong to the model.` });
      continue;
    }
    const path = relative(dirname(configuration), checkpoint).replaceAll('\\', '/');
    const wait = Number(process.env['BASIN_SCRIPTED_WAIT'] ?? 4);
    const parts = {};
    for (const part of ['open', 'metrics', 'landscape', 'topology', 'hessian']) {
      for (let tick = 0; tick <= 10; tick++) {
        await say(part, tick / 10);
        await pause(wait);
        if (token.isCancellationRequested) throw new ResponseError(-32800, 'cancelled');
        if (name.startsWith('crash') && part === 'landscape') process.exit(7);
        if (part === 'landscape') parts.landscape = landscape(tick / 10);
      }
      if (part === 'metrics') parts.metrics = { loss: 0.0312, accuracy: 0.984, samples: 512 };
      if (part === 'topology') parts.topology = topology();
      if (part === 'hessian') parts.hessian = hessian();
      await connection.sendNotification('basin/partial', {
        job,
        checkpoint,
        document: document(path, parts),
      });
    }
    const result = document(path, parts);
    const file = join(dirname(configuration), '.basin', 'results', `${path}.basin.json`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(result));
    outcomes.push({ checkpoint, ok: true, document: result });
  }
  return { outcomes };
}

process.stdin.on('end', () => process.exit(0));
connection.listen();

function document(path, parts) {
  return {
    schema: 1,
    checkpoint: { path, format: 'pytorch', sha256: '0'.repeat(64), step: 1200, epoch: 3 },
    parameters: 40,
    runtime: { name: 'scripted', version: '1', precision: 'float32' },
    seed: 0,
    ...parts,
    notes: ['These numbers were made up.'],
    timings: { total: 1 },
  };
}

function landscape(share) {
  const steps = 25;
  const values = [];
  for (let i = 0; i < steps; i++) {
    for (let j = 0; j < steps; j++) {
      const x = (2 * i) / (steps - 1) - 1;
      const y = (2 * j) / (steps - 1) - 1;
      values.push(
        i / steps > share
          ? null
          : 0.03 + x * x + 2 * y * y + 0.2 * Math.cos(9 * x) * Math.sin(7 * y),
      );
    }
  }
  const axis = (name) => ({ name, min: -1, max: 1, steps });
  return {
    axes: [axis('d1'), axis('d2')],
    directions: {
      kind: 'random',
      normalization: 'filter',
      seed: 0,
      norms: [3, 3],
      cosines: [0],
      parameterNorm: 9,
    },
    shape: [steps, steps],
    values,
    evaluations: steps * steps,
  };
}

function topology() {
  const pair = { birth: 0.02, death: 0.31, birthVertex: 300, deathVertex: 310 };
  const essential = { birth: -0.1, death: 3.2, birthVertex: 312, deathVertex: 624 };
  const summary = {
    count: 1,
    total: 0.29,
    mean: 0.29,
    median: 0.29,
    maximum: 0.29,
    meanOverRange: 0.09,
  };
  return {
    shape: [25, 25],
    neighborhood: 'freudenthal',
    threshold: 0.001,
    thresholdSource: 'noise',
    minima: 2,
    saddles: 1,
    pairs: [pair],
    essential,
    summaries: {
      finite: summary,
      withEssential: { ...summary, count: 2, total: 3.59, mean: 1.795 },
      range: 3.3,
      persistenceEntropy: 0.3,
    },
    sensitivity: { saddlesByNeighborhood: { freudenthal: 1, 4: 2, 8: 1 } },
    mergeTree: {
      nodes: [
        { vertex: 312, value: -0.1, kind: 'minimum', parent: 2, size: 80 },
        { vertex: 300, value: 0.02, kind: 'minimum', parent: 2, size: 20 },
        { vertex: 310, value: 0.31, kind: 'saddle', parent: 3, size: 520 },
        { vertex: 624, value: 3.2, kind: 'root', parent: -1, size: 5 },
      ],
    },
    nonFinite: 0,
  };
}

function hessian() {
  const grid = Array.from({ length: 101 }, (_, i) => -1 + i * 0.06);
  return {
    eigenvalues: [
      { value: 4.2104, residual: 0.0002, converged: true },
      { value: 2.1, residual: 0.003, converged: true },
    ],
    smallest: { value: -0.31, residual: 0.01, converged: true },
    trace: { value: 31.2, standardError: 0.9, samples: 4 },
    density: {
      grid,
      values: grid.map((x) => Math.exp(-x * x) / Math.sqrt(Math.PI)),
      sigma: 0.1,
      nodes: [{ value: 0, weight: 1 }],
    },
    products: 160,
    lanczosSteps: 40,
    probes: 4,
  };
}
