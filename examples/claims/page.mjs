import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeBetween } from './variants.mjs';

/**
 * What a claims.mjs may be told.
 *
 * @param folder its own. @param page of docs/studies. @param more options of its own.
 */
export function pageOptions(folder, page, more = {}) {
  const docs = (name) => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
  return parseArgs({
    allowNegative: true,
    options: {
      work: { type: 'string', default: join(folder, 'claims-work') },
      workers: { type: 'string' },
      memory: { type: 'string' },
      write: { type: 'boolean', default: true },
      page: { type: 'string', default: docs(`studies/${page}`) },
      images: { type: 'string', default: docs('images/studies') },
      ...more,
    },
  }).values;
}

/**
 * Prints the tables, and puts them and the pictures where they belong; with --no-write the pictures
 * are in the folder of work.
 *
 * @param tables texts by the name of their place. @param pictures drawings by file.
 * @param others rows without figures.
 */
export function publish({ write, page, images, work }, tables, pictures, others) {
  for (const [name, text] of Object.entries(tables)) {
    console.log(`\n${name}\n\n${text}`);
    if (write) writeBetween(page, name, text);
  }
  const folder = write ? images : work;
  mkdirSync(folder, { recursive: true });
  for (const [name, drawing] of Object.entries(pictures)) {
    writeFileSync(join(folder, name), String(drawing));
  }
  for (const { factors, status, why } of others) {
    console.error(JSON.stringify(factors), status, why);
  }
}
