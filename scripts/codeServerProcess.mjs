import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

/**
 * Starts code-server on a free port of this machine, with a profile of its own.
 *
 * @param {{node: string, entry: string}} installed
 * @param {object} options
 * @param {string} options.profile Folder for settings, extensions and logs.
 * @param {NodeJS.ProcessEnv} options.environment
 * @param {string} [options.vsix] Extension to install first.
 * @param {string[]} [options.args] More arguments for the server.
 * @param {boolean} [options.trust] Whether workspaces are trusted without asking.
 * @param {Record<string, unknown>} [options.settings]
 * @returns {Promise<{url: string, stop: () => Promise<void>}>}
 */
export async function startCodeServer(installed, options) {
  const { profile, environment, vsix, args = [], trust = true, settings = {} } = options;
  await mkdir(join(profile, 'User'), { recursive: true });
  await writeFile(
    join(profile, 'User', 'settings.json'),
    JSON.stringify({ ...SETTINGS, ...(trust ? {} : RESTRICTED), ...settings }, null, 2),
  );
  const common = [
    installed.entry,
    '--user-data-dir',
    profile,
    '--extensions-dir',
    join(profile, 'extensions'),
    '--config',
    join(profile, 'config.yaml'),
  ];
  await writeFile(join(profile, 'config.yaml'), '');
  if (vsix !== undefined) {
    await finished(installed.node, [...common, '--install-extension', vsix], environment);
  }

  const port = await freePort();
  const server = spawn(
    installed.node,
    [
      ...common,
      '--bind-addr',
      `127.0.0.1:${port}`,
      '--auth',
      'none',
      '--disable-telemetry',
      '--disable-update-check',
      '--disable-getting-started-override',
      ...(trust ? ['--disable-workspace-trust'] : []),
      ...args,
    ],
    // A group of its own: what it starts ends with it.
    { env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  let output = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-20_000)));
  }
  const url = `http://127.0.0.1:${port}`;
  const stop = () => stopGroup(server);
  try {
    await answers(url, server);
  } catch (error) {
    await stop();
    throw new Error(`code-server did not start: ${error}\n${output}`, { cause: error });
  }
  return { url, stop };
}

const SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'git.enabled': false,
  'chat.disableAIFeatures': true,
  'editor.minimap.enabled': false,
  'editor.hover.delay': 200,
  'window.commandCenter': false,
};

/** A workspace that is not trusted is opened restricted, without a question. */
const RESTRICTED = { 'security.workspace.trust.startupPrompt': 'never' };

/** @returns {Promise<number>} */
async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/**
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} server
 */
async function answers(url, server) {
  for (const until = Date.now() + 60_000; Date.now() < until;) {
    if (server.exitCode !== null) throw new Error(`it ended with status ${server.exitCode}`);
    try {
      const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2000) });
      if (response.ok) return;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('no answer within a minute');
}

/** @param {import('node:child_process').ChildProcess} server */
async function stopGroup(server) {
  const { pid } = server;
  if (pid === undefined) return;
  const ended = server.exitCode === null ? once(server, 'exit') : Promise.resolve();
  signal(pid, 'SIGTERM');
  const force = setTimeout(() => signal(pid, 'SIGKILL'), 5000);
  await ended;
  clearTimeout(force);
  signal(pid, 'SIGKILL');
}

/**
 * @param {number} group
 * @param {NodeJS.Signals} name
 */
function signal(group, name) {
  try {
    process.kill(-group, name);
  } catch {
    // Already gone.
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} environment
 */
async function finished(command, args, environment) {
  const child = spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${args.join(' ')} ended with status ${code}:\n${output}`);
}
