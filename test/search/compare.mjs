/**
 * node test/search/compare.mjs FOLDER [--json FILE]: runs `basin analyze` on every case that make.py wrote,
 * and says of each whether Basin equals PyTorch in float64, refuses it, or is wrong: with a note or without.
 * What is to be refused, by `refuse` in its expected.json, and is not, is wrong.
 * Ends with 1 where a case is wrong without one.
 */
import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const basin = fileURLToPath(new URL('../../dist/basin.js', import.meta.url));
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' } },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('Give the folder that make.py wrote.');

/** Relative to the value, or to one: what float32 kernels may be off. */
const LOSS = 1e-5;
const EIGENVALUE = 1e-4;
const ACCURACY = 1e-9;
/** In standard errors, beside the same relative error. */
const TRACE = 5;

/** @param {string} path */
function analyze(path) {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [basin, 'analyze', path, '--only', 'metrics,hessian', '--json'],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let [out, error] = ['', ''];
    child.stdout.on('data', (part) => (out += part));
    child.stderr.on('data', (part) => (error += part));
    child.on('close', (status) => resolve({ status, out, error }));
  });
}

/** @param {number} value @param {number} wanted @param {number} floor */
const off = (value, wanted, floor) => Math.abs(value - wanted) / Math.max(Math.abs(wanted), floor);

/** @param {any} document @param {any} expected @returns {string[]} What differs. */
function differences(document, expected) {
  const found = [];
  const { metrics, hessian, parameters } = document;
  const loss = off(Number(metrics?.loss), expected.loss, 1e-2);
  if (!(loss <= LOSS)) found.push(`loss ${metrics?.loss} for ${expected.loss}`);
  if (parameters !== expected.parameters) {
    found.push(`${parameters} parameters for ${expected.parameters}`);
  }
  if (expected.accuracy !== undefined && metrics?.accuracy !== undefined) {
    if (!(Math.abs(metrics.accuracy - expected.accuracy) <= ACCURACY)) {
      found.push(`accuracy ${metrics.accuracy} for ${expected.accuracy}`);
    }
  }
  const size = Math.max(Math.abs(expected.largest[0]), Math.abs(expected.smallest));
  const largest = hessian?.eigenvalues[0];
  if (largest === undefined) found.push('no curvature');
  else {
    const allowed = EIGENVALUE * Math.max(size, 1e-4) + (largest.converged ? 0 : largest.residual);
    if (!(Math.abs(largest.value - expected.largest[0]) <= allowed)) {
      found.push(`λmax ${largest.value} for ${expected.largest[0]}`);
    }
    const { value, standardError } = hessian.trace;
    const trace =
      TRACE * standardError + EIGENVALUE * Math.max(Math.abs(expected.trace), size, 1e-4);
    if (!(Math.abs(value - expected.trace) <= trace)) {
      found.push(`trace ${value} ± ${standardError} for ${expected.trace}`);
    }
  }
  return found;
}

/** @param {string} name */
async function judge(name) {
  const path = join(folder, name);
  const expected = JSON.parse(await readFile(join(path, 'expected.json'), 'utf8'));
  const { status, out, error } = await analyze(path);
  const said = error.trim().split('\n').at(-1) ?? '';
  if (status === 1) return { name, verdict: 'refused', what: expected.what, said };
  if (status !== 0) return { name, verdict: 'fault', what: expected.what, said: error.trim() };
  if (expected.refuse !== undefined) {
    return {
      name,
      verdict: 'wrong',
      what: expected.what,
      said: `${expected.refuse} is not refused`,
    };
  }
  const document = JSON.parse(out);
  const found = differences(document, expected);
  if (found.length === 0) return { name, verdict: 'equal', what: expected.what, said: '' };
  // That names were matched without a prefix explains no difference.
  const notes = document.notes.filter((note) => !/^Names of the checkpoint/.test(note)).join(' ');
  const verdict = notes === '' ? 'wrong' : 'noted';
  return { name, verdict, what: expected.what, said: `${found.join('; ')}. ${notes}` };
}

/** @param {{verdict: string}[]} all @returns {Record<string, {verdict: string}[]>} */
function groupBy(all) {
  /** @type {Record<string, {verdict: string}[]>} */
  const groups = {};
  for (const each of all) (groups[each.verdict] ??= []).push(each);
  return groups;
}

const names = (await readdir(folder, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();
const complete = [];
for (const name of names) {
  const files = await readdir(join(folder, name));
  if (files.includes('expected.json') && files.includes('basin.json')) complete.push(name);
}
/** @type {Awaited<ReturnType<typeof judge>>[]} */
const results = new Array(complete.length);
let next = 0;
const workers = Array.from({ length: Math.min(4, availableParallelism()) }, async () => {
  while (next < complete.length) {
    const index = next++;
    results[index] = await judge(complete[index]);
    const { name, verdict, what, said } = results[index];
    if (verdict !== 'equal') {
      const { architecture: _, ...rest } = what;
      console.log(
        `${verdict.padEnd(8)} ${name} (${Object.values(rest).join(', ')})\n         ${said}`,
      );
    }
  }
});
await Promise.all(workers);
const counts = groupBy(results);
const summary = ['equal', 'refused', 'noted', 'wrong', 'fault']
  .map((verdict) => `${counts[verdict]?.length ?? 0} ${verdict}`)
  .join(', ');
console.log(`${results.length} cases: ${summary}`);
if (values.json !== undefined)
  await writeFile(values.json, `${JSON.stringify(results, null, 1)}\n`);
if ((counts.wrong?.length ?? 0) + (counts.fault?.length ?? 0) > 0) process.exitCode = 1;
