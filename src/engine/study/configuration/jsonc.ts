import { parse, type ParseError } from 'jsonc-parser';
import { InputError } from '../../../shared/inputError';
import { MAX_NESTING, tooDeep } from '../../../shared/nesting';
import { say } from '../../../shared/words/message';
import { CheckpointFile } from '../../checkpoint/bytes/checkpointFile';
import { jsonFault } from './jsonFaults';

/**
 * Reads a file of JSON with comments and trailing commas.
 *
 * @param most bytes.
 * @throws InputError with the line and column of what is wrong in it.
 */
export async function readJsonc(path: string, most: number): Promise<unknown> {
  const bytes = await CheckpointFile.readWhole(path, most);
  const text = Buffer.from(bytes).toString('utf8');
  const deep = tooDeep(text);
  if (deep !== null) {
    throw new InputError(
      say`${path}:${position(text, deep)}: brackets are in brackets more than ${MAX_NESTING} deep, where nothing in a basin.json is; correct it there.`,
    );
  }
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined) {
    throw new InputError(
      say`${path}:${position(text, first.offset)}: not valid JSON (${jsonFault(first.error)}); correct it there.`,
    );
  }
  return value;
}

function position(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${before.at(-1)!.length + 1}`;
}
