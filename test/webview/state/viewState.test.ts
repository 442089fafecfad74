import { describe, expect, it } from 'vitest';
import { rgba, withAlpha } from '../../../src/webview/plots/theme';
import {
  clampCamera,
  HOME,
  INITIAL_STATE,
  restoreState,
} from '../../../src/webview/state/viewState';

describe('what the editor kept of the view', () => {
  it('comes back as it was', () => {
    const state = {
      ...INITIAL_STATE,
      selected: '/runs/a.pt',
      landscape: 'map',
      scale: 'log',
      persistence: 'barcode',
      tree: 'profile',
      threshold: 0.25,
      relateX: 'trace',
      relateY: 'error',
      explained: true,
      tables: ['density'],
    } as const;
    expect(restoreState(JSON.parse(JSON.stringify(state)))).toEqual(state);
  });

  it.each([undefined, null, 3, 'x', []])('is the start where it is %s', (kept) => {
    expect(restoreState(kept)).toEqual(INITIAL_STATE);
  });

  it('is replaced part by part where another version wrote it', () => {
    const restored = restoreState({
      selected: 7,
      landscape: 'globe',
      tables: ['density', 'gone'],
      camera: { azimuth: 'north' },
    });
    expect(restored).toEqual({ ...INITIAL_STATE, tables: ['density'] });
    expect(restored.camera).toEqual(HOME);
  });

  it('keeps the camera above the floor and out of the box', () => {
    const camera = clampCamera({ azimuth: 20, elevation: -3, distance: 0 });
    expect(camera.elevation).toBeGreaterThan(0);
    expect(camera.distance).toBeGreaterThanOrEqual(2);
    expect(Math.abs(camera.azimuth)).toBeLessThanOrEqual(Math.PI);
    expect(Math.cos(camera.azimuth)).toBeCloseTo(Math.cos(20), 12);
  });
});

describe('colours of the theme', () => {
  it('are read in every form a browser computes', () => {
    expect(rgba('rgb(1, 2, 3)')).toEqual([1, 2, 3, 255]);
    expect(rgba('rgba(1, 2, 3, 0.5)')).toEqual([1, 2, 3, 127.5]);
    expect(rgba('color(srgb 0.5 1 0 / 0.2)')).toEqual([127.5, 255, 0, 51]);
  });

  it('can be made more transparent', () => {
    expect(withAlpha('rgba(10, 20, 30, 0.5)', 0.5)).toBe('rgba(10, 20, 30, 0.25)');
  });
});
