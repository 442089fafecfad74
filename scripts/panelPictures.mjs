// Pictures of every view of the panel, light, dark and in high contrast, for docs/images/panel, of real documents:
//   basin analyze examples/digits-resnet && basin analyze examples/convection-pinn/beta-1
//   basin report examples/digits-resnet --out digits.html && basin report examples/convection-pinn/beta-1 --out pinn.html
//   node scripts/panelPictures.mjs digits.html pinn.html
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { findChromium } from './chromium.mjs';

const [classifier, equation] = process.argv.slice(2);
if (classifier === undefined || equation === undefined) {
  throw new Error(
    'Give two reports: of a classifier with two runs, and of one whose plane is of eigenvectors.',
  );
}
const out = join(import.meta.dirname, '..', 'docs', 'images', 'panel');
await mkdir(out, { recursive: true });
const executablePath = await findChromium();
if (executablePath === undefined) {
  throw new Error('No Chromium on this machine; CHROMIUM names one.');
}
const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--use-gl=angle',
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
  ],
});

/** @type {Record<string, import('playwright-core').BrowserContextOptions>} */
const THEMES = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  'high-contrast': { colorScheme: 'dark', forcedColors: 'active' },
};

/** @param {string} report @param {string} theme @param {number} height */
async function open(report, theme, height = 900) {
  const context = await browser.newContext({
    ...THEMES[theme],
    viewport: { width: 1280, height },
    deviceScaleFactor: theme === 'light' ? 1.5 : 1,
  });
  const page = await context.newPage();
  await page.goto(pathToFileURL(resolve(report)).href);
  await page.locator('#landscape canvas').first().waitFor();
  await page.waitForTimeout(800);
  return page;
}

/** @param {import('playwright-core').Page} page @param {string} plot @param {string} option */
async function choose(page, plot, option) {
  await page.locator(`#${plot} [role=radio]`, { hasText: option }).click();
  await page.waitForTimeout(300);
}

try {
  for (const theme of Object.keys(THEMES)) {
    const folder = theme === 'light' ? out : join(out, theme);
    await mkdir(folder, { recursive: true });
    /** @param {import('playwright-core').Page} page @param {string} plot @param {string} name */
    const take = async (page, plot, name) => {
      await page.locator(`#${plot}`).screenshot({ path: join(folder, `${name}.png`) });
    };
    const page = await open(equation, theme);
    await page.screenshot({ path: join(out, `whole-${theme}.png`) });
    await take(page, 'landscape', 'surface');
    await choose(page, 'landscape', 'Map');
    await take(page, 'landscape', 'map');
    await take(page, 'persistence', 'diagram');
    await choose(page, 'persistence', 'Barcode');
    await take(page, 'persistence', 'barcode');
    await choose(page, 'persistence', 'Counts');
    await take(page, 'persistence', 'counts');
    await take(page, 'tree', 'tree');
    await choose(page, 'tree', 'Profile');
    await take(page, 'tree', 'profile');
    await take(page, 'density', 'density');
    await take(page, 'layers', 'layers');
    await take(page, 'along', 'along');
    await page.context().close();

    const both = await open(classifier, theme);
    // The corners of these planes are a thousand times as high as their middle.
    await choose(both, 'landscape', 'Log');
    const compare = both.locator('#compare');
    await compare.locator('vscode-dropdown').first().click();
    await compare.locator('vscode-option', { hasText: 'plain/epoch-030' }).first().click();
    await both.waitForTimeout(600);
    await take(both, 'compare', 'compare-maps');
    await compare.locator('vscode-dropdown').first().click();
    await compare.locator('vscode-option', { hasText: 'resnet/epoch-018' }).first().click();
    await both.waitForTimeout(600);
    await choose(both, 'compare', 'Difference');
    await take(both, 'compare', 'compare-difference');
    await choose(both, 'compare', 'Diagrams');
    await take(both, 'compare', 'compare-diagrams');
    await take(both, 'training', 'training');
    await take(both, 'relate', 'relate');
    await both.context().close();
  }
} finally {
  await browser.close();
}
