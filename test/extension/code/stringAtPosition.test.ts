import { describe, expect, it } from 'vitest';
import { stringAt } from '../../../src/extension/code/stringAtPosition';

/** The caret `|` marks the column. */
function at(marked: string): string | null {
  const column = marked.indexOf('|');
  return stringAt(marked.replace('|', ''), column)?.text ?? null;
}

describe('the string at a position', () => {
  it.each([
    [`model.load("runs/a/epo|ch-1.pt")`, 'runs/a/epoch-1.pt'],
    [`load('a|.pt', "b.pt")`, 'a.pt'],
    [`load('a.pt', "|b.pt")`, 'b.pt'],
    ['import(`runs/|x.pt`)', 'runs/x.pt'],
    [`path = """runs/|x.pt"""`, 'runs/x.pt'],
    [`{ "checkpoint": "x|.pt" }`, 'x.pt'],
    [`"runs\\\\a\\\\|x.pt"`, 'runs\\a\\x.pt'],
    [`r"runs\\a\\|x.pt"`, 'runs\\a\\x.pt'],
    [`print("it\\"s|.pt")`, 'it"s.pt'],
    [`x = 1  # don't look "here|.pt"`, 'here.pt'],
  ])('%s', (line, text) => {
    expect(at(line)).toBe(text);
  });

  it.each([`lo|ad("a.pt")`, `load("a.pt"|)`, `load("a.pt", | "b.pt")`, `x = "|"`, `"unclosed|.pt`])(
    'is none in %s',
    (line) => {
      expect(at(line)).toBeNull();
    },
  );

  it('reaches from quote to quote', () => {
    expect(stringAt(`f("x.pt")`, 4)).toMatchObject({ start: 2, end: 8 });
  });
});
