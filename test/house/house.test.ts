import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { mayImport } from '../../scripts/lint/floors.mjs';

const root = resolve(__dirname, '../..');

/** Longest hand-written file; what is longer says why: "Longer than 500 lines: …". */
const MAX_LINES = 500;

function filesBelow(folder: string, ends: RegExp): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      return /^(node_modules|dist|\.basin|__pycache__)$/.test(entry.name)
        ? []
        : filesBelow(path, ends);
    }
    return ends.test(entry.name) ? [path] : [];
  });
}

/** What each file of the sources imports of the others, types too. */
function imports(): ReadonlyMap<string, readonly string[]> {
  const files = new Set(filesBelow('src', /\.ts$/));
  return new Map(
    [...files].map((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'));
      const found = importedFiles
        .filter(({ fileName }) => fileName.startsWith('.'))
        .map(({ fileName }) => relative(root, resolve(root, dirname(file), `${fileName}.ts`)))
        .map((path) => path.replaceAll('\\', '/'));
      return [file, found.filter((path) => files.has(path))];
    }),
  );
}

/** A way from a node back to itself; null where there is none. */
function circle(arrows: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const done = new Set<string>();
  const way: string[] = [];
  const follow = (node: string): readonly string[] | null => {
    const at = way.indexOf(node);
    if (at >= 0) return [...way.slice(at), node];
    if (done.has(node)) return null;
    way.push(node);
    for (const next of arrows.get(node) ?? []) {
      const found = follow(next);
      if (found !== null) return found;
    }
    way.pop();
    done.add(node);
    return null;
  };
  for (const node of arrows.keys()) {
    const found = follow(node);
    if (found !== null) return found;
  }
  return null;
}

test('a circle is found where there is one', () => {
  expect(
    circle(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b']],
      ]),
    ),
  ).toEqual(['b', 'c', 'b']);
  expect(
    circle(
      new Map([
        ['a', ['b', 'c']],
        ['b', ['c']],
        ['c', []],
      ]),
    ),
  ).toBeNull();
});

test('no imports of the sources go in a circle, of types neither', () => {
  const arrows = imports();
  expect(arrows.size).toBeGreaterThan(400);
  expect(arrows.get('src/engine/graph/graph.ts')).toContain('src/engine/graph/operations.ts');
  expect(circle(arrows)?.join(' → ') ?? null).toBeNull();
});

/** Values a file exports, and how often each name is said in it. */
function exportedValues(file: string): { names: string[]; isUsedHere: (name: string) => boolean } {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), 'utf8'),
    ts.ScriptTarget.Latest,
  );
  const names: string[] = [];
  const counts = new Map<string, number>();
  const count = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) counts.set(node.text, (counts.get(node.text) ?? 0) + 1);
    ts.forEachChild(node, count);
  };
  count(source);
  for (const statement of source.statements) {
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (isExported !== true) continue;
    if (ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations) {
        if (ts.isIdentifier(name)) names.push(name.text);
      }
    } else if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
      if (statement.name !== undefined) names.push(statement.name.text);
    }
  }
  return { names, isUsedHere: (name) => counts.get(name)! > 1 };
}

/** Words of the code of these files, comments too. */
function wordsOf(files: readonly string[]): ReadonlySet<string> {
  return new Set(
    files.flatMap((file) => readFileSync(join(root, file), 'utf8').match(/\b\w+\b/g) ?? []),
  );
}

test('what the sources export, the product uses, and somebody imports', () => {
  // VS Code's own entry.
  const entries = new Set(['activate', 'deactivate']);
  const words = new Map(filesBelow('src', /\.ts$/).map((file) => [file, wordsOf([file])]));
  const outside = wordsOf([
    ...filesBelow('test', /\.ts$/),
    ...['bench', 'scripts', 'examples'].flatMap((folder) => filesBelow(folder, /\.(ts|mjs)$/)),
  ]);
  // Imports into packages what replaces a part of theirs.
  const build = wordsOf(['esbuild.config.mjs']);
  const withoutCaller: string[] = [];
  const withoutImport: string[] = [];
  for (const file of words.keys()) {
    if (file.endsWith('_pb.ts')) continue;
    const { names, isUsedHere } = exportedValues(file);
    for (const name of names) {
      if (entries.has(name)) continue;
      const isImported =
        build.has(name) || [...words].some(([other, said]) => other !== file && said.has(name));
      if (!isImported && !isUsedHere(name)) withoutCaller.push(`${file}: ${name}`);
      else if (!isImported && !outside.has(name)) withoutImport.push(`${file}: ${name}`);
    }
  }
  expect(words.size).toBeGreaterThan(400);
  expect(withoutCaller).toEqual([]);
  expect(withoutImport).toEqual([]);
});

test('a floor imports what its table names, and the root of the house', () => {
  const floors = { low: [], high: ['low'] };
  const may = (from: string, to: string): boolean =>
    mayImport(resolve('/h'), floors, resolve('/h', from), resolve('/h', to));
  expect(may('high/a', 'low/b')).toBe(true);
  expect(may('low/b', 'high/a')).toBe(false);
  expect(may('low/deep/b', 'high/deep/a')).toBe(false);
  expect(may('low/b', 'low/deep/c')).toBe(true);
  expect(may('low/b', 'root')).toBe(true);
  expect(may('low/b', '../other/high/a')).toBe(true);
  expect(may('unknown/b', 'low/a')).toBe(false);
});

test('no hand-written file is longer than can be read at once, or it says why', () => {
  const ends = /\.(ts|mjs|cjs|css|py)$/;
  const files = ['src', 'test', 'scripts', 'bench', 'examples'].flatMap((folder) =>
    filesBelow(folder, ends),
  );
  const long = files.filter((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const isExcused = /@generated|Longer than 500 lines: /.test(text.slice(0, 4000));
    return !isExcused && text.split('\n').length - 1 > MAX_LINES;
  });
  expect(long).toEqual([]);
});
