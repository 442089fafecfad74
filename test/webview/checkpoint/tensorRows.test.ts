import { describe, expect, it } from 'vitest';
import { COLUMNS, shareText, sortKey } from '../../../src/webview/checkpoint/columns';
import { restorePageState } from '../../../src/webview/checkpoint/pageState';
import { chooseRows, MAX_ROWS } from '../../../src/webview/checkpoint/rows';
import { Tensors } from '../../../src/webview/checkpoint/tensors';
import type { TensorTable } from '../../../src/shared/engineProtocol';
import { say } from '../../../src/shared/words/message';

const table: TensorTable = {
  names: ['layer.10.weight', 'layer.9.weight', 'layer.9.bias', 'Head.weight'],
  dtypes: ['float32', 'int64'],
  dtype: [0, 0, 1, 0],
  shapes: [[64, 3, 3, 3], [64, 12], [], [0, 5]],
  bytes: [6912, 3072, 8, null],
};

const names = (tensors: Tensors, rows: Int32Array): string[] =>
  [...rows].map((index) => tensors.name(index));

describe('the rows of a table of tensors', () => {
  const tensors = new Tensors(table);

  it('are in the file’s order, and all, where nothing is asked for', () => {
    expect([...chooseRows(tensors, '  ', null)]).toEqual([0, 1, 2, 3]);
  });

  it('contain every word, in whichever case, of name, type and shape', () => {
    expect([...chooseRows(tensors, 'WEIGHT layer', null)]).toEqual([0, 1]);
    expect([...chooseRows(tensors, 'int64', null)]).toEqual([2]);
    expect([...chooseRows(tensors, '3×3', null)]).toEqual([0]);
    expect([...chooseRows(tensors, 'scalar', null)]).toEqual([2]);
    expect([...chooseRows(tensors, '.*', null)]).toEqual([]);
  });

  it('are sorted by the numbers in names', () => {
    expect(names(tensors, chooseRows(tensors, '', { column: 'name', descending: false }))).toEqual([
      'Head.weight',
      'layer.9.bias',
      'layer.9.weight',
      'layer.10.weight',
    ]);
  });

  it('have what is not known last, whichever way they are sorted', () => {
    for (const descending of [true, false]) {
      expect(chooseRows(tensors, '', { column: 'bytes', descending }).at(-1)).toBe(3);
    }
    const rows = chooseRows(tensors, '', { column: 'bytes', descending: true });
    expect([...rows]).toEqual([0, 1, 2, 3]);
  });

  it('are sorted by statistics once they are known', () => {
    const statistics = { deviation: 1, min: 0, max: 1, zeros: 0, nonFinite: 0, norm: 1 };
    const known = new Tensors(table);
    known.learn([
      { index: 1, ok: true, statistics: { ...statistics, mean: -2 } },
      { index: 0, ok: true, statistics: { ...statistics, mean: 'Infinity' } },
      { index: 2, ok: false, message: say`No.` },
    ]);
    expect([...chooseRows(known, '', { column: 'mean', descending: false })]).toEqual([1, 0, 2, 3]);
  });

  it('of a hundred thousand tensors are there in a moment, and no more than people can use', () => {
    const count = 100_000;
    const many = new Tensors({
      names: Array.from({ length: count }, (_, i) => `model.layers.${count - i}.weight`),
      dtypes: ['float32'],
      dtype: new Array<number>(count).fill(0),
      shapes: new Array<number[]>(count).fill([4]),
      bytes: new Array<number>(count).fill(16),
    });
    const used = process.cpuUsage();
    const rows = chooseRows(many, 'layers', { column: 'name', descending: false });
    const { user } = process.cpuUsage(used);
    expect(rows[0]).toBe(count - 1);
    expect(rows.length).toBe(count);
    expect(user / 1000).toBeLessThan(2000);
    expect(MAX_ROWS * 24).toBeLessThan(2 ** 24.1);
  });
});

describe('what cells say', () => {
  const column = (id: string) => COLUMNS.find((each) => each.id === id)!;

  it('is a count, a size, a shape', () => {
    const tensors = new Tensors(table);
    expect(column('parameters').text(tensors, 0)).toBe('1,728');
    expect(column('parameters').text(tensors, 2)).toBe('1');
    expect(column('parameters').text(tensors, 3)).toBe('0');
    expect(column('shape').text(tensors, 2)).toBe('scalar');
    expect(column('mean').text(tensors, 0)).toBe('');
    const sizes = [null, 1536, 2 ** 31, 6912];
    const sized = new Tensors({ ...table, bytes: sizes });
    expect(sizes.map((_, index) => column('bytes').text(sized, index))).toEqual([
      '–',
      '1.5 KiB',
      '2 GiB',
      '6.75 KiB',
    ]);
  });

  it('never rounds a few to none, nor almost all to all', () => {
    expect(shareText(0)).toBe('0 %');
    expect(shareText(1e-9)).toBe('< 0.1 %');
    expect(shareText(0.25)).toBe('25 %');
    expect(shareText(1 - 1e-9)).toBe('> 99.9 %');
    expect(shareText(1)).toBe('100 %');
  });

  it('sorts as people count', () => {
    expect(sortKey('a9') < sortKey('a10')).toBe(true);
    expect(sortKey('64×3') < sortKey('64×12')).toBe(true);
  });
});

describe('what the page kept', () => {
  it('is taken where it is what it must be', () => {
    const state = {
      search: 'conv',
      sorting: { column: 'max', descending: true },
      active: 3,
      scrollTop: 120,
    };
    expect(restorePageState(state)).toEqual(state);
    for (const wrong of [
      null,
      3,
      'x',
      { sorting: { column: 'evil' }, active: 'a', scrollTop: -1 },
    ]) {
      expect(restorePageState(wrong)).toEqual({
        search: '',
        sorting: null,
        active: -1,
        scrollTop: 0,
      });
    }
  });
});
