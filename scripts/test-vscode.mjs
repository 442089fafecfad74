// Tests Basin in a real VS Code: npm run test:vscode
//
// The extension-host suite runs in the VS Code that BASIN_TEST_VSCODE names, or in a desktop VS
// Code where one can be downloaded and shown, or in code-server. The interface tests drive the
// packed extension in code-server with Chromium.
//
// Both run on the newest VS Code and on the oldest that is supported; of the interface tests, that
// is the main workflow, which goes through every surface.
//
// BASIN_REQUIRE_VSCODE=1   fail where no VS Code can be had, instead of skipping
// BASIN_TEST_VSCODE=FILE   executable of a VS Code
// BASIN_TEST_ONLY=PART     host, faults, interface, or the beginning of an interface test's name
// BASIN_TEST_AGE=AGE       newest or oldest, of code-server
// CHROMIUM=FILE            executable of a Chromium
import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import Mocha from 'mocha';
import { findChromium } from './chromium.mjs';
import { installCodeServer } from './codeServer.mjs';
import { startCodeServer } from './codeServerProcess.mjs';
import { useLanguage } from './displayLanguage.mjs';
import { desktopObstacle, downloadDesktop, runHostSuiteInDesktop } from './desktop.mjs';
import { runHostSuiteInCodeServer } from './hostSuite.mjs';
import { copyExample, createThrowaway } from './throwaway.mjs';

const root = join(import.meta.dirname, '..');
const cache = join(root, '.vscode-test');
const packages = join(cache, 'packages');
const only = process.env.BASIN_TEST_ONLY;
const ages = /** @type {Age[]} */ (
  process.env.BASIN_TEST_AGE ? [process.env.BASIN_TEST_AGE] : ['newest', 'oldest']
);
/** What the interface tests on the oldest VS Code are. */
const CORE = ['workflow.test.js'];

/** @typedef {import('./hostSuite.mjs').Counts} Counts */
/** @typedef {import('./codeServer.mjs').Age} Age */
/** @typedef {import('./codeServer.mjs').CodeServer} CodeServer */

const throwaway = await createThrowaway();
/** @type {string[]} */
const reasons = [];
/** @type {Counts} */
const total = { passed: 0, failed: 0, skipped: 0 };
let ran = false;
try {
  await mkdir(cache, { recursive: true });
  await build();
  const chromium = await findChromium();
  const servers = new Map();
  for (const age of ages) {
    const server = await getCodeServer(age, chromium);
    if (server !== undefined) servers.set(age, server);
  }
  if (only === undefined || only === 'host') await hostSuite(servers, chromium);
  if (only === undefined || only === 'faults') await faults(servers.get('newest'), chromium);
  if (only !== 'host' && only !== 'faults') await interfaceTests(servers, chromium);
} finally {
  await throwaway.remove();
}

