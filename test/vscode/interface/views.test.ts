import { strict as assert } from 'node:assert';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { Workbench } from './workbench';

/** Every view of a plot: what is chosen for it, and what a screen reader is told of it. */
const VIEWS: readonly (readonly [plot: string, as: string | null, told: RegExp])[] = [
  ['landscape', 'Surface', /^Loss on a grid of \d+ by \d+ points/],
  ['landscape', 'Map', /^Loss on a grid of \d+ by \d+ points/],
  ['persistence', 'Diagram', /essential pair is born at/],
  ['persistence', 'Barcode', /essential pair is born at/],
  ['persistence', 'Counts', /essential pair is born at/],
  ['tree', 'Tree', /joined at \d+ saddle/],
  ['tree', 'Profile', /joined at \d+ saddle/],
  ['density', null, /^Eigenvalue density of the Hessian from/],
  ['layers', null, /\d/],
  ['along', null, /\d/],
  ['training', null, /Loss.* over /],
  ['relate', null, /Spearman|No rank correlation|no rank correlation/],
  ['compare', 'Maps', /\d/],
  ['compare', 'Difference', /\d/],
  ['compare', 'Diagrams', /\d/],
];

const THEMES = [
  ['Dark Modern', 'vs-dark'],
  ['Light Modern', 'vs'],
  ['Dark High Contrast', 'hc-black'],
  ['Light High Contrast', 'hc-light'],
] as const;

/** Different colours that are to be seen of a plot; marks, lines and text make many. */
async function colours(stage: Locator): Promise<number> {
  const picture = await stage.screenshot();
  return stage.page().evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const copy = new OffscreenCanvas(image.width, image.height);
    const context = copy.getContext('2d')!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    const seen = new Set<number>();
    for (let k = 0; k < data.length; k += 4) {
      seen.add((data[k]! << 16) | (data[k + 1]! << 8) | data[k + 2]!);
    }
    return seen.size;
  }, picture.toString('base64'));
}

async function until(what: () => Promise<boolean>, message: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.fail(message);
}

/** All views of the panel in the editor, of results the engine has just made. */
describe('the views of the panel', () => {
  let bench: Workbench;
  const refused: string[] = [];

  before(async () => {
    bench = await Workbench.open();
    bench.page.on('console', (message) => {
      if (message.text().includes('Content Security Policy of basin')) {
        refused.push(message.text());
      }
    });
    await bench.showRuns();
    await bench.row('Run resnet', 1).waitFor({ timeout: 60_000 });
    // The plain run's landscape is made to take long.
    for (const name of ['epoch-000.pt', 'epoch-024.pt', 'epoch-030.pt']) {
      await bench.run('Basin: Analyze Checkpoint');
      await bench.page.locator('.quick-input-widget', { hasText: 'Analyze Checkpoint' }).waitFor();
      await bench.pick(name, 'resnet');
      const done = bench.notification(new RegExp(`resnet/${name}: loss`));
      await done.waitFor({ timeout: 120_000 });
      if (name === 'epoch-030.pt') {
        await done.getByRole('button', { name: 'Open Landscape' }).click();
      } else await bench.dismissNotifications();
    }
    await bench.panel().locator('#persistence canvas').waitFor({ timeout: 60_000 });
    await bench
      .panel()
      .locator('body')
      .evaluate(() => {
        document.addEventListener(
          'securitypolicyviolation',
          ({ violatedDirective, blockedURI }) => {
            console.error(`Content Security Policy of basin: ${violatedDirective} ${blockedURI}`);
          },
        );
      });
  });

  after(async () => {
    await bench.close();
  });

  afterEach(async function () {
    await bench.afterTest(this.currentTest);
  });

  for (const [plot, as, told] of VIEWS) {
    it(`draws ${plot}${as === null ? '' : ` as ${as}`}`, async () => {
      const section = bench.panel().locator(`#${plot}`);
      await section.scrollIntoViewIfNeeded();
      if (plot === 'compare' && (await section.locator('[role=radio]').first().isHidden())) {
        await section.locator('vscode-dropdown').first().click();
        await section.locator('vscode-option', { hasText: 'epoch-000' }).first().click();
      }
      if (as !== null) await section.getByRole('radio', { name: as, exact: true }).click();
      const stage = section.locator('.stage');
      await until(
        async () => (await colours(stage)) > 20,
        `${plot}: no more than ${String(await colours(stage))} colours`,
      );
      assert.match((await stage.getAttribute('aria-label')) ?? '', told);
      // What is drawn can be read as a table, too.
      const table = section.getByRole('button', { name: / as a table$/ });
      await table.click();
      assert.ok((await section.locator('tbody tr').count()) > 0, 'the table is empty');
      await table.click();
    });
  }

  for (const [label, mark] of THEMES) {
    it(`has its strongest mark at what is pointed at in ${label}`, async () => {
      await bench.theme(label, mark);
      const panel = bench.panel();
      await panel.locator('#persistence').scrollIntoViewIfNeeded();
      const diagram = panel.getByRole('radio', { name: 'Diagram', exact: true });
      await diagram.click();
      await bench.page.waitForTimeout(1500);
      const values = await panel.locator('body').evaluate((body: HTMLElement) => {
        const own = getComputedStyle(document.documentElement);
        const names = [...own].filter((name) => name.startsWith('--vscode-'));
        const probe = document.createElement('span');
        body.append(probe);
        const color = (role: string) => {
          probe.style.color = `var(--basin-${role})`;
          return getComputedStyle(probe).color;
        };
        const roles = Object.fromEntries(
          ['background', 'foreground', 'muted', 'accent', 'highlight'].map((role) => [
            role,
            color(role),
          ]),
        );
        probe.remove();
        return {
          roles,
          kind: body.classList.value,
          variables: Object.fromEntries(names.map((name) => [name, own.getPropertyValue(name)])),
        };
      });
      await mkdir(bench.given.screenshots, { recursive: true });
      const file = `panel-theme-${mark}`;
      await writeFile(
        join(bench.given.screenshots, `${file}.json`),
        JSON.stringify(values, null, 1),
      );
      await panel.locator('#persistence-stage').focus();
      await bench.page.keyboard.press('ArrowRight');
      await bench.page.waitForTimeout(500);
      await bench.screenshot(file);
      const { highlight, accent, background } = values.roles;
      assert.ok(contrast(highlight!, background!) >= 3, JSON.stringify(values.roles));
      assert.doesNotMatch(`${highlight} ${accent}`, /rgba|\//, 'a mark that shows through');
      assert.notEqual(highlight, accent);
    });
  }

  it('has its policy broken by nothing', () => {
    assert.deepEqual(refused, []);
  });
});

/** WCAG 2.2: of two opaque colours. */
function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(color: string): number {
  const scale = color.startsWith('color(') ? 1 : 255;
  const [red, green, blue] = (color.match(/[\d.]+(e-?\d+)?/g) ?? []).map((channel) => {
    const share = Number(channel) / scale;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}
