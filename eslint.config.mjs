import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import { floors } from './scripts/lint/floors.mjs';
import { heldPromise } from './scripts/lint/heldPromise.mjs';
import { spreadList } from './scripts/lint/spreadList.mjs';

/** A house of `src/` and what it may not import: the walls of docs/architecture.md. */
const walls = {
  shared: {
    houses: ['channel', 'engine', 'extension', 'webview'],
    modules: ['vscode', 'node:*', 'onnxruntime-node', 'echarts', 'echarts/*', 'three', 'three/*'],
  },
  channel: {
    houses: ['engine', 'extension', 'webview'],
    modules: ['vscode', 'onnxruntime-node', 'echarts', 'echarts/*', 'three', 'three/*'],
  },
  engine: {
    houses: ['extension', 'webview'],
    modules: ['vscode', 'echarts', 'echarts/*', 'three', 'three/*'],
  },
  extension: {
    houses: ['engine', 'webview'],
    modules: ['onnxruntime-node', 'echarts', 'echarts/*', 'three', 'three/*'],
  },
  webview: {
    houses: ['channel', 'engine', 'extension'],
    modules: ['vscode', 'node:*', 'onnxruntime-node'],
  },
};

/** The floors of src/engine and what each may import: the arrows of docs/architecture.md. */
const engineFloors = {
  checkpoint: [],
  graph: ['checkpoint'],
  topology: ['checkpoint'],
  correspondence: ['checkpoint', 'graph'],
  runtime: ['graph'],
  objective: ['checkpoint', 'correspondence', 'graph', 'runtime'],
  hessian: ['checkpoint', 'objective'],
  weights: ['checkpoint', 'hessian'],
  landscape: ['hessian', 'objective', 'topology'],
  study: [
    'checkpoint',
    'correspondence',
    'graph',
    'hessian',
    'landscape',
    'objective',
    'runtime',
    'topology',
  ],
  studies: ['study'],
  init: ['checkpoint', 'study'],
  cli: ['checkpoint', 'init', 'runtime', 'studies', 'study', 'topology', 'weights'],
  server: ['checkpoint', 'init', 'runtime', 'study', 'weights'],
};

/** @type {import('eslint').Linter.Config[]} */
const wallRules = Object.entries(walls).map(([house, { houses, modules }]) => ({
  files: [`src/${house}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^\\.{1,2}/(.*/)?(${houses.join('|')})/`,
            message: `src/${house} may not import this house: see docs/architecture.md.`,
          },
          { group: modules, message: `src/${house} may not import this module.` },
        ],
      },
    ],
  },
}));

const limitName =
  '/^(MOST|LARGEST|LONGEST|DEEPEST|WIDEST|HIGHEST|GREATEST|MAXIMUM|LEAST|FEWEST|SMALLEST|SHORTEST|LOWEST|MINIMUM)(_|$)|^(?!MAX_|MIN_).*_(LIMIT|MAX|MIN|MAXIMUM|MINIMUM)$/';

/** @type {import('eslint').Linter.Config['rules']} */
const names = {
  'no-restricted-syntax': [
    'error',
    {
      selector: `VariableDeclarator > Identifier.id[name=${limitName}]`,
      message: 'A limit is called MAX_… or MIN_….',
    },
    {
      selector: 'PrivateIdentifier',
      message: 'A private member is written with `private`, as everywhere here.',
    },
  ],
};

export default tseslint.config(
  {
    ignores: ['dist/', 'node_modules/', '.vscode-test/', 'artifacts/', '**/*_pb.ts', '**/.basin/'],
  },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: {
      basin: { rules: { floors, 'held-promise': heldPromise, 'spread-list': spreadList } },
    },
    rules: {
      'basin/held-promise': 'error',
      'basin/spread-list': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      // Typed arrays are indexed in hot loops where the bound is the loop's own: a reason beside
      // every one of them would hide the code.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/prefer-for-of': 'off',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      eqeqeq: 'error',
      ...names,
      '@typescript-eslint/explicit-member-accessibility': [
        'error',
        { accessibility: 'no-public', overrides: { parameterProperties: 'off' } },
      ],
    },
  },
  ...wallRules,
  {
    files: ['**/*.mjs', '**/*.cjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: { globals: globals.node, parserOptions: { projectService: false } },
    rules: {
      ...tseslint.configs.disableTypeChecked.rules,
      'no-restricted-exports': 'off',
      'basin/held-promise': 'off',
      'basin/spread-list': 'off',
    },
  },
  {
    files: ['src/engine/**/*.ts'],
    rules: { 'basin/floors': ['error', 'src/engine', engineFloors] },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
      // Work that a test cancels is begun before what cancels it.
      'basin/held-promise': 'off',
      'basin/spread-list': 'off',
    },
  },
);
