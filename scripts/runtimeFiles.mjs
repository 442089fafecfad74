import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The platforms packages are made for; `universal` is for all others. */
export const TARGETS = [
  'linux-x64',
  'linux-arm64',
  'darwin-arm64',
  'darwin-x64',
  'win32-x64',
  'win32-arm64',
  'universal',
];

/**
 * The native library and its binding for Node, of each platform there is one for. The package has
 * more: macOS's library twice, and Windows's DirectML and shader compilers, which the library loads
 * when it is told to compute on a graphics card and not before (they are delay-loaded), and Basin
 * computes on processors.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const NATIVE = {
  'linux-x64': ['libonnxruntime.so.1', 'onnxruntime_binding.node'],
  'linux-arm64': ['libonnxruntime.so.1', 'onnxruntime_binding.node'],
  'darwin-arm64': ['libonnxruntime.1.dylib', 'onnxruntime_binding.node'],
  'win32-x64': ['onnxruntime.dll', 'onnxruntime_binding.node'],
  'win32-arm64': ['onnxruntime.dll', 'onnxruntime_binding.node'],
};

/** The WebAssembly build as src/engine/runtime/onnxruntimeWeb.ts loads it. */
const WEB = [
  'onnxruntime-web/package.json',
  'onnxruntime-web/dist/ort.node.min.js',
  'onnxruntime-web/dist/ort-wasm-simd-threaded.mjs',
  'onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
];

/**
 * What the bundles load at run time on a platform: ONNX Runtime, native where there is a build for
 * it and in WebAssembly elsewhere. Found in `dist/node_modules`, beside the bundles.
 *
 * @param {string} root The project's folder.
 * @param {string} target
 * @returns {Promise<{packages: string[], files: string[]}>} Files relative to node_modules.
 */
export async function runtimeFiles(root, target) {
  if (!TARGETS.includes(target)) {
    throw new Error(`${target} is no target: choose one of ${TARGETS.join(', ')}, or all.`);
  }
  const modules = join(root, 'node_modules');
  const common = [
    'onnxruntime-common/package.json',
    ...(await scripts(modules, 'onnxruntime-common/dist/cjs')),
  ];
  const binaries = NATIVE[target];
  const name = binaries === undefined ? 'onnxruntime-web' : 'onnxruntime-node';
  await checkCommon(modules, name);
  if (binaries === undefined) {
    return { packages: [name, 'onnxruntime-common'], files: [...WEB, ...common] };
  }
  const folder = `onnxruntime-node/bin/napi-v6/${target.replace('-', '/')}`;
  return {
    packages: [name, 'onnxruntime-common'],
    files: [
      'onnxruntime-node/package.json',
      ...(await scripts(modules, 'onnxruntime-node/dist')),
      ...binaries.map((file) => `${folder}/${file}`),
      ...common,
    ],
  };
}

/**
 * The scripts of a folder, without their maps and types.
 *
 * @param {string} modules
 * @param {string} folder
 */
async function scripts(modules, folder) {
  const names = await readdir(join(modules, folder));
  return names
    .filter((name) => name.endsWith('.js') || name === 'package.json')
    .map((name) => `${folder}/${name}`);
}

/**
 * @param {string} modules
 * @param {string} name A package that needs onnxruntime-common.
 */
async function checkCommon(modules, name) {
  const read = async (/** @type {string} */ path) =>
    JSON.parse(await readFile(join(modules, path, 'package.json'), 'utf8'));
  const { version } = await read('onnxruntime-common');
  const needed = (await read(name)).dependencies['onnxruntime-common'];
  if (needed !== version) {
    throw new Error(`${name} needs onnxruntime-common ${needed}, found ${version}.`);
  }
}
