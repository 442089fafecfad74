import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * The texts that a house shows: what `t` is given, and `plural`, whose keys are made from its nouns.
 *
 * @param folder The house's sources.
 */
export function textsOfSources(folder: string): Set<string> {
  const texts = new Set<string>();
  for (const source of sourcesOf(folder)) {
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
        const [first, second, third] = node.arguments;
        if (node.expression.text === 't' && first !== undefined) {
          for (const text of literals(first)) texts.add(text);
        }
        if (node.expression.text === 'plural' && second !== undefined) {
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

/** What has words and is not read by people: names of classes and keys, commands, shaders, formats. */
const TECHNICAL: readonly RegExp[] = [
  /(^| )(is|plot)-/,
  /^(Enter|Escape|Home|End|Tab)$/,
  // Drawings and LaTeX.
  /^<(svg|rect|image|text) /,
  /\\include(svg|graphics)/,
  /^basin analyze$/,
  /\bvoid main\(\)/,
  // Names of formats, and what Python calls its null.
  /^(Basin|Flax|Keras|None)$/,
];

/**
 * Strings of a house that look like words for people and are not given to `t` or `plural`.
 *
 * @param folder The house's sources.
 */
export function untranslatedTexts(folder: string): string[] {
  const found: string[] = [];
  for (const source of sourcesOf(folder)) {
    const visit = (node: ts.Node): void => {
      if (ts.isImportDeclaration(node) || ts.isTypeNode(node) || isTranslation(node)) return;
      const texts = ts.isStringLiteralLike(node)
        ? [node.text]
        : ts.isTemplateExpression(node)
          ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]
          : [];
      for (const text of texts) {
        if (
          /[A-Z]?[a-z]{2,} [a-z]{2,}|^[A-Z][a-z]{2,}$/.test(text) &&
          !TECHNICAL.some((pattern) => pattern.test(text))
        ) {
          found.push(`${source.fileName}: ${text}`);
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** Whether a string, or the choice it is part of, is given to who translates it. */
function isTranslation(node: ts.Node): boolean {
  if (!ts.isStringLiteralLike(node)) return false;
  let at: ts.Node = node;
  while (ts.isConditionalExpression(at.parent)) at = at.parent;
  const call = at.parent;
  return (
    ts.isCallExpression(call) &&
    ts.isIdentifier(call.expression) &&
    (call.expression.text === 't' || call.expression.text === 'plural')
  );
}

function sourcesOf(folder: string): ts.SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) =>
      ts.createSourceFile(
        name,
        readFileSync(join(folder, name), 'utf8'),
        ts.ScriptTarget.Latest,
        true,
      ),
    );
}

/** The texts an expression may be: of a choice, both. */
function literals(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isConditionalExpression(node)) {
    return [...literals(node.whenTrue), ...literals(node.whenFalse)];
  }
  return [];
}
