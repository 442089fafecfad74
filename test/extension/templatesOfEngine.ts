import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * Every template that is said, by the tag it is written at.
 *
 * @param folder The sources; those of the command line, which speaks English, are left out.
 */
export function templatesOfEngine(folder: string): Set<string> {
  const templates = new Set<string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || /^engine[/\\](cli|studies)[/\\]/.test(name)) continue;
    const visit = (node: ts.Node): void => {
      if (ts.isTaggedTemplateExpression(node) && node.tag.getText() === 'say') {
        templates.add(templateOf(node.template));
      }
      ts.forEachChild(node, visit);
    };
    const text = readFileSync(join(folder, name), 'utf8');
    visit(ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true));
  }
  return templates;
}

function templateOf(literal: ts.TemplateLiteral): string {
  if (ts.isNoSubstitutionTemplateLiteral(literal)) return literal.text;
  const rest = literal.templateSpans.map((span, hole) => `{${hole}}${span.literal.text}`);
  return literal.head.text + rest.join('');
}
