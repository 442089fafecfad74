// Builds the extension and packs it into a .vsix for each platform:
//   npm run package [-- --target linux-x64,universal|all] [--out FILE or folder]
//
// What a package holds is put into a folder of its own first: nothing but what is named here
// reaches a user.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runtimeFiles, TARGETS } from './runtimeFiles.mjs';
import { thirdPartyNotices } from './thirdPartyNotices.mjs';

const root = join(import.meta.dirname, '..');

/** Of the project, beside the bundles. */
const FILES = ['README.md', 'CHANGELOG.md', 'LICENSE', 'media', 'snippets', 'l10n'];

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: `${process.platform}-${process.arch}` },
    out: { type: 'string' },
  },
});
const targets = values.target === 'all' ? TARGETS : values.target.split(',');
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

const place = await mkdtemp(join(tmpdir(), 'basin-package-'));
try {
  const metafile = join(place, 'metafile.json');
  const built = join(place, 'dist');
  await run(process.execPath, [
    'esbuild.config.mjs',
    '--production',
    '--outdir',
    built,
    '--metafile',
    metafile,
  ]);
  const { inputs } = JSON.parse(await readFile(metafile, 'utf8'));
  for (const target of targets) {
    const stage = join(place, target);
    await stageFiles(stage, built);
    const runtime = await runtimeFiles(root, target);
    for (const path of runtime.files) {
      await copy(join(root, 'node_modules', path), join(stage, 'dist', 'node_modules', path));
    }
    await writeFile(
      join(stage, 'THIRD-PARTY-NOTICES.txt'),
      await thirdPartyNotices(root, Object.keys(inputs), runtime.packages),
    );
    const vsix = vsixPath(target);
    await mkdir(dirname(vsix), { recursive: true });
    await run(
      process.execPath,
      [
        join(root, 'node_modules', '@vscode', 'vsce', 'vsce'),
        'package',
        '--no-dependencies',
        '--skip-license',
        '--allow-missing-repository',
        '--no-rewrite-relative-links',
        ...(target === 'universal' ? [] : ['--target', target]),
        '--out',
        vsix,
      ],
      stage,
    );
    const { size } = await stat(vsix);
    console.log(`${target}: ${(size / 1e6).toFixed(1)} MB`);
  }
} finally {
  await rm(place, { recursive: true, force: true });
}

/**
 * The manifest without what only a checkout needs, the project's own files and the bundles.
 *
 * @param {string} stage
 * @param {string} built
 */
async function stageFiles(stage, built) {
  await mkdir(stage, { recursive: true });
  const { scripts, dependencies, devDependencies, optionalDependencies, ...shipped } = manifest;
  void [scripts, dependencies, devDependencies, optionalDependencies];
  await writeFile(join(stage, 'package.json'), `${JSON.stringify(shipped, null, 2)}\n`);
  const nls = (await readdir(root)).filter((name) => /^package\.nls(\.[\w-]+)?\.json$/.test(name));
  for (const name of [...FILES, ...nls]) {
    const from = join(root, name);
    if (await exists(from)) await cp(from, join(stage, name), { recursive: true });
  }
  await cp(built, join(stage, 'dist'), { recursive: true });
  await writeFile(join(stage, '.vscodeignore'), '');
}

/** @param {string} target */
function vsixPath(target) {
  const name = `${manifest.name}-${manifest.version}-${target}.vsix`;
  if (values.out === undefined) return join(root, name);
  const out = resolve(values.out);
  return targets.length > 1 || !out.endsWith('.vsix') ? join(out, name) : out;
}

/**
 * @param {string} from
 * @param {string} to
 */
async function copy(from, to) {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to);
}

/** @param {string} path */
async function exists(path) {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} [cwd]
 * @returns {Promise<void>}
 */
function run(command, args, cwd = root) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${args[0]} ended with status ${code}.`)),
    );
  });
}
