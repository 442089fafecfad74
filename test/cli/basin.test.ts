import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeNpy } from '../../src/engine/checkpoint/numpy/npyFormat';
import type { PageContent } from '../../src/shared/panelProtocol';
import type { ResultDocument } from '../../src/shared/result';
import type { Topology } from '../../src/shared/result/topology';
import { basin, ROOT, type Finished } from './basin';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A small study of two checkpoints: the MLP of the fixtures. */
function study(change: Record<string, unknown> = {}): void {
  const from = join(ROOT, 'test/fixtures/mlp');
  cpSync(join(from, 'mlp.pt'), join(folder, 'epoch-1.pt'));
  cpSync(join(from, 'mlp.pt'), join(folder, 'epoch-2.pt'));
  cpSync(join(from, 'mlp.onnx'), join(folder, 'mlp.onnx'));
  cpSync(join(from, 'data.npz'), join(folder, 'data.npz'));
  const configuration = {
    checkpoints: ['epoch-*.pt'],
    model: 'mlp.onnx',
    data: { inputs: 'data.npz#x', targets: 'data.npz#y' },
    objective: { kind: 'classification' },
    landscape: { resolution: 9 },
    hessian: { eigenvalues: 2, lanczosSteps: 10, probes: 2 },
    ...change,
  };
  writeFileSync(join(folder, 'basin.json'), JSON.stringify(configuration));
}

function documents({ stdout }: Finished): ResultDocument[] {
  return JSON.parse(stdout) as ResultDocument[];
}

function withoutTimes({ timings: _timings, ...rest }: ResultDocument): object {
  return rest;
}

/** One sentence on stderr, and the status of wrong input. */
function expectRefusal({ status, stderr }: Finished, ...words: readonly string[]): void {
  expect(stderr.trim().split('\n')).toHaveLength(1);
  for (const word of words) expect(stderr).toContain(word);
  expect(stderr).not.toMatch(/ {4}at /);
  expect(status).toBe(1);
}

