// Tests Basin in a real VS Code: npm run test:vscode
//
// The extension-host suite runs in the VS Code that BASIN_TEST_VSCODE names, or in a desktop VS
// Code where one can be downloaded and shown, or in code-server. The interface tests drive the
// packed extension in code-server with Chromium, each file in a window, with an editor, a profile and
// a copy of the example of its own.
//
// Both run on the newest VS Code and on the oldest that is supported; the suite of failing engines
// and the universal package's run on the newest. Two editors work side by side: a window waits more than it computes. What each
// said is printed when it is done, always in the same order. What failed is run once more at the end,
// alone.
//
// BASIN_REQUIRE_VSCODE=1   fail where no VS Code can be had, instead of skipping
// BASIN_TEST_VSCODE=FILE   executable of a VS Code
// BASIN_TEST_ONLY=PART,…   host, faults, interface, or the beginning of an interface test's name
// BASIN_TEST_AGE=AGE       newest or oldest, of code-server
// BASIN_TEST_WINDOWS=N     how many editors work side by side, 2 unless told
// CHROMIUM=FILE            executable of a Chromium
import { fork, spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findChromium } from './chromium.mjs';
import { installCodeServer } from './codeServer.mjs';
import { startCodeServer } from './codeServerProcess.mjs';
import { useLanguage } from './displayLanguage.mjs';
import { desktopObstacle, downloadDesktop, runHostSuiteInDesktop } from './desktop.mjs';
import { runHostSuiteInCodeServer } from './hostSuite.mjs';
import { sideBySide } from './sideBySide.mjs';
import { copyExample, createEnvironment, createThrowaway } from './throwaway.mjs';

const root = join(import.meta.dirname, '..');
const cache = join(root, '.vscode-test');
const packages = join(cache, 'packages');
const only = process.env.BASIN_TEST_ONLY?.split(',');
const ages = /** @type {Age[]} */ (
  process.env.BASIN_TEST_AGE ? [process.env.BASIN_TEST_AGE] : ['newest', 'oldest']
);
const windows = Number(process.env.BASIN_TEST_WINDOWS || 2);
/** Files of interface tests that take longest: they begin first, so that none is left to run alone. */
const LONG = ['workflow', 'code', 'tree', 'documents', 'editors'];
/**
 * Of the package and the engine in it, which are the same in every VS Code; and what runs a script in a
 * terminal, which the oldest code-server has only where its native parts were compiled.
 */
const NEWEST_ONLY = new Set(['universal', 'setup']);
/** No file takes as long as this, in milliseconds. */
const MAX_MILLISECONDS = 900_000;

/** @typedef {import('./hostSuite.mjs').Counts} Counts */
/** @typedef {import('./codeServer.mjs').Age} Age */
/** @typedef {import('./codeServer.mjs').CodeServer} CodeServer */
/** @typedef {Awaited<ReturnType<typeof place>>} Place */
/** @typedef {(line: string) => void} Print */
/** @typedef {{name: string, run: (at: Place, print: Print) => Promise<Counts>}} Suite */
/** @typedef {{suite: Suite, counts: Counts, said: string}} Outcome */

const throwaway = await createThrowaway();
/** @type {string[]} */
const reasons = [];
/** @type {Counts} */
const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const unsteady = [];
let ran = false;
let places = 0;
try {
  await mkdir(cache, { recursive: true });
  await build();
  const chromium = await findChromium();
  const servers = new Map();
  for (const age of ages) {
    const server = await getCodeServer(age, chromium);
    if (server !== undefined) servers.set(age, server);
  }
  if (wants('host')) await desktopHostSuites();
  await runAll(await suites(servers, chromium));
} finally {
  await throwaway.remove();
}

