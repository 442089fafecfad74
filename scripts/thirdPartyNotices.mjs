import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The licences and notices of everything in a package that others wrote.
 *
 * @param {string} root The project's folder.
 * @param {string[]} inputs Files that were bundled, relative to it.
 * @param {string[]} packages Packages that are there as they are.
 */
export async function thirdPartyNotices(root, inputs, packages) {
  const folders = new Set(packages.map((name) => `node_modules/${name}`));
  for (const input of inputs) {
    // The innermost package: one may be installed inside of another.
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/@][^/]*)\//.exec(input);
    if (match?.[1] !== undefined) folders.add(match[1]);
  }
  const entries = [];
  const apache = await readFile(join(root, 'src/engine/graph/onnx/LICENSE.onnx'), 'utf8');
  for (const folder of folders) entries.push(await noticeOf(join(root, folder), apache));
  // onnx_pb.ts is generated from the file of the standard beside it.
  entries.push({ title: 'ONNX (onnx.proto)', texts: [apache] });
  entries.sort((a, b) => (a.title < b.title ? -1 : 1));
  return [
    'Basin contains the following packages, under their own licences.',
    ...entries.map(({ title, texts }) => `${'='.repeat(79)}\n${title}\n\n${texts.join('\n\n')}`),
  ]
    .map((text) => text.trim().replaceAll('\r\n', '\n'))
    .join('\n\n')
    .concat('\n');
}

/**
 * @param {string} folder
 * @param {string} apache Text of the Apache License 2.0.
 * @returns {Promise<{title: string, texts: string[]}>}
 */
async function noticeOf(folder, apache) {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const top = await readdir(folder);
  const files = top
    .filter((name) => /^(licen[cs]e|copying|notice|thirdpartynotices)/i.test(name))
    .filter((name) => !/\.(js|ts|json)$/i.test(name) && name !== 'licenses')
    .sort();
  // ECharts has there what it took over.
  if (top.includes('licenses')) {
    const more = await readdir(join(folder, 'licenses'));
    files.push(...more.sort().map((name) => join('licenses', name)));
  }
  const texts = [];
  for (const name of files) texts.push((await readFile(join(folder, name), 'utf8')).trim());
  const title = `${manifest.name} ${manifest.version} (${manifest.license})`;
  if (texts.length > 0) return { title, texts };
  for (const licence of manifest.license.replace(/[()]/g, '').split(' AND ')) {
    const text = licence === 'Apache-2.0' ? () => apache : STANDARD[licence];
    if (text === undefined) throw new Error(`${folder} has no text of its licence, ${licence}.`);
    texts.push(text(holderOf(manifest)));
  }
  return { title, texts };
}

/** @param {{author?: string | {name?: string}, name: string}} manifest */
function holderOf({ author, name }) {
  // As in the licence of its repository, which its packages on npm leave out.
  if (name.startsWith('onnxruntime-')) return 'Microsoft Corporation';
  return (typeof author === 'string' ? author : author?.name) ?? `the authors of ${name}`;
}

/**
 * Texts of licences that a package names and does not bring.
 *
 * @type {Readonly<Record<string, ((holder: string) => string) | undefined>>}
 */
const STANDARD = {
  MIT: (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`,
  'BSD-3-Clause': (holder) => `Copyright (c) ${holder}

Redistribution and use in source and binary forms, with or without modification, are permitted
provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions
   and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice, this list of
   conditions and the following disclaimer in the documentation and/or other materials provided
   with the distribution.

3. Neither the name of the copyright holder nor the names of its contributors may be used to
   endorse or promote products derived from this software without specific prior written
   permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR
IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND
FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR
CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE,
DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER
IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT
OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.`,
};