describe('analyze', () => {
  test('a study: documents on stdout and beside the checkpoints, the same for any workers', async () => {
    study();
    const one = await basin(['analyze', folder, '--json', '--workers', '1']);
    expect(one.status).toBe(0);
    expect(one.stderr).toBe('');
    const [first, second] = documents(one);
    expect(first!.checkpoint).toMatchObject({ path: 'epoch-1.pt', format: 'pytorch', epoch: 1 });
    expect(second!.checkpoint.path).toBe('epoch-2.pt');
    expect(first!.landscape!.shape).toEqual([9, 9]);
    expect(first!.landscape!.values[40]).toBeCloseTo(first!.metrics!.loss as number, 6);
    expect(first!.hessian!.eigenvalues).toHaveLength(2);
    // Two runs of ten steps, and eight for the trace outside of their space.
    expect(first!.hessian!.products).toBe(28);
    expect(first!.topology!.minima).toBe(first!.topology!.saddles + 1);

    const stored = readFileSync(join(folder, '.basin/results/epoch-1.pt.basin.json'), 'utf8');
    expect(JSON.parse(stored)).toEqual(first);

    rmSync(join(folder, '.basin'), { recursive: true });
    const three = await basin(['analyze', join(folder, 'basin.json'), '--json', '--workers', '3']);
    expect(documents(three).map(withoutTimes)).toEqual(documents(one).map(withoutTimes));
  });

  test('Hessian directions are the eigenvectors: the landscape curves by the eigenvalues', async () => {
    study({ landscape: { directions: 'hessian', resolution: 9, range: 0.05 } });
    const run = await basin(['analyze', folder, '--json', '--checkpoint', 'epoch-1.pt']);
    const document = JSON.parse(run.stdout) as ResultDocument;
    const { values, axes, directions } = document.landscape!;
    const [along, across] = document.hessian!.eigenvalues;
    expect(directions.norms[0]).toBeCloseTo(1, 6);
    const at = (row: number, column: number): number => values[row * 9 + column] as number;
    const step = (axes[0]!.max - axes[0]!.min) / 8;
    const curvature = (a: number, b: number, c: number): number => (a - 2 * b + c) / step ** 2;
    expect(curvature(at(3, 4), at(4, 4), at(5, 4)) / along!.value).toBeCloseTo(1, 1);
    expect(curvature(at(4, 3), at(4, 4), at(4, 5)) / across!.value).toBeCloseTo(1, 1);

    // From the cache too, where only the eigenvectors are read back.
    for (const name of readdirSync(join(folder, '.basin/cache'))) {
      if (name.startsWith('landscape')) rmSync(join(folder, '.basin/cache', name));
    }
    const again = await basin(['analyze', folder, '--json', '--checkpoint', 'epoch-1.pt']);
    expect(withoutTimes(JSON.parse(again.stdout) as ResultDocument)).toEqual(
      withoutTimes(document),
    );
  });

  test('only the parts that are asked for', async () => {
    study();
    const run = await basin(['analyze', folder, '--only', 'metrics', '--json']);
    const [first] = documents(run);
    expect(Object.keys(first!)).toContain('metrics');
    expect(Object.keys(first!)).not.toContain('hessian');
    expect(Object.keys(first!)).not.toContain('landscape');
  });

  test('a table for people, and documents in a folder', async () => {
    study();
    const out = join(folder, 'out');
    const run = await basin(['analyze', folder, '--out', out]);
    const [, header, first, second] = run.stdout.split('\n');
    expect(header).toMatch(/^checkpoint +loss +accuracy +λmax +trace +saddles +pers\.$/);
    for (const line of run.stdout.split('\n')) {
      if (/^(checkpoint|epoch)/.test(line)) expect(Array.from(line).length).toBeLessThanOrEqual(80);
    }
    expect(run.stdout).toMatch(/\ncheckpoint +‖∇L‖ +sharpness\nepoch-1\.pt +\d/);
    expect(run.stdout).toMatch(/\n2 checkpoints in \d+\.\d s\.\n$/);
    expect(first).toMatch(/^epoch-1\.pt +0\.043 +98\.7 %/);
    expect(second).toMatch(/^epoch-2\.pt/);
    expect(readdirSync(out)).toEqual(['epoch-1.pt.basin.json', 'epoch-2.pt.basin.json']);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'ended by %s: status %i, and a later run goes on where it was',
    async (by, status) => {
      const fine = { landscape: { resolution: 101 } };
      study(fine);
      const one = [folder, '--checkpoint', 'epoch-1.pt', '--only', 'metrics,landscape'];
      const first = await basin(['analyze', ...one], {
        // The loss is known and the landscape is being sampled.
        interruptWhen: (stdout) => /epoch-1\.pt +0\.043/.test(stdout),
        by,
      });
      expect(first.status).toBe(status);
      expect(first.stderr).toBe(
        'Interrupted. What was computed is kept and is not computed again.\n',
      );
      const cached = readdirSync(join(folder, '.basin/cache'));
      expect(cached.filter((name) => name.startsWith('metrics'))).toHaveLength(1);
      expect(cached.filter((name) => /^landscape.*\.json$/.test(name))).toHaveLength(0);

      const resumed = await basin(['analyze', ...one, '--json']);
      rmSync(join(folder, '.basin'), { recursive: true });
      const clean = await basin(['analyze', ...one, '--json']);
      expect(withoutTimes(JSON.parse(resumed.stdout) as ResultDocument)).toEqual(
        withoutTimes(JSON.parse(clean.stdout) as ResultDocument),
      );
    },
  );

  test('points that a killed run had finished are kept', async () => {
    study();
    const clean = await basin(['analyze', folder, '--json', '--only', 'landscape']);
    const cache = join(folder, '.basin/cache');
    const [landscape] = readdirSync(cache).filter((name) => name.startsWith('landscape'));
    // As a killed process leaves it: some whole records, and half of one.
    const record = Buffer.alloc(16);
    record.writeUInt32LE(40);
    record.writeDoubleLE(123.5, 4);
    record.writeUInt32LE(crc32(record.subarray(0, 12)), 12);
    rmSync(join(cache, landscape!));
    writeFileSync(join(cache, landscape!.replace('.json', '.points')), record);
    appendFileSync(join(cache, landscape!.replace('.json', '.points')), record.subarray(0, 5));
    const resumed = await basin(['analyze', folder, '--json', '--only', 'landscape']);
    const values = documents(resumed)[0]!.landscape!.values;
    expect(values[40]).toBe(123.5);
    expect(values.filter((_, i) => i !== 40)).toEqual(
      documents(clean)[0]!.landscape!.values.filter((_, i) => i !== 40),
    );
  });
});

describe('wrong input is one sentence, and does not keep other checkpoints from being analysed', () => {
  const quick = ['--only', 'metrics', '--json'];

  test('a truncated checkpoint', async () => {
    study();
    truncateSync(join(folder, 'epoch-1.pt'), 2000);
    const run = await basin(['analyze', folder, ...quick]);
    expectRefusal(run, 'epoch-1.pt');
    expect(documents(run).map(({ checkpoint }) => checkpoint.path)).toEqual(['epoch-2.pt']);
  });

  test('a checkpoint of another model', async () => {
    study();
    cpSync(join(ROOT, 'test/fixtures/mlp/regression.pt'), join(folder, 'epoch-1.pt'));
    const run = await basin(['analyze', folder, ...quick]);
    expectRefusal(run, 'epoch-1.pt');
    expect(documents(run)).toHaveLength(1);
  });

  test('NaN in the weights', async () => {
    study();
    const path = join(folder, 'epoch-1.pt');
    const weights = await import('../../src/engine/checkpoint/openCheckpoint');
    const checkpoint = await weights.openCheckpoint(path);
    const { data } = await checkpoint.read('0.weight');
    await checkpoint.close();
    // A safetensors file under the same name, with one weight gone: formats are told by content.
    const names = [...checkpoint.tensors.values()];
    const header: Record<string, unknown> = {};
    let offset = 0;
    for (const { name, shape } of names) {
      const bytes = 4 * shape.reduce((product, extent) => product * extent, 1);
      header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + bytes] };
      offset += bytes;
    }
    const text = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    const body = Buffer.alloc(offset);
    Buffer.from(Float32Array.from(data as Float32Array).buffer).copy(body);
    body.writeFloatLE(NaN, 20);
    writeFileSync(path, Buffer.concat([length, text, body]));
    const run = await basin(['analyze', folder, ...quick]);
    expectRefusal(run, 'epoch-1.pt', '0.weight', 'NaN');
    expect(documents(run)).toHaveLength(1);
  });

  test('missing data', async () => {
    study({ data: { inputs: 'none.npz#x', targets: 'none.npz#y' } });
    expectRefusal(await basin(['analyze', folder, ...quick]), 'none.npz');
  });

  test('data of another shape', async () => {
    study();
    const shape = [5, 7];
    writeFileSync(
      join(folder, 'x.npy'),
      encodeNpy({ dtype: 'float32', shape, data: new Float32Array(35) }),
    );
    writeFileSync(
      join(folder, 'y.npy'),
      encodeNpy({ dtype: 'int64', shape: [5], data: new BigInt64Array(5) }),
    );
    const path = join(folder, 'basin.json');
    const configuration = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    configuration.data = { inputs: 'x.npy', targets: 'y.npy' };
    writeFileSync(path, JSON.stringify(configuration));
    expectRefusal(await basin(['analyze', folder, ...quick]), 'x.npy', '[7]', '[4]');
  });

  test('a missing graph, a graph that is none', async () => {
    study({ model: 'other.onnx' });
    expectRefusal(await basin(['analyze', folder, ...quick]), 'other.onnx');
    writeFileSync(join(folder, 'other.onnx'), 'not a graph');
    expectRefusal(await basin(['analyze', folder, ...quick]), 'other.onnx');
  });

  test('a basin.json with a mistake, with another, without checkpoints, and none', async () => {
    study({ landscape: { resolution: 'fine' } });
    expectRefusal(await basin(['analyze', folder, ...quick]), 'landscape.resolution');
    writeFileSync(join(folder, 'basin.json'), '{\n  "checkpoints": [,\n}');
    expectRefusal(await basin(['analyze', folder, ...quick]), 'basin.json:2:');
    study({ checkpoints: ['nothing-*.pt'] });
    expectRefusal(await basin(['analyze', folder, ...quick]), 'nothing-*.pt');
    rmSync(join(folder, 'basin.json'));
    expectRefusal(await basin(['analyze', folder, ...quick]), 'basin.json');
    expectRefusal(await basin(['analyze', join(folder, 'no-such'), ...quick]), 'no-such');
  });
});

