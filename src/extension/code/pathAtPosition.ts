import { hasCheckpointEnding } from '../../shared/checkpointNames';
import { stringAt, type StringLiteral } from './stringAtPosition';

/**
 * The path around a column of a line: a string, or in files where paths need no quotes (YAML, TOML,
 * shell scripts) a word; in YAML also a whole value with spaces.
 */
export function pathAt(line: string, column: number, languageId: string): StringLiteral | null {
  const quoted = stringAt(line, column);
  if (quoted !== null) return quoted;
  switch (languageId) {
    case 'yaml':
    case 'dockercompose':
      return yamlValueAt(line, column) ?? wordAt(line, column);
    case 'shellscript':
    case 'toml':
    case 'plaintext':
      return wordAt(line, column);
    default:
      return null;
  }
}

function wordAt(line: string, column: number): StringLiteral | null {
  for (const match of line.matchAll(/[^\s"'`,;=()[\]<>|&]+/g)) {
    const end = match.index + match[0].length;
    if (column >= match.index && column < end) return { start: match.index, end, text: match[0] };
    if (match.index > column) break;
  }
  return null;
}

/** `key: my runs/best.pt`, `- my runs/best.pt`; what stands in flow brackets is found as words. */
function yamlValueAt(line: string, column: number): StringLiteral | null {
  const key = /^\s*(?:- +)*(?:[\w.-]+: +)?/.exec(line)?.[0].length ?? 0;
  const comment = line.slice(key).search(/\s#/);
  const text = line.slice(key, comment === -1 ? undefined : key + comment).trimEnd();
  if (/^[[{"'&*!|>]/.test(text) || !hasCheckpointEnding(text)) return null;
  const end = key + text.length;
  return column >= key && column < end ? { start: key, end, text } : null;
}
