import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { comparisonDocument } from '../../src/extension/documents/comparisonDocument';
import { plural, speak, t } from '../../src/shared/words/text';
import { describeResult } from '../../src/extension/words/summary';
import { textsOfSources, untranslatedTexts } from './textsOfSources';

const root = join(import.meta.dirname, '..', '..');

function read(name: string): Record<string, string> {
  return JSON.parse(readFileSync(join(root, name), 'utf8')) as Record<string, string>;
}

/** What must be in a translation as it is: holes, commands, settings, code. */
function marks(text: string): string[] {
  return [...text.matchAll(/\{\d+\}|\(command:[^)]*\)|`[^`]*`|basin\.json|\bλmax\b/g)]
    .map(([mark]) => mark)
    .sort();
}

describe('the manifest', () => {
  const english = read('package.nls.json');
  const chinese = read('package.nls.zh-cn.json');
  const manifest = readFileSync(join(root, 'package.json'), 'utf8');

  it('has a text for every key, and no text without one', () => {
    const keys = [...manifest.matchAll(/"%([\w.-]+)%"/g)].map(([, key]) => key ?? '');
    expect([...new Set(keys)].sort()).toEqual(Object.keys(english).sort());
  });

  it('says nothing outside of them that a user reads', () => {
    const { contributes } = JSON.parse(manifest) as { contributes: unknown };
    const spoken = new Set([
      'title',
      'description',
      'markdownDescription',
      'displayName',
      'altText',
      'contents',
    ]);
    const found: string[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        const isText = typeof inner === 'string' && spoken.has(key) && inner !== 'Basin';
        if (isText && !/^%[\w.-]+%$/.test(inner)) found.push(inner);
        visit(inner);
      }
    };
    visit(contributes);
    expect(found).toEqual([]);
  });

  it('is translated whole, with what must stay as it is', () => {
    expect(Object.keys(chinese).sort()).toEqual(Object.keys(english).sort());
    for (const [key, text] of Object.entries(english)) {
      expect(marks(chinese[key] ?? ''), key).toEqual(marks(text));
    }
  });
});

/** Names that the engine gives to what it compares, and what a report without scripts says. */
const SAID_ELSEWHERE = [
  'This report draws its plots with a script; the numbers are in the page’s source, as JSON.',
  'average persistence over range, finite pairs',
  'average persistence, finite pairs',
  'average persistence, pairs inside',
  'average persistence, with the essential pair',
  'largest persistence, finite pairs',
  'minima',
  'minima inside',
  'persistence entropy',
  'range of values',
  'saddles',
  'saddles inside',
  'total persistence, finite pairs',
  'total persistence, pairs inside',
  'trace',
];

describe('what the host and its pages say', () => {
  const bundle = read('l10n/bundle.l10n.zh-cn.json');
  const said = new Set(
    ['extension', 'webview'].flatMap((house) => [...textsOfSources(join(root, 'src', house))]),
  );

  afterEach(() => {
    speak();
  });

  it('is translated whole', () => {
    expect([...said].filter((text) => !(text in bundle))).toEqual([]);
  });

  it('has no text that nobody says', () => {
    const left = Object.keys(bundle).filter((text) => !said.has(text));
    expect(left.sort()).toEqual(SAID_ELSEWHERE);
  });

  it('is all there is to read on pages', () => {
    expect(untranslatedTexts(join(root, 'src', 'webview'))).toEqual([]);
  });

  it('keeps its holes and names', () => {
    for (const [text, translation] of Object.entries(bundle)) {
      expect(marks(translation), text).toEqual(marks(text));
    }
  });

  it('is said in the language of the window', () => {
    // As VS Code does it: a text of the bundle, its holes filled in.
    speak((message, ...values) =>
      (bundle[message] ?? message).replace(/\{(\d+)\}/g, (_, index: string) =>
        String(values[Number(index)]),
      ),
    );
    expect(t('Saved last: {0}, {1}', 'a.pt', '昨天')).toBe('最近保存：a.pt，昨天');
    expect(plural(3, 'saddle')).toBe('3 个鞍点');
    expect(
      describeResult({
        schema: 1,
        checkpoint: { path: 'e.pt', format: 'pytorch', sha256: '00', step: null, epoch: 3 },
        parameters: 1,
        runtime: { name: 'x', version: '1', precision: 'float32' },
        seed: 0,
        metrics: { loss: 0.25, samples: 4 },
        notes: [],
        timings: {},
      }),
    ).toBe('损失 0.25');
    const side = { path: 'a.pt', kind: 'result' as const };
    const names = ['loss', 'accuracy', 'error', 'eigenvalue 2', 'smallest eigenvalue', 'trace'];
    const text = comparisonDocument({
      schema: 1,
      first: side,
      second: side,
      metrics: names.map((name) => ({
        name,
        first: 1,
        second: 1,
        difference: 0,
        uncertainty: null,
        distinct: null,
      })),
      hessian: [],
      warnings: [],
    });
    for (const name of names) expect(text).not.toContain(`| ${name} |`);
    expect(text).toContain('| 特征值 2 |');
  });
});
