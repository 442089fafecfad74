import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const BASIN = fileURLToPath(new URL('../../dist/basin.js', import.meta.url));

/**
 * A copy of a study in which its settings are changed, one variant after the other. All share what
 * Basin keeps, so that what they have in common, as eigenvectors, is computed once, and a second run
 * takes seconds.
 */
export class Variants {
  /**
   * @param source folder with a study's checkpoints and a basin.json beside each run.
   * @param folder where the copy is made, or goes on.
   * @param pattern of the study, as `beta-{beta}/seed-{seed}/step-*.pt`.
   */
  constructor(source, folder, pattern) {
    this.folder = folder;
    this.pattern = pattern;
    mkdirSync(folder, { recursive: true });
    cpSync(source, folder, {
      recursive: true,
      filter: (from) => !from.split(/[/\\]/).includes('.basin'),
    });
    this.files = filesBelow(folder, 'basin.json').map((path) => ({
      path,
      settings: JSON.parse(readFileSync(path, 'utf8').replaceAll(/^\s*\/\/.*$/gm, '')),
    }));
  }

  /**
   * Analyses all of it.
   *
   * @param change makes other settings of a basin.json's.
   * @returns for each checkpoint its factors and its result document.
   */
  run(name, change, { which = 'last', only, workers, memory, pattern = this.pattern } = {}) {
    for (const { path, settings } of this.files) {
      writeFileSync(path, JSON.stringify(change(structuredClone(settings)), null, 2));
    }
    const file = join(this.folder, `${name}.json`);
    const study = { title: name, checkpoints: pattern, which };
    if (only !== undefined) study.only = only;
    writeFileSync(file, JSON.stringify(study));
    const started = Date.now();
    const args = ['study', file, '--json'];
    if (workers !== undefined) args.push('--workers', workers);
    if (memory !== undefined) args.push('--memory', memory);
    const { status, stdout } = spawnSync('node', [BASIN, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    });
    if (status !== 0 && stdout === '')
      throw new Error(`${name}: basin study ended with ${status}.`);
    const seconds = (Date.now() - started) / 1000;
    console.error(`${name}: ${seconds.toFixed(0)} s`);
    const { rows } = JSON.parse(stdout);
    const documents = new Map(
      filesBelow(this.folder, '.basin.json', true).map((path) => {
        const document = JSON.parse(readFileSync(path, 'utf8'));
        const run = relative(this.folder, path).split(/[/\\]\.basin[/\\]/)[0];
        return [`${run}/${document.checkpoint.path}`.replaceAll('\\', '/'), document];
      }),
    );
    return {
      seconds,
      rows: rows
        .filter(({ status: state }) => state === 'analyzed')
        .map((row) => ({ ...row, document: documents.get(row.checkpoint) })),
      others: rows.filter(({ status: state }) => state !== 'analyzed'),
    };
  }
}

function filesBelow(folder, ending, isResult = false) {
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesBelow(path, ending, isResult));
    else if (isResult ? entry.name.endsWith(ending) : entry.name === ending) found.push(path);
  }
  return found.sort();
}

/** What `basin analyze` says of the checkpoints of a folder, without their planes. */
export function analyzed(folder) {
  const { status, stdout } = spawnSync(
    'node',
    [BASIN, 'analyze', folder, '--only', 'metrics,hessian', '--json'],
    { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8', maxBuffer: 2 ** 30 },
  );
  if (status !== 0) throw new Error(`${folder}: basin analyze ended with ${status}.`);
  return [JSON.parse(stdout)].flat();
}

/** Puts text between two marks of a page. */
export function writeBetween(path, name, text) {
  const marks = [`<!-- ${name}, from here -->`, `<!-- ${name}, to here -->`];
  if (!existsSync(path)) throw new Error(`${path} does not exist.`);
  const page = readFileSync(path, 'utf8');
  const [before, rest] = page.split(marks[0]);
  const after = rest?.split(marks[1])[1];
  if (after === undefined) throw new Error(`${path} has no place for ${name}.`);
  writeFileSync(path, `${before}${marks[0]}\n\n${text}\n\n${marks[1]}${after}`);
}