describe('topology', () => {
  /** Himmelblau's function on [−5, 5]². */
  function himmelblau(steps: number): Float64Array {
    return Float64Array.from({ length: steps * steps }, (_, i) => {
      const x = -5 + (10 * Math.floor(i / steps)) / (steps - 1);
      const y = -5 + (10 * (i % steps)) / (steps - 1);
      return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2;
    });
  }

  test('Himmelblau’s four minima and three saddles', async () => {
    const path = join(folder, 'himmelblau.npy');
    writeFileSync(path, encodeNpy({ dtype: 'float64', shape: [401, 401], data: himmelblau(401) }));
    const run = await basin(['topology', path, '--threshold', '1', '--json']);
    expect(run.status).toBe(0);
    const { pairs, minima, saddles, shape, milliseconds } = JSON.parse(run.stdout) as Topology & {
      milliseconds: { read: number; topology: number };
    };
    expect({ minima, saddles, shape }).toEqual({ minima: 4, saddles: 3, shape: [401, 401] });
    expect(milliseconds.topology).toBeGreaterThan(0);
    [104.015163, 67.71915, 13.311926].forEach((death, i) => {
      expect(Math.abs((pairs[i]!.death as number) - death)).toBeLessThan(0.15);
      expect(Math.abs(pairs[i]!.birth as number)).toBeLessThan(0.05);
    });
    const text = await basin(['topology', path, '--threshold', '1', '--neighborhood', '8']);
    expect(text.stdout).toContain('4 minima and 3 saddles');
  });

  test('a plane sampled back and forth is told of and repaired', async () => {
    // α + 2β, walked as a serpentine that steps before it evaluates: odd lines are one step off.
    const steps = 20;
    const data = Float64Array.from({ length: steps * steps }, (_, i) => {
      const [row, column] = [Math.floor(i / steps), i % steps];
      return row + 2 * (row % 2 === 0 ? column : column + 1);
    });
    const path = join(folder, 'plane.npy');
    writeFileSync(path, encodeNpy({ dtype: 'float64', shape: [steps, steps], data }));
    const asGiven = await basin(['topology', path, '--threshold', '0', '--json']);
    const repaired = await basin(['topology', path, '--threshold', '0', '--json', '--repair']);
    expect(asGiven.stderr).toContain('Warning:');
    expect(repaired.stderr).toContain('back and forth');
    expect((JSON.parse(repaired.stdout) as Topology).minima).toBe(1);
  });

  test('a neighbourhood that is none', async () => {
    const path = join(folder, 'f.npy');
    writeFileSync(path, encodeNpy({ dtype: 'float64', shape: [3, 3], data: himmelblau(3) }));
    expectRefusal(await basin(['topology', path, '--neighborhood', 'knn:0']), 'knn');
    expectRefusal(await basin(['topology', join(folder, 'none.npy')]), 'none.npy');
  });
});

