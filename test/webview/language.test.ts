import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyFigure } from '../../src/webview/training/keyFigure';
import { pairText } from '../../src/webview/pairs/pairText';
import type { PairId, PairMark } from '../../src/webview/pairs/pairMark';
import { say } from '../../src/shared/words/message';
import { plural, speak, speakAs, t, translated } from '../../src/shared/words/text';
import { progressText } from '../../src/webview/state/screen';
import { MEASURES } from '../../src/webview/training/series';
import { COLUMNS } from '../../src/webview/checkpoint/columns';

const file = join(import.meta.dirname, '../../l10n/bundle.l10n.zh-cn.json');
const texts = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;

const mark: PairMark = {
  id: 1 as PairId,
  essential: false,
  birth: 0.25,
  death: 0.75,
  persistence: 0.5,
  birthVertex: 1,
  deathVertex: 2,
  border: false,
  keptWhenWidened: null,
  coordinates: null,
  places: { birth: [0, 1], death: [-1, 0.5] },
};

describe('a page in Chinese', () => {
  beforeEach(() => {
    speakAs({ tag: 'zh-cn', texts, sentences: {} });
  });

  afterEach(() => {
    speak();
  });

  it('says numbers with their nouns, one or many', () => {
    expect(plural(1, 'saddle')).toBe('1 个鞍点');
    expect(plural(12345, 'minimum', 'minima')).toBe('12,345 个极小值');
  });

  it('says what is pointed at', () => {
    expect(pairText(mark)).toBe(
      '点对 · 极小值 0.25，位于 (0, 1) · 鞍点 0.75，位于 (−1, 0.5) · 持久性 0.5',
    );
  });

  it('says what is being done', () => {
    const progress = {
      job: '1',
      checkpoint: '/r/e.pt',
      index: 2,
      count: 9,
      part: 'landscape' as const,
      fraction: 0.5,
    };
    expect(progressText(progress, [])).toBe('正在对 e.pt 的损失景观采样（第 3 个，共 9 个）');
  });

  it('has titles of measures and columns in it, though they were named before', () => {
    for (const each of [...MEASURES, ...COLUMNS]) {
      const title = each.title();
      // A sign of mathematics is the same in every language, and its label says what it is.
      const isSign = 'label' in each && !/\p{L}{2}/u.test(title);
      expect(isSign ? each.label() : title).toMatch(/\p{Script=Han}/u);
    }
  });

  it('says English where there is no translation, and English again without a language', () => {
    expect(t('No such text, {0}', 3)).toBe('No such text, 3');
    speak();
    expect(pairText(mark)).toBe(
      'Pair · minimum 0.25 at (0, 1) · saddle 0.75 at (−1, 0.5) · persistence 0.5',
    );
    expect(keyFigure('loss', null).value).toBe('–');
  });

  it('has the engine’s sentences in it, and in English without a language', () => {
    const sentence = say`The graph does not use ${2} tensors of the checkpoint (${'a, b'}).`;
    const sentences = {
      'The graph does not use {0} tensors of the checkpoint ({1}).': '{1}（{0}）',
    };
    speakAs({ tag: 'zh-cn', texts, sentences });
    expect(translated(sentence)).toBe('a, b（2）');
    speak();
    expect(translated(sentence)).toBe('The graph does not use 2 tensors of the checkpoint (a, b).');
  });

  it('takes what is put into a text as it is', () => {
    expect(t('No analysis of {0}', '{0} $& <b>.pt')).toBe('{0} $& <b>.pt 没有分析结果');
  });
});
