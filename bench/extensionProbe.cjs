/* eslint-disable @typescript-eslint/no-require-imports -- VS Code loads it with require. */
// What bench/extension.mjs runs inside an extension host, with Basin beside it or without. Writes
// what it measured to the file BASIN_BENCH_REPORT names.
const { fork } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const { open } = require('node:fs/promises');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');
const vscode = require('vscode');
const { blocks } = require('./extensionProfile.cjs');

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const folder = () => vscode.workspace.workspaceFolders[0].uri.fsPath;

/** As `blocks`; what is of Basin is told by where its code is. */
async function phase(name, during) {
  const basin = vscode.extensions.getExtension('basin.basin');
  const code = basin === undefined ? null : join(basin.extensionPath, 'dist');
  const { profile, blocked, report } = await blocks(
    (url) => code !== null && url.includes(code),
    during,
  );
  const { BASIN_BENCH_PROFILES: profiles } = process.env;
  if (profiles !== undefined) {
    const file = join(profiles, `${process.env.BASIN_BENCH_NAME}-${name}`);
    writeFileSync(`${file}.cpuprofile`, JSON.stringify(profile));
    writeFileSync(`${file}.blocks.json`, JSON.stringify(blocked));
  }
  return report;
}

/** VS Code's own measurement: loading the code, calling activate, and what it left to be done. */
async function activation() {
  await vscode.commands.executeCommand('perfview.show');
  for (let i = 0; i < 50; i++) {
    for (const document of vscode.workspace.textDocuments) {
      const line = /^\|\s*basin\.basin\s*\|.*$/m.exec(document.getText());
      if (line === null) continue;
      const cells = line[0].split('|').map((cell) => cell.trim());
      const [, , eager, load, call, finish] = cells;
      return { eager, load: Number(load), call: Number(call), finish: Number(finish) };
    }
    await pause(200);
  }
  return null;
}

function collect() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  runInNewContext('gc')();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed / 1e6, external: external / 1e6, rss: rss / 1e6 };
}

async function hover(text) {
  const uri = vscode.Uri.file(join(folder(), 'hover.py'));
  await vscode.workspace.fs.writeFile(uri, Buffer.from(`load("${text}")\n`));
  const document = await vscode.workspace.openTextDocument(uri);
  for (let i = 0; i < 100 && !document.getText().includes(text); i++) await pause(20);
  const started = performance.now();
  const hovers = await vscode.commands.executeCommand(
    'vscode.executeHoverProvider',
    uri,
    new vscode.Position(0, 8),
  );
  const milliseconds = performance.now() - started;
  const words = hovers.flatMap(({ contents }) => contents.map((c) => c.value ?? '')).join('\n');
  return { milliseconds, read: /tensors?/.test(words) };
}

/** A file of 2 GiB of zeros behind the header of one tensor; it takes no space. */
async function writeLarge(path) {
  const size = 2 ** 31;
  const header = Buffer.from(
    JSON.stringify({ w: { dtype: 'F32', shape: [size / 4], data_offsets: [0, size] } }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = await open(path, 'w');
  await file.write(Buffer.concat([length, header]));
  await file.truncate(8 + header.length + size);
  const old = new Date(Date.now() - 60_000);
  await file.utimes(old, old);
  await file.close();
}

exports.run = async () => {
  const basin = vscode.extensions.getExtension('basin.basin');
  const report = {};
  report.discovery = await phase('discovery', async () => {
    // Activated by what is in the workspace; it searches at once.
    for (let i = 0; i < 100 && basin !== undefined && !basin.isActive; i++) await pause(100);
    if (basin !== undefined) await vscode.commands.executeCommand('basin.refresh');
    await pause(3000);
  });
  if (basin !== undefined) report.activation = await activation();
  // Who looks at the runs costs more than who does not.
  report.rows = await phase('rows', async () => {
    if (basin !== undefined) await vscode.commands.executeCommand('basin.runs.focus');
    await pause(4000);
  });
  report.events = await phase('events', async () => {
    const writer = fork(join(__dirname, 'extensionEvents.mjs'), [folder()], {
      execPath: process.execPath,
      execArgv: [],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    await new Promise((resolve) => writer.once('exit', resolve));
  });
  report.analysis = await phase('analysis', async () => {
    if (basin === undefined) return pause(8000);
    const path = join(folder(), 'example', 'runs', 'resnet', 'epoch-030.pt');
    return vscode.commands.executeCommand('basin.analyzeCheckpoint', vscode.Uri.file(path));
  });
  report.memory = collect();
  if (basin !== undefined) {
    const known = [];
    for (let i = 0; i < 30; i++) known.push(await hover('example/runs/resnet/epoch-030.pt'));
    report.known = known.map(({ milliseconds }) => milliseconds).slice(1);
    report.large = [];
    for (let i = 0; i < 8; i++) {
      await writeLarge(join(folder(), `large-${i}.safetensors`));
      const { milliseconds, read } = await hover(`large-${i}.safetensors`);
      if (!read) throw new Error('the header of a large file was not read');
      report.large.push(milliseconds);
    }
  }
  writeFileSync(process.env.BASIN_BENCH_REPORT, JSON.stringify(report));
  writeFileSync(
    process.env.BASIN_TEST_REPORT,
    JSON.stringify({ passes: 1, failures: 0, pending: 0, lines: [] }),
  );
};