describe('the rest', () => {
  test('inspect measures what numpy, scipy and powerlaw measure', async () => {
    const spectra = join(ROOT, 'test/fixtures/spectra');
    const expected = JSON.parse(readFileSync(join(spectra, 'expected.json'), 'utf8')) as {
      heavy: { fromFirst: number; matrix: { powerLaw: { exponent: number; tail: number } } };
    };
    const [file, first] = ['epoch-2.npz', 'epoch-1.npz'].map((name) => join(spectra, name));
    const run = await basin(['inspect', file!, '--first', first!, '--json']);
    const { tensors, statistics } = JSON.parse(run.stdout) as {
      tensors: { name: string }[];
      statistics: { fromFirst: number; matrix?: { powerLaw: { exponent: number } } }[];
    };
    const { fromFirst, matrix } = statistics[tensors.findIndex(({ name }) => name === 'heavy')]!;
    expect(fromFirst).toBeCloseTo(expected.heavy.fromFirst, 10);
    const { exponent, tail } = expected.heavy.matrix.powerLaw;
    expect(matrix!.powerLaw.exponent).toBeCloseTo(exponent, 8);
    const { stdout } = await basin(['inspect', file!, '--statistics']);
    expect(stdout).toMatch(new RegExp(`heavy .* ${exponent.toFixed(3)} +${tail}/60 `));
    expect(stdout).toMatch(/dead .* 3\/60 +– /);
    expect(stdout).toContain('Not given for fewer than 50 eigenvalues');
  });

  test('inspect reads the header', async () => {
    study();
    const path = join(folder, 'epoch-1.pt');
    const run = await basin(['inspect', path, '--json']);
    expect(JSON.parse(run.stdout)).toMatchObject({
      format: 'pytorch',
      parameters: 139,
      epoch: 1,
      step: null,
    });
    expect((await basin(['inspect', path])).stdout).toContain('0.weight');
    mkdirSync(join(folder, 'sub'));
    expectRefusal(await basin(['inspect', join(folder, 'sub')]), 'sub');
  });

  test('report writes one page that holds the documents and needs nothing else', async () => {
    study();
    await basin(['analyze', folder]);
    const page = join(folder, 'report.html');
    const run = await basin(['report', folder, '--out', page]);
    expect(run.status).toBe(0);
    const html = readFileSync(page, 'utf8');
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/<(script|link|img)[^>]+(src|href)=/);
    const [, json] = /id="basin-snapshot">([^<]*)</.exec(html)!;
    const { snapshot, documents } = JSON.parse(json!) as PageContent;
    expect(snapshot.entries.map(({ label }) => label)).toEqual(['epoch-1.pt', 'epoch-2.pt']);
    expect(documents[snapshot.entries[0]!.key]!.parameters).toBe(139);
    expectRefusal(await basin(['report', join(ROOT, 'docs'), '--out', page]), 'docs');
  });

  test('doctor names what it runs on', async () => {
    const run = await basin(['doctor', '--json']);
    expect(run.status).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({
      runtimes: [
        { name: 'onnxruntime-node', found: true, precisions: ['float32', 'float64'] },
        { name: 'onnxruntime-web', found: true },
        { name: 'tensorflow' },
        { name: 'reference', found: true, precisions: ['float64'] },
      ],
    });
  });

  test('a wrong command line is status 2', async () => {
    expect((await basin(['frobnicate'])).status).toBe(2);
    expect((await basin(['analyze'])).status).toBe(2);
    expect((await basin(['analyze', '.', '--only', 'colour'])).status).toBe(2);
    expect((await basin(['topology', 'x', '--threshold', 'much'])).status).toBe(2);
    expect((await basin(['--help'])).status).toBe(0);
  });
});
