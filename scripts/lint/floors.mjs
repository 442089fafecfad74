import { dirname, join, relative, sep } from 'node:path';

/**
 * The floors of a house: its folders, each with those it may import. What is not named may not be,
 * so that every arrow goes one way. Files of the house's root may be imported by all, and import
 * all.
 *
 * @typedef {Readonly<Record<string, readonly string[]>>} Floors
 */

/**
 * The folder of a house a file is in; null outside of it, '' in its root.
 *
 * @param {string} house @param {string} file
 */
function floorOf(house, file) {
  const path = relative(house, file);
  if (path.startsWith('..')) return null;
  const [folder = '', ...rest] = path.split(sep);
  return rest.length === 0 ? '' : folder;
}

/**
 * Whether a file may import another, both absolute.
 *
 * @param {string} house absolute @param {Floors} floors @param {string} from @param {string} to
 */
export function mayImport(house, floors, from, to) {
  const [own, other] = [floorOf(house, from), floorOf(house, to)];
  if (own === null || other === null || own === '' || other === '' || own === other) return true;
  return floors[own]?.includes(other) ?? false;
}

/**
 * An import from one floor of a house to another that the table does not have. Options: the house,
 * from the working directory on, and its floors.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const floors = {
  meta: {
    type: 'problem',
    messages: {
      floor: '{{from}} may not import this floor of {{house}}: see docs/architecture.md.',
    },
    schema: [
      { type: 'string' },
      { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } },
    ],
  },
  create(context) {
    const [house, table] = context.options;
    const root = join(context.cwd, house);
    /** @param {import('estree').Node | null | undefined} source */
    const check = (source) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      if (!source.value.startsWith('.')) return;
      const to = join(dirname(context.filename), source.value);
      if (mayImport(root, table, context.filename, to)) return;
      const from = floorOf(root, context.filename);
      context.report({ node: source, messageId: 'floor', data: { from, house } });
    };
    return {
      ImportDeclaration: ({ source }) => check(source),
      ImportExpression: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
    };
  },
};
