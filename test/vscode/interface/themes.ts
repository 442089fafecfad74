import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import type { Workbench } from './workbench';

const THEMES = [
  { file: 'dark', settings: ['Dark Modern', 'Default Dark Modern'], mark: 'vs-dark' },
  { file: 'light', settings: ['Light Modern', 'Default Light Modern'], mark: 'vs' },
  { file: 'high-contrast', settings: ['Default High Contrast'], mark: 'hc-black' },
] as const;

/** Changes settings of the workspace by the file they are in: what is open stays open. */
export async function changeSettings(
  { folder: open }: Workbench,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  const folder = join(open, '.vscode');
  const path = join(folder, 'settings.json');
  let settings = {};
  try {
    settings = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch {
    // The first change.
  }
  await mkdir(folder, { recursive: true });
  await writeFile(path, JSON.stringify({ ...settings, ...change }, null, 2));
}

/**
 * Pictures of one surface in the dark, the light and the high-contrast theme, as
 * `NAME-dark.png` and so on; on the oldest VS Code in the dark one only.
 *
 * @param show Brings the surface up, in the theme that is set, and says where it is.
 */
export async function pictures(
  bench: Workbench,
  name: string,
  show: () => Promise<Locator | readonly Locator[]>,
): Promise<void> {
  await mkdir(bench.given.screenshots, { recursive: true });
  for (const { file, ...theme } of bench.given.age === 'newest' ? THEMES : THEMES.slice(0, 1)) {
    await use(bench, theme);
    await bench.page.screenshot({
      path: join(bench.given.screenshots, `${name}-${file}.png`),
      clip: await placeOf(bench, show),
    });
  }
  await use(bench, THEMES[0]);
}

/** Where a surface is; it is brought up again where it was drawn anew for the theme meanwhile. */
async function placeOf(
  bench: Workbench,
  show: () => Promise<Locator | readonly Locator[]>,
): Promise<Rectangle> {
  for (let attempt = 0; ; attempt++) {
    const shown = await show();
    await bench.page.waitForTimeout(300);
    try {
      return await around(Array.isArray(shown) ? shown : [shown as Locator]);
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Versions of the editor have different names for the same theme. */
async function use(
  bench: Workbench,
  { settings, mark }: { readonly settings: readonly string[]; readonly mark: string },
): Promise<void> {
  const names = bench.given.age === 'newest' ? settings : settings.toReversed();
  for (const setting of names) {
    await changeSettings(bench, { 'workbench.colorTheme': setting });
    try {
      await bench.page.locator(`.monaco-workbench.${mark}`).waitFor({ timeout: 8000 });
      return;
    } catch {
      // Not the name this version has for it.
    }
  }
  throw new Error(`no theme is called ${settings.join(' or ')}`);
}

/** The smallest rectangle around all of them, with a margin, within the window. */
async function around(locators: readonly Locator[]): Promise<Rectangle> {
  const margin = 8;
  let left = Infinity;
  let top = Infinity;
  let right = 0;
  let bottom = 0;
  for (const locator of locators) {
    const box = await locator.boundingBox();
    if (box === null) throw new Error('a surface is not in view');
    left = Math.min(left, box.x);
    top = Math.min(top, box.y);
    right = Math.max(right, box.x + box.width);
    bottom = Math.max(bottom, box.y + box.height);
  }
  const x = Math.max(0, left - margin);
  const y = Math.max(0, top - margin);
  return {
    x,
    y,
    width: Math.min(1500, right + margin) - x,
    height: Math.min(950, bottom + margin) - y,
  };
}
