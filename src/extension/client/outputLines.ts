import type { Readable } from 'node:stream';

/** A line that never ends is told in pieces of this many characters. */
const MAX_LENGTH = 8192;

/** Tells a stream's lines, of which none is kept: whatever a process prints, it fills no memory. */
export function onLines(stream: Readable, tell: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      for (let at = 0; at === 0 || at < line.length; at += MAX_LENGTH) {
        tell(line.slice(at, at + MAX_LENGTH));
      }
    }
    for (; rest.length > MAX_LENGTH; rest = rest.slice(MAX_LENGTH)) tell(rest.slice(0, MAX_LENGTH));
  });
  stream.on('end', () => {
    if (rest !== '') tell(rest);
  });
  stream.on('error', () => undefined);
}