for (const reason of reasons) {
  console.log(
    `SKIPPED: ${reason}. To have it: give BASIN_TEST_VSCODE a VS Code, or a display and the network for a desktop VS Code, or npm's registry and a Chromium (CHROMIUM=FILE, apt install chromium) for code-server.`,
  );
}
for (const name of unsteady) console.log(`UNSTEADY: ${name} failed once and passed once`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
if (total.failed > 0 || (!ran && reasons.length === 0)) process.exitCode = 1;
if (reasons.length > 0 && process.env.BASIN_REQUIRE_VSCODE === '1') process.exitCode = 1;

/**
 * Whether a part is to run: a name that is none of the other two is an interface test's.
 *
 * @param {'host' | 'faults' | 'interface'} part
 */
function wants(part) {
  if (only === undefined) return true;
  if (part !== 'interface') return only.includes(part);
  return only.some((name) => name !== 'host' && name !== 'faults');
}

/** The packed extension for the interface tests, then the bundles with the suites. */
async function build() {
  const targets = `${process.platform}-${process.arch},universal`;
  if (wants('interface')) {
    await node(['scripts/package.mjs', '--target', targets, '--out', packages]);
  }
  await node(['esbuild.config.mjs']);
}

/**
 * @param {Age} age
 * @param {string | undefined} chromium
 * @returns {Promise<CodeServer | undefined>}
 */
async function getCodeServer(age, chromium) {
  if (chromium === undefined) return undefined;
  try {
    return await installCodeServer(age, cache, console.log);
  } catch (error) {
    console.log(`code-server cannot be had: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** The extension-host suite, where a desktop VS Code is to be had. */
async function desktopHostSuites() {
  for (const { name, executable } of await desktops()) {
    console.log(`\nExtension host: ${name}`);
    add(await runHostSuiteInDesktop(executable, { root, ...(await place()) }));
  }
}

/**
 * The oldest VS Code that is supported and the newest, where they can be had.
 *
 * @returns {Promise<{name: string, executable: string}[]>}
 */
async function desktops() {
  const given = process.env.BASIN_TEST_VSCODE;
  if (given) return [{ name: 'given', executable: given }];
  const obstacle = await desktopObstacle();
  if (obstacle !== undefined) {
    console.log(`No desktop VS Code: ${obstacle}.`);
    return [];
  }
  const { engines } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const versions = [engines.vscode.replace(/^\D+/, ''), 'stable'];
  const found = [];
  for (const version of versions) {
    found.push({ name: version, executable: await downloadDesktop(version, cache) });
  }
  return found;
}

/**
 * Everything that runs in code-server.
 *
 * @param {ReadonlyMap<Age, CodeServer>} servers
 * @param {string | undefined} chromium
 * @returns {Promise<Suite[]>}
 */
async function suites(servers, chromium) {
  /** @type {Suite[]} */
  const found = [];
  for (const age of ages) {
    const editor = servers.get(age);
    if (editor === undefined || chromium === undefined) {
      reasons.push(`the suites found no code-server (${age}) or no Chromium`);
      total.skipped++;
      continue;
    }
    // A desktop VS Code has run it already.
    if (!ran && wants('host')) found.push(hostSuite(editor, chromium));
    if (age === 'newest' && wants('faults')) {
      found.push(faults(editor, chromium));
    }
    for (const file of await interfaceFiles()) {
      if (age === 'newest' || !NEWEST_ONLY.has(file)) {
        found.push(interfaceTest(editor, chromium, age, file));
      }
    }
  }
  return found;
}

/** Names of the wanted files of interface tests, without `.test.js`. */
async function interfaceFiles() {
  const names = (await readdir(join(root, 'dist', 'test-vscode', 'interface')))
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => name.replace(/\.test\.js$/, ''))
    .filter((name) => only?.some((part) => part === 'interface' || name.startsWith(part)) ?? true);
  const rank = (/** @type {string} */ name) => {
    const index = LONG.indexOf(name);
    return index === -1 ? LONG.length : index;
  };
  return names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/**
 * Runs them side by side, and once more, alone, what failed: a pointer and a window of a busy machine
 * fail once. A second failure is none of theirs.
 *
 * @param {Suite[]} wanted
 */
async function runAll(wanted) {
  const first = await sideBySide(
    wanted.map((suite) => () => run(suite)),
    windows,
    tell,
  );
  for (const { suite, counts } of first) {
    if (counts.failed === 0) {
      add(counts);
      continue;
    }
    console.log(`\nAGAIN: ${suite.name}, alone`);
    const again = await run(suite);
    tell(again);
    if (again.counts.failed === 0) unsteady.push(suite.name);
    add(again.counts);
  }
}

/**
 * @param {Suite} suite
 * @returns {Promise<Outcome>}
 */
async function run(suite) {
  const lines = [`\n${suite.name}`];
  const print = (/** @type {string} */ line) => void lines.push(line);
  const started = performance.now();
  const at = await place();
  /** @type {Counts} */
  let counts;
  try {
    counts = await suite.run(at, print);
    if (counts.passed + counts.failed + counts.skipped === 0) {
      throw new Error('no test was found');
    }
  } catch (error) {
    print(`FAILED: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
    counts = { passed: 0, failed: 1, skipped: 0 };
  }
  await rm(at.folder, { recursive: true, force: true, maxRetries: 3 });
  print(`${suite.name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return { suite, counts, said: lines.join('\n') };
}

/** @param {Outcome} outcome */
function tell({ said }) {
  console.log(said);
}

/**
 * @param {CodeServer} editor
 * @param {string} chromium
 * @returns {Suite}
 */
function hostSuite(editor, chromium) {
  return {
    name: `Extension host: code-server ${editor.version}`,
    run: (at, print) => runHostSuiteInCodeServer(editor, { root, chromium, print, ...at }),
  };
}

/**
 * The suite of failing engines, in a copy of the extension whose engine can be told to fail.
 *
 * @param {CodeServer} editor
 * @param {string} chromium
 * @returns {Suite}
 */
function faults(editor, chromium) {
  return {
    name: `Faults: code-server ${editor.version}`,
    run: async (at, print) => {
      const extension = await faultyExtension(join(at.folder, 'extension'));
      const suite = 'runFaultTests.js';
      return runHostSuiteInCodeServer(editor, { root, extension, suite, chromium, print, ...at });
    },
  };
}

/**
 * @param {string} extension Where it is put.
 * @returns {Promise<string>}
 */
async function faultyExtension(extension) {
  const dist = join(extension, 'dist');
  await mkdir(extension, { recursive: true });
  for (const name of ['package.json', 'media']) {
    await cp(join(root, name), join(extension, name), { recursive: true });
  }
  for (const name of await readdir(root)) {
    if (name.startsWith('package.nls')) await cp(join(root, name), join(extension, name));
  }
  await cp(join(root, 'dist'), dist, {
    recursive: true,
    filter: (path) => !path.includes('test-vscode'),
  });
  await symlink(join(root, 'node_modules'), join(extension, 'node_modules'));
  await rename(join(dist, 'engine.js'), join(dist, 'engine.real.js'));
  await cp(join(root, 'test', 'vscode', 'faults', 'faultyEngine.mjs'), join(dist, 'faulty.mjs'));
  await writeFile(join(dist, 'engine.js'), "import('./faulty.mjs');\n");
  return extension;
}

/**
 * One file of tests in a window of its own, with the packed extension in it.
 *
 * @param {CodeServer} editor
 * @param {string} chromium
 * @param {Age} age
 * @param {string} name
 * @returns {Suite}
 */
function interfaceTest(editor, chromium, age, name) {
  return {
    name: `Interface, ${name}: code-server ${editor.version}`,
    run: async ({ profile, workspace, environment }, print) => {
      const target = name === 'universal' ? 'universal' : `${process.platform}-${process.arch}`;
      const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
      const server = await startCodeServer(editor, {
        profile,
        environment,
        vsix: join(packages, `basin-${version}-${target}.vsix`),
        trust: name !== 'restricted',
        args: name === 'chinese' ? await useLanguage(profile, 'zh-cn') : [],
      });
      const given = {
        url: server.url,
        age,
        profile,
        workspace,
        chromium,
        environment,
        screenshots: join(root, 'artifacts', 'screenshots', ...(age === 'newest' ? [] : [age])),
      };
      try {
        const file = join(root, 'dist', 'test-vscode', 'interface', `${name}.test.js`);
        return await mocha({ file, given }, print);
      } finally {
        await server.stop();
      }
    },
  };
}

/** A profile, an environment and a copy of the example for one run. */
async function place() {
  // Short: the paths of sockets in it are limited.
  const folder = join(throwaway.folder, String(++places));
  const profile = join(folder, 'profile');
  const workspace = join(folder, 'digits-resnet');
  await mkdir(profile, { recursive: true });
  await copyExample(root, workspace);
  return { folder, profile, workspace, environment: await createEnvironment(folder) };
}

/**
 * @param {import('./interfaceFile.mjs').Message} message
 * @param {Print} print
 * @returns {Promise<Counts>}
 */
async function mocha(message, print) {
  const child = fork(join(import.meta.dirname, 'interfaceFile.mjs'), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    timeout: MAX_MILLISECONDS,
    killSignal: 'SIGKILL',
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      const line = text.replace(/\n$/, '');
      if (line !== '') print(line);
    });
  }
  /** @type {Counts | undefined} */
  let counts;
  child.once('message', (told) => (counts = /** @type {Counts} */ (told)));
  child.send(message);
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  if (counts === undefined) throw new Error(`its process ended with ${status} and told no result`);
  return counts;
}

/** @param {Counts} counts */
function add(counts) {
  ran = true;
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}

/**
 * @param {string[]} args
 * @returns {Promise<void>}
 */
function node(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${args[0]} ended with status ${code}`)),
    );
  });
}
