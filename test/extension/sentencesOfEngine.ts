import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Where a hole is, in a text that is still put together. */
const HOLE = '\0';

/** Errors that tell of a fault of Basin, which nobody translates. */
const FAULTS: ReadonlySet<string> = new Set(['Error', 'TypeError', 'RangeError', 'FrameError']);

/** What has words and is not read by people: nodes of graphs, cache keys, markup, formats' own. */
const TECHNICAL: readonly RegExp[] = [
  /^(mask|kernel|turned|weights|plain|blocked|left|right|times|probe|direction|moments|moving) \{0\}/,
  /^(fixed|collocation|eigenvalue|backend|axis|step|epoch) \{0\}/,
  /^(exact names never clash|test points|recomputed values|version https:)/,
  /^(average|total|largest) persistence|^persistence entropy$|^range of values$/,
  /^(smallest eigenvalue|standard error)$/,
  /^TensorFlow \{0\}$/,
  /^[\w-]+-src |^<|^\s*<|<\/\w+>/,
  // What another package says, what pages translate, and parts of lists.
  /^(End of central directory record|This report draws its plots)/,
  /^(\{0\} \{1\} and \{2\}| and no )$/,
  // What is said behind the name of a file: they are whole in the translation.
  /^(is damaged|cannot be used|was not opened|cannot be read):$/,
];

/**
 * The sentences of the engine and their parts, as templates: `{0}`, `{1}` … stand where values are
 * put in. Of a choice within a text there is a template for each.
 *
 * @param folder The sources; those below `cli` are of the command line, which speaks English.
 */
export function sentencesOfEngine(folder: string): Set<string> {
  const sentences = new Set<string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || name.endsWith('_pb.ts') || /^cli[/\\]/.test(name)) continue;
    const text = readFileSync(join(folder, name), 'utf8');
    const visit = (node: ts.Node): void => {
      if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node))
        return;
      if (isForNobody(node)) return;
      if (ts.isCallExpression(node) && isDescription(node.expression)) {
        visit(node.expression.expression);
        return;
      }
      const texts = isText(node) ? textsOf(node) : null;
      if (texts === null) {
        ts.forEachChild(node, visit);
        return;
      }
      for (const each of texts) {
        const sentence = numbered(each);
        if (hasWords(each) && !TECHNICAL.some((pattern) => pattern.test(sentence))) {
          sentences.add(sentence);
        }
      }
      holesOf(node).forEach(visit);
    };
    visit(ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true));
  }
  return sentences;
}

/** Faults, and what goes to the log. */
function isForNobody(node: ts.Node): boolean {
  if (ts.isNewExpression(node)) {
    return ts.isIdentifier(node.expression) && FAULTS.has(node.expression.text);
  }
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
  return /(^|\.)log$/.test(node.expression.expression.getText());
}

/** Of the JSON schema, which the editor shows itself. */
function isDescription(node: ts.Node): node is ts.PropertyAccessExpression {
  return ts.isPropertyAccessExpression(node) && node.name.text === 'describe';
}

function isText(node: ts.Node): boolean {
  return (
    ts.isStringLiteralLike(node) ||
    ts.isTemplateExpression(node) ||
    (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
  );
}

/** All texts an expression may be, with holes; `null` where it is no text of the source's. */
function textsOf(node: ts.Node): string[] | null {
  if (ts.isParenthesizedExpression(node)) return textsOf(node.expression);
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isConditionalExpression(node)) {
    const [yes, no] = [textsOf(node.whenTrue), textsOf(node.whenFalse)];
    return yes === null || no === null ? null : [...yes, ...no];
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [textsOf(node.left), textsOf(node.right)];
    if (left === null && right === null) return null;
    return joined(left ?? [HOLE], right ?? [HOLE]);
  }
  if (ts.isTemplateExpression(node)) {
    return node.templateSpans.reduce(
      (texts, { expression, literal }) =>
        joined(joined(texts, textsOf(expression) ?? [HOLE]), [literal.text]),
      [node.head.text],
    );
  }
  return null;
}

function joined(first: readonly string[], second: readonly string[]): string[] {
  return first.flatMap((a) => second.map((b) => a + b));
}

/** The expressions whose values are put into a text. */
function holesOf(node: ts.Node): ts.Node[] {
  if (ts.isStringLiteralLike(node)) return [];
  if (ts.isParenthesizedExpression(node)) return holesOf(node.expression);
  if (ts.isConditionalExpression(node)) {
    return [node.condition, ...holesOf(node.whenTrue), ...holesOf(node.whenFalse)];
  }
  if (ts.isBinaryExpression(node) && textsOf(node) !== null) {
    return [...holesOf(node.left), ...holesOf(node.right)];
  }
  if (ts.isTemplateExpression(node)) {
    return node.templateSpans.flatMap(({ expression }) =>
      textsOf(expression) === null ? [expression] : holesOf(expression),
    );
  }
  return [node];
}

function numbered(text: string): string {
  let index = 0;
  return text.replaceAll(HOLE, () => `{${index++}}`);
}

/** Two words, or a word beside a hole: names of properties and units have neither. */
function hasWords(text: string): boolean {
  return /[a-z]{2,} [a-z\0]|[a-z\0] [a-z]{2,}|[A-Z][a-z]+ /.test(text);
}
