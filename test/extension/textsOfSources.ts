import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * The texts that the extension host shows: what `t` is given, and `counted`, whose keys are made
 * from its nouns.
 *
 * @param folder The extension's sources.
 */
export function textsOfSources(folder: string): Set<string> {
  const texts = new Set<string>();
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.ts'))) {
    const source = ts.createSourceFile(
      name,
      readFileSync(join(folder, name), 'utf8'),
      ts.ScriptTarget.Latest,
    );
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
        const [first, second, third] = node.arguments;
        if (node.expression.text === 't' && first !== undefined) {
          for (const text of literals(first)) texts.add(text);
        }
        if (node.expression.text === 'counted' && second !== undefined) {
          for (const noun of literals(second)) {
            texts.add(`{0} ${noun}`);
            texts.add(`{0} ${(third && literals(third)[0]) ?? `${noun}s`}`);
          }
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return texts;
}

/** The texts an expression may be: of a choice, both. */
function literals(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isConditionalExpression(node)) {
    return [...literals(node.whenTrue), ...literals(node.whenFalse)];
  }
  return [];
}
