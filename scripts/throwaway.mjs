import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder that holds everything a test run writes: home, caches, editor profiles, and copies of
 * the example. Nothing outside of it is touched.
 *
 * @returns {Promise<{folder: string, environment: NodeJS.ProcessEnv, remove: () => Promise<void>}>}
 */
export async function createThrowaway() {
  const folder = await mkdtemp(join(tmpdir(), 'basin-vscode-'));
  return {
    folder,
    environment: await createEnvironment(folder),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/**
 * An environment whose home, caches and temporary files are in a folder.
 *
 * @param {string} folder
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function createEnvironment(folder) {
  const inside = /** @param {string} name */ async (name) => {
    const path = join(folder, name);
    await mkdir(path, { recursive: true });
    return path;
  };
  return {
    ...process.env,
    HOME: await inside('home'),
    TMPDIR: await inside('tmp'),
    XDG_CONFIG_HOME: await inside('config'),
    XDG_DATA_HOME: await inside('data'),
    XDG_STATE_HOME: await inside('state'),
    XDG_CACHE_HOME: await inside('cache'),
    XDG_RUNTIME_DIR: await inside('runtime'),
  };
}

/**
 * A copy of the example, without its study of other networks, with a coarser landscape, so that an analysis takes seconds; the plain
 * run's is finer, so that there is time to interrupt it.
 *
 * @param {string} root The project's folder.
 * @param {string} to
 */
export async function copyExample(root, to) {
  const from = join(root, 'examples', 'digits-resnet');
  await cp(from, to, {
    recursive: true,
    filter: (path) => !/(\.basin|__pycache__|\.pytest_cache|[/\\]study)$/.test(path),
  });
  await configure(join(to, 'runs', 'resnet', 'basin.json'), {
    limit: 128,
    resolution: 11,
    hessian: { eigenvalues: 2, lanczosSteps: 10, probes: 2 },
  });
  await configure(join(to, 'runs', 'plain', 'basin.json'), {
    limit: 512,
    resolution: 201,
    hessian: { eigenvalues: 2, lanczosSteps: 10, probes: 2 },
  });
}

/**
 * @param {string} path
 * @param {{limit: number, resolution: number, hessian: object}} change
 */
async function configure(path, { limit, resolution, hessian }) {
  const text = await readFile(path, 'utf8');
  const configuration = JSON.parse(text.replace(/^\s*\/\/.*$/gm, ''));
  configuration.data.limit = limit;
  configuration.landscape.resolution = resolution;
  configuration.hessian = hessian;
  await writeFile(path, `${JSON.stringify(configuration, null, 2)}\n`);
}
