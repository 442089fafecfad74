// Builds the extension and packs it into a .vsix for one platform:
//   npm run package [-- --target linux-x64] [--out FILE]
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: `${process.platform}-${process.arch}` },
    out: { type: 'string' },
  },
});

/** Where the bundles look for the native runtime first: beside themselves. */
const shipped = join(root, 'dist', 'node_modules');

await rm(shipped, { recursive: true, force: true });
await run(process.execPath, ['esbuild.config.mjs', '--production']);
await shipRuntime(values.target);
try {
  await run(process.execPath, [
    join('node_modules', '@vscode', 'vsce', 'vsce'),
    'package',
    '--no-dependencies',
    '--skip-license',
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
    '--target',
    values.target,
    ...(values.out === undefined ? [] : ['--out', values.out]),
  ]);
} finally {
  // In the checkout the bundles use the installed package.
  await rm(shipped, { recursive: true, force: true });
}

/**
 * Copies what ONNX Runtime needs at run time, for one platform: its package is 288 MB for all.
 *
 * @param {string} target
 */
async function shipRuntime(target) {
  const [platform = '', arch = ''] = target.split('-');
  const from = join(root, 'node_modules', 'onnxruntime-node');
  const to = join(shipped, 'onnxruntime-node');
  const binaries = join('bin', 'napi-v6', platform === 'alpine' ? 'linux' : platform, arch);
  await mkdir(to, { recursive: true });
  await cp(join(from, 'package.json'), join(to, 'package.json'));
  await copyScripts(join(from, 'dist'), join(to, 'dist'));
  await cp(join(from, binaries), join(to, binaries), { recursive: true });

  const common = join(root, 'node_modules', 'onnxruntime-common');
  const { version } = JSON.parse(await readFile(join(common, 'package.json'), 'utf8'));
  const needed = JSON.parse(await readFile(join(from, 'package.json'), 'utf8')).dependencies[
    'onnxruntime-common'
  ];
  if (needed !== version) {
    throw new Error(`onnxruntime-node needs onnxruntime-common ${needed}, found ${version}.`);
  }
  await cp(join(common, 'package.json'), join(shipped, 'onnxruntime-common', 'package.json'));
  await copyScripts(
    join(common, 'dist', 'cjs'),
    join(shipped, 'onnxruntime-common', 'dist', 'cjs'),
  );
}

/**
 * @param {string} from
 * @param {string} to
 */
async function copyScripts(from, to) {
  await cp(from, to, {
    recursive: true,
    filter: (path) => !/\.(map|d\.ts)$/.test(path),
  });
}

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<void>}
 */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${args[0]} ended with status ${code}.`)),
    );
  });
}
