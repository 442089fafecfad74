import { ESLint } from 'eslint';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');

/** Lines of a function's body that the rule complains of. */
async function complaints(body: string): Promise<number[]> {
  const eslint = new ESLint({ cwd: ROOT });
  // The types are those of a file of the project.
  const [result] = await eslint.lintText(
    `declare const f: () => Promise<number>;\nexport async function g(): Promise<unknown> {\n${body}\n}\n`,
    { filePath: join(ROOT, 'src/engine/aborted.ts') },
  );
  return result!.messages
    .filter(({ ruleId }) => ruleId === 'basin/held-promise')
    .map(({ line }) => line - 2);
}

test('a promise that nobody hears while another is awaited is found, and no other', async () => {
  // One that is rejected in the second line ends the process: the first is not heard yet.
  expect(await complaints('const a = f();\nawait f();\nreturn a;')).toEqual([1]);
  expect(await complaints('const a = f();\nconst b = f();\nawait a;\nreturn b;')).toEqual([2]);
  expect(await complaints('const a = [1].map(f);\nawait f();\nreturn Promise.all(a);')).toEqual([
    1,
  ]);
  expect(
    await complaints('const a = f();\nfor await (const x of [f()]) void x;\nreturn a;'),
  ).toEqual([1]);
  expect(await complaints('const a = f();\nawait f();\nreturn 0;')).toEqual([1]);
  // Heard at once.
  expect(await complaints('const a = f();\nreturn Promise.all([a, f()]);')).toEqual([]);
  expect(await complaints('const a = await f();\nawait f();\nreturn a;')).toEqual([]);
  expect(await complaints('const a = f();\na.catch(() => 0);\nawait f();\nreturn a;')).toEqual([]);
  expect(await complaints('const a = f().catch(() => 0);\nawait f();\nreturn a;')).toEqual([]);
});
