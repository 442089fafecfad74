import { describe, expect, it } from 'vitest';
import type { MergeTree } from '../../../src/shared/result/topology';
import { stepMark, nearestMark } from '../../../src/webview/pairs/nearestMark';
import { pairMarks, type PairId } from '../../../src/webview/pairs/pairMark';
import { pairText } from '../../../src/webview/pairs/pairText';
import { persistenceFrame } from '../../../src/webview/topology/persistenceFrame';
import { treeLayout } from '../../../src/webview/topology/treeLayout';
import { himmelblau, sampleLandscape, sampleTopology } from '../sampleSnapshot';

const landscape = sampleLandscape(himmelblau, 201, 5);
const topology = sampleTopology(landscape, 1);
const marks = pairMarks(topology, landscape.axes);

describe('marks of the pairs', () => {
  it('are Himmelblau’s three finite pairs and the essential one, where they are', () => {
    // Closed form: minima at 0; saddles at 13.311926, 67.719150 and 104.015163.
    const deaths = marks.filter((mark) => !mark.essential).map((mark) => mark.death);
    expect(deaths).toHaveLength(3);
    [104.015163, 67.71915, 13.311926].forEach((death, k) => {
      expect(Math.abs(deaths[k]! - death)).toBeLessThan(0.2);
    });
    expect(marks[0]!.essential).toBe(true);
    const minima = marks.map((mark) => mark.places!.birth);
    for (const [x, y] of [
      [3, 2],
      [-2.805118, 3.131312],
      [-3.77931, -3.283186],
      [3.584428, -1.848126],
    ] as const) {
      const nearest = Math.min(...minima.map(([a, b]) => Math.hypot(a - x, b - y)));
      expect(nearest).toBeLessThan(0.06);
    }
  });

  it('say where and how persistent they are', () => {
    const text = pairText(marks[3]!);
    expect(text).toMatch(/^Pair · minimum .* at \(.*\) · saddle 13\.3/);
    expect(pairText(marks[0]!)).toMatch(/^Essential pair .* maximum/);
  });

  it('are gone through in a ring', () => {
    expect(stepMark(marks, null, 1)).toBe(marks[0]!.id);
    expect(stepMark(marks, null, -1)).toBe(marks[3]!.id);
    expect(stepMark(marks, marks[3]!.id, 1)).toBe(marks[0]!.id);
    expect(stepMark([], null, 1)).toBeNull();
  });

  it('answer to a pointer that is near, the nearest first', () => {
    const anchors = [
      { id: 1 as PairId, x: 10, y: 10 },
      { id: 2 as PairId, x: 16, y: 10 },
    ];
    expect(nearestMark(anchors, 14, 10)).toBe(2);
    expect(nearestMark(anchors, 60, 10)).toBeNull();
  });
});

describe('the range of a persistence plot', () => {
  it('leaves an essential pair that is far longer beyond its edge', () => {
    const frame = persistenceFrame(marks, 1);
    expect(frame.essentialBeyond).toBe(true);
    expect(frame.toHeight(marks[0]!)).toBeLessThan(frame.high);
    expect(frame.toHeight(marks[1]!)).toBe(marks[1]!.death);
    expect(frame.low).toBeLessThanOrEqual(0);
  });

  it('holds the essential pair where it is the only one', () => {
    const frame = persistenceFrame(marks.slice(0, 1), 1);
    expect(frame.essentialBeyond).toBe(false);
    expect(frame.high).toBeGreaterThan(marks[0]!.death);
  });

  it('is logarithmic with the landscape, where every birth is positive', () => {
    const above = marks.map((mark) => ({ ...mark, birth: mark.birth + 1, death: mark.death + 1 }));
    const frame = persistenceFrame(above, 0, 'log');
    expect(frame.scale).toBe('log');
    expect(frame.toHeight(above[1]!)).toBeCloseTo(Math.log10(above[1]!.death), 12);
    expect(frame.lossAt(frame.place(7))).toBeCloseTo(7, 12);
    for (const { at, text } of frame.ticks(5))
      expect(10 ** at).toBeCloseTo(Number(text.replaceAll(',', '')), 9);
    expect(persistenceFrame([{ ...above[0]!, birth: 0 }], 0, 'log').scale).toBe('linear');
  });

  it('is finite where the essential pair never dies', () => {
    for (const death of [Infinity, NaN]) {
      const endless = [{ ...marks[0]!, death }, ...marks.slice(1)];
      const frame = persistenceFrame(endless, 0);
      expect(frame.essentialBeyond).toBe(true);
      expect(Number.isFinite(frame.toHeight(endless[0]!))).toBe(true);
    }
  });
});

describe('the drawing of a merge tree', () => {
  // Minima 1, 2 and 3; 1 and 3 join at 4, then 2 joins them at 6.
  const tree: MergeTree = {
    nodes: [
      { vertex: 10, value: 1, kind: 'minimum', parent: 3, size: 4 },
      { vertex: 20, value: 2, kind: 'minimum', parent: 4, size: 3 },
      { vertex: 30, value: 3, kind: 'minimum', parent: 3, size: 1 },
      { vertex: 40, value: 4, kind: 'saddle', parent: 4, size: 2 },
      { vertex: 50, value: 6, kind: 'saddle', parent: 5, size: 5 },
      { vertex: 60, value: 9, kind: 'root', parent: -1, size: 1 },
    ],
  };
  const layout = treeLayout(tree);

  it('has a place for each minimum and the global one on the left', () => {
    expect(layout.leaves).toBe(3);
    expect(layout.x).toEqual([0, 2, 1, 0, 0, 0]);
  });

  it('gives a branch to the elder minimum below it', () => {
    expect(layout.branches.map((branch) => branch.minimumVertex)).toEqual([10, 20, 30, 10, 10]);
    expect(layout.branches[1]).toMatchObject({ from: 2, to: 6, x: 2, parentX: 0, size: 3 });
  });

  it('draws the tree of the sample with a leaf for every minimum', () => {
    expect(treeLayout(topology.mergeTree).leaves).toBe(topology.minima);
  });
});
