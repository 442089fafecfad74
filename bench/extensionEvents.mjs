// 200 file events a second for ten seconds, in a process of its own: extensionEvents.mjs FOLDER
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

const [folder = '.'] = process.argv.slice(2);
const started = performance.now();
for (let event = 0; event < 2000; event++) {
  const now = new Date();
  await utimes(join(folder, 'many', `run-${event % 10}`, `epoch-${event % 1000}.pt`), now, now);
  const early = started + event * 5 - performance.now();
  if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
}
