import { describe, expect, it } from 'vitest';
import { pathAt } from '../../../src/extension/code/pathAtPosition';

/** The caret `|` marks the column. */
function at(marked: string, language: string): string | null {
  const column = marked.indexOf('|');
  return pathAt(marked.replace('|', ''), column, language)?.text ?? null;
}

describe('the path at a position', () => {
  it.each([
    ['checkpoint: runs/a/epo|ch-1.pt  # the best', 'yaml', 'runs/a/epoch-1.pt'],
    ['  - my runs/epo|ch 1.pt', 'yaml', 'my runs/epoch 1.pt'],
    ['files: [a.pt, runs/|b.pt]', 'yaml', 'runs/b.pt'],
    [`resume: "runs/|b.pt"`, 'yaml', 'runs/b.pt'],
    ['python eval.py --resume=runs/|b.pt --fast', 'shellscript', 'runs/b.pt'],
    ['cp ${RUN}/la|st.pt backup/', 'shellscript', '${RUN}/last.pt'],
    ['checkpoint = "runs/|b.pt"', 'toml', 'runs/b.pt'],
    ['path = f"runs/{na|me}.pt"', 'python', 'runs/{name}.pt'],
  ])('%s', (line, language, text) => {
    expect(at(line, language)).toBe(text);
  });

  it.each([
    ['x = runs/|b.pt', 'python'],
    ['key|: runs/b.pt', 'plainlanguage'],
    ['a = | b', 'shellscript'],
  ])('is none in %s', (line, language) => {
    expect(at(line, language)).toBeNull();
  });
});
