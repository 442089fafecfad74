import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { tooDeep } from '../../shared/nesting';
import type { CONFIGURATION_FILE } from '../../shared/configuration';
import { dataFilesOf, settingsText } from '../../shared/sources';
import type { ConfigurationFile } from './runs';

/** The schema itself stays out of the host's bundle: the editor checks it, and the engine. */
export const BASIN_JSON: typeof CONFIGURATION_FILE = 'basin.json';

/** A basin.json as far as the host understands it. */
export type ConfigurationReading =
  | { readonly ok: true; readonly file: ConfigurationFile }
  /** The file says nothing the host can use; the sentence says why. */
  | { readonly ok: false; readonly path: string; readonly message: string };

/** Reads a basin.json; never throws. */
export async function readConfiguration(path: string): Promise<ConfigurationReading> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, path, message: `${path} cannot be read: ${why}.` };
  }
  return parseConfiguration(text, path);
}

/**
 * Finds the globs and inputs of a basin.json, also in one that is being typed: what cannot be
 * understood is left out. Whether the file is right is for the schema and the engine to say.
 */
export function parseConfiguration(text: string, path: string): ConfigurationReading {
  const errors: ParseError[] = [];
  const root: unknown =
    tooDeep(text) === null
      ? parse(text.replace(/^\uFEFF/, ''), errors, { allowTrailingComma: true })
      : undefined;
  const checkpoints = strings(property(root, 'checkpoints'));
  if (checkpoints.length === 0) {
    const first = errors[0];
    const why =
      first === undefined
        ? 'it names no checkpoints: add "checkpoints": ["epoch-*.pt"]'
        : `${printParseErrorCode(first.error)} at offset ${first.offset}`;
    return { ok: false, path, message: `${path}: ${why}.` };
  }
  const folder = dirname(path);
  const model = property(root, 'model');
  const inputs = [...(typeof model === 'string' ? [model] : []), ...dataFilesOf(root)];
  const settings = createHash('sha256').update(settingsText(root)).digest('hex');
  return {
    ok: true,
    file: { path, checkpoints, inputs: inputs.map((name) => resolve(folder, name)), settings },
  };
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as Record<string, unknown>)[name];
}

function strings(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((entry): entry is string => typeof entry === 'string' && entry !== '');
}