for (const reason of reasons) {
  console.log(
    `SKIPPED: ${reason}. To have it: give BASIN_TEST_VSCODE a VS Code, or a display and the network for a desktop VS Code, or npm's registry and a Chromium (CHROMIUM=FILE, apt install chromium) for code-server.`,
  );
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
if (total.failed > 0 || (!ran && reasons.length === 0)) process.exitCode = 1;
if (reasons.length > 0 && process.env.BASIN_REQUIRE_VSCODE === '1') process.exitCode = 1;

/** The packed extension for the interface tests, then the bundles with the suites. */
async function build() {
  const targets = `${process.platform}-${process.arch},universal`;
  if (only !== 'host' && only !== 'faults') {
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

/**
 * @param {ReadonlyMap<Age, CodeServer>} servers
 * @param {string | undefined} chromium
 */
async function hostSuite(servers, chromium) {
  for (const { name, executable } of await desktops()) {
    console.log(`\nExtension host: ${name}`);
    add(await runHostSuiteInDesktop(executable, { root, ...(await place(name)) }));
  }
  if (ran) return;
  for (const age of ages) {
    const codeServer = servers.get(age);
    if (codeServer === undefined || chromium === undefined) {
      reasons.push(`the extension-host suite found no VS Code (${age})`);
      total.skipped++;
      continue;
    }
    console.log(`\nExtension host: code-server ${codeServer.version}`);
    const options = { root, chromium, ...(await place(`host-${age}`)) };
    add(await runHostSuiteInCodeServer(codeServer, options));
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
 * The suite of failing engines, in a copy of the extension whose engine can be told to fail.
 *
 * @param {CodeServer | undefined} codeServer
 * @param {string | undefined} chromium
 */
async function faults(codeServer, chromium) {
  if (codeServer === undefined || chromium === undefined) {
    reasons.push('the fault injection found no code-server or no Chromium');
    total.skipped++;
    return;
  }
  console.log(`\nFaults: code-server ${codeServer.version}`);
  const { profile, workspace, environment } = await place('faults');
  const extension = join(throwaway.folder, 'faults', 'extension');
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
  const suite = 'runFaultTests.js';
  add(
    await runHostSuiteInCodeServer(codeServer, {
      root,
      extension,
      suite,
      chromium,
      profile,
      workspace,
      environment,
    }),
  );
}

/**
 * @param {ReadonlyMap<Age, CodeServer>} servers
 * @param {string | undefined} chromium
 */
async function interfaceTests(servers, chromium) {
  const folder = join(root, 'dist', 'test-vscode', 'interface');
  const files = (await readdir(folder)).filter(
    (name) =>
      name.endsWith('.test.js') &&
      (only === undefined || only === 'interface' || name.startsWith(only)),
  );
  for (const age of ages) {
    const codeServer = servers.get(age);
    if (codeServer === undefined || chromium === undefined) {
      reasons.push(`the interface tests found no code-server (${age}) or no Chromium`);
      total.skipped++;
      continue;
    }
    console.log(`\nInterface: code-server ${codeServer.version}`);
    const wanted = age === 'oldest' && only === undefined ? CORE : files;
    for (const file of wanted) {
      const path = join(folder, file);
      let counts = await interfaceTest(codeServer, chromium, age, path, 1);
      if (counts.failed > 0) {
        // A pointer and a window of a busy machine: a second failure is none of theirs.
        console.log(`AGAIN: ${file}, in a new window`);
        counts = await interfaceTest(codeServer, chromium, age, path, 2);
        if (counts.failed === 0) console.log(`UNSTEADY: ${file} failed once and passed once`);
      }
      add(counts);
    }
  }
}

/**
 * One file of tests in a window of its own, with the packed extension in it.
 *
 * @param {CodeServer} codeServer
 * @param {string} chromium
 * @param {Age} age
 * @param {string} path
 * @param {number} attempt
 * @returns {Promise<Counts>}
 */
async function interfaceTest(codeServer, chromium, age, path, attempt) {
  const file = basename(path);
  const { profile, workspace, environment } = await place(`${age}-${file}-${attempt}`);
  const target = file.startsWith('universal') ? 'universal' : `${process.platform}-${process.arch}`;
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const server = await startCodeServer(codeServer, {
    profile,
    environment,
    vsix: join(packages, `basin-${version}-${target}.vsix`),
    trust: !file.startsWith('restricted'),
    args: file.startsWith('chinese') ? await useLanguage(profile, 'zh-cn') : [],
  });
  try {
    return await mocha(path, {
      url: server.url,
      profile,
      workspace,
      chromium,
      environment,
      screenshots: join(root, 'artifacts', 'screenshots', ...(age === 'newest' ? [] : [age])),
    });
  } finally {
    await server.stop();
  }
}

/**
 * A profile and a copy of the example for one run.
 *
 * @param {string} name
 */
async function place(name) {
  const folder = join(throwaway.folder, name);
  const profile = join(folder, 'profile');
  const workspace = join(folder, 'digits-resnet');
  await mkdir(profile, { recursive: true });
  await copyExample(root, workspace);
  return { profile, workspace, environment: throwaway.environment };
}

/**
 * @param {string} file
 * @param {object} given What the tests find under `globalThis.basinTest`.
 * @returns {Promise<Counts>}
 */
async function mocha(file, given) {
  Object.assign(globalThis, { basinTest: given });
  const runner = new Mocha({ ui: 'bdd', timeout: 180_000, bail: false });
  // Loaded anew where it has been run before, on another VS Code.
  runner.addFile(file);
  runner.unloadFiles();
  const stats = await new Promise((resolve) => {
    const running = runner.run(() => resolve(running.stats));
  });
  return { passed: stats.passes, failed: stats.failures, skipped: stats.pending };
}

/** @param {Counts} counts */
function add(counts) {
  ran = true;
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  if (counts.passed + counts.failed + counts.skipped === 0) {
    console.log('FAILED: no test was found.');
    total.failed++;
  }
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
