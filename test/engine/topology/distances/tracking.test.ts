import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeTopology } from '../../../../src/engine/topology/analyzeTopology';
import { trackMinima } from '../../../../src/shared/diagrams/tracking';
import { wassersteinDistance } from '../../../../src/shared/diagrams/wasserstein';
import { fromScalar } from '../../../../src/shared/result/scalar';
import { sampled } from '../analyticFunctions';
import { plainGrids, randomNumbers, wildGrids } from '../landscapes';

const steps = 41;
/** Wells of given depths at given places on a flat floor of height 1. */
function wells(list: readonly (readonly [x: number, y: number, depth: number])[]) {
  const values = sampled(
    (x, y) =>
      list.reduce(
        (sum, [cx, cy, depth]) => sum - depth * Math.exp(-30 * ((x - cx) ** 2 + (y - cy) ** 2)),
        1 + 0.01 * (x * x + y * y),
      ),
    [-1, 1, steps],
    [-1, 1, steps],
  );
  return analyzeTopology(values, [steps, steps], { threshold: 0.05, sensitivity: [] });
}

describe('tracking minima through checkpoints', () => {
  it('follows two wells while one becomes the deeper, and a third that comes and goes', () => {
    const series = [0, 1, 2, 3, 4].map((t) =>
      wells([
        [-0.5, 0, 0.9 - 0.1 * t],
        [0.5, 0.1 * t, 0.6 + 0.05 * t],
        ...(t === 2 || t === 3 ? ([[0, -0.7, 0.2]] as const) : []),
      ]),
    );
    const tracks = trackMinima(series, { positionWeight: 0.5 });
    expect(tracks.map((track) => track.steps.map(({ checkpoint }) => checkpoint))).toEqual([
      [0, 1, 2, 3, 4],
      [0, 1, 2, 3, 4],
      [2, 3],
    ]);
    // Each stays the well it is, whichever is the global minimum.
    const column = ({ birthVertex }: { birthVertex: number }) => Math.floor(birthVertex / steps);
    expect(tracks[0]!.steps.every((step) => column(step) < 20)).toBe(true);
    expect(tracks[1]!.steps.every((step) => column(step) > 20)).toBe(true);
    expect(tracks[0]!.steps[0]!.pair).toBe(-1);
    expect(tracks[1]!.steps.at(-1)!.pair).toBe(-1);
  });

  it('has every pair in one track, and costs that make the Wasserstein distance', () => {
    fc.assert(
      fc.property(fc.oneof(plainGrids, wildGrids), fc.nat(), ({ shape, values }, seed) => {
        const moved = values.map((x, v) => x + 50 * randomNumbers(seed + v, 1)[0]!);
        const series = [values, moved, values].map((grid) =>
          analyzeTopology(grid, shape, { threshold: 0, sensitivity: [] }),
        );
        const tracks = trackMinima(series);
        series.forEach(({ pairs }, checkpoint) => {
          const seen = tracks
            .flatMap((track) => track.steps.filter((step) => step.checkpoint === checkpoint))
            .map(({ pair }) => pair)
            .sort((a, b) => a - b);
          expect(seen).toEqual([-1, ...pairs.keys()]);
        });
        for (const track of tracks) {
          track.steps.forEach((step, k) => {
            expect(step.checkpoint).toBe(track.steps[0]!.checkpoint + k);
          });
        }
      }),
    );
    // Of one global maximum, so that the essential pairs differ in their births alone.
    const series = [3, 4].map((seed) =>
      analyzeTopology(randomNumbers(seed, 144).with(70, 1), [12, 12], {
        threshold: 0,
        sensitivity: [],
      }),
    );
    const [first, second] = series.map(({ pairs, essential }) =>
      [...pairs, essential].map(({ birth, death }) => ({
        birth: fromScalar(birth),
        death: fromScalar(death),
      })),
    );
    const distance = wassersteinDistance(first!, second!).distance;
    let sum = 0;
    for (const { steps: way } of trackMinima(series)) {
      const [step] = way;
      sum += way.length === 2 ? way[1]!.cost ** 2 : ((step!.death - step!.birth) / 2) ** 2;
    }
    expect(Math.sqrt(sum)).toBeCloseTo(distance, 9);
  });

  it('keeps the global minimum however high the rim of the grid is', () => {
    const series = [80, 20].map((rim) =>
      analyzeTopology(Float64Array.of(rim, 1, 5), [3], { threshold: 0 }),
    );
    expect(trackMinima(series).map(({ steps }) => steps.map(({ cost }) => cost))).toEqual([[0, 0]]);
  });

  it('of nothing is nothing, of one checkpoint its pairs', () => {
    expect(trackMinima([])).toEqual([]);
    const topology = analyzeTopology(Float64Array.of(0, 5, 3, 6), [4], { threshold: 0 });
    expect(trackMinima([topology]).map(({ steps: [step] }) => step!.birth)).toEqual([0, 3]);
  });
});
