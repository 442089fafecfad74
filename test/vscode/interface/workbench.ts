import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  chromium,
  type Browser,
  type FrameLocator,
  type Locator,
  type Page,
} from 'playwright-core';

/** What scripts/test-vscode.mjs gives the interface tests. */
export interface Given {
  readonly url: string;
  readonly age: 'newest' | 'oldest';
  /** Folder of the editor's profile; what the installed extension starts has it in its path. */
  readonly profile: string;
  readonly workspace: string;
  readonly chromium: string;
  readonly environment: Record<string, string>;
  readonly screenshots: string;
}

export function given(): Given {
  const { basinTest } = globalThis as { basinTest?: Given };
  if (basinTest === undefined) throw new Error('Run these tests with npm run test:vscode.');
  return basinTest;
}

/** VS Code as its user sees it, in a browser. */
export class Workbench {
  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
    readonly given: Given,
    /** The folder that is open. */
    readonly folder: string,
  ) {}

  /**
   * Opens a folder in a new window of a new profile of the browser.
   *
   * @param workspace A `.code-workspace` to open instead, with the folder beside others in it.
   */
  static async open(folder = given().workspace, workspace?: string): Promise<Workbench> {
    const to = given();
    const browser = await chromium.launch({
      executablePath: to.chromium,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // Three.js without a graphics card.
        '--enable-unsafe-swiftshader',
      ],
      env: to.environment,
    });
    const page = await browser.newPage({ viewport: { width: 1500, height: 950 } });
    page.setDefaultTimeout(45_000);
    const query = workspace === undefined ? { folder } : { workspace };
    await page.goto(`${to.url}/?${new URLSearchParams(query).toString()}`, { timeout: 60_000 });
    await page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
    return new Workbench(browser, page, to, folder);
  }

  close(): Promise<void> {
    return this.browser.close();
  }

  /** Shows Basin's view in the side bar. */
  async showRuns(): Promise<void> {
    const tab = this.page.locator('.activitybar a.action-label[aria-label="Basin"]');
    await tab.waitFor({ timeout: 60_000 });
    const shown = this.page.locator('.sidebar .composite.title', { hasText: /basin/i });
    if (!(await shown.isVisible())) await tab.click();
    await this.page.locator('.sidebar .composite.title', { hasText: /basin/i }).waitFor();
  }

  /** Rows of the tree, by a part of what is read out for them. */
  row(name: string, level?: number): Locator {
    const at = level === undefined ? '' : `[aria-level="${level}"]`;
    return this.page.locator(`.sidebar .monaco-list-row${at}[aria-label*="${name}"]`);
  }

  /** Shows what is below a row. Not by a click on it: that sets up a run without a basin.json. */
  async expand(row: Locator): Promise<void> {
    if ((await row.getAttribute('aria-expanded')) === 'false') {
      await row.locator('.monaco-tl-twistie').click();
    }
  }

  /** Runs a command of the palette. */
  async run(title: string): Promise<void> {
    const { page } = this;
    const input = page.locator('.quick-input-widget input[type="text"]');
    const entry = page.locator('.quick-input-widget .monaco-list-row', { hasText: title }).first();
    // The palette does not refresh when a command comes late, and a list that is drawn again loses a
    // click: it is opened again.
    for (let attempt = 0; ; attempt++) {
      await page.keyboard.press('F1');
      try {
        // A key may be lost while an editor is opened, and the palette with it.
        await input.fill(`>${title}`, { timeout: 5000 });
        await entry.click({ timeout: 5000 });
        return;
      } catch (error) {
        await page.keyboard.press('Escape');
        if (attempt === 9) throw error;
      }
    }
  }

  /** Runs a command of the palette by the keyboard alone. */
  async type(title: string): Promise<void> {
    const { page } = this;
    const chosen = page.locator('.quick-input-widget .monaco-list-row.focused', { hasText: title });
    for (let attempt = 0; ; attempt++) {
      await page.keyboard.press('F1');
      try {
        await page.locator('.quick-input-widget input[type="text"]').waitFor({ timeout: 5000 });
        await page.keyboard.type(title);
        await chosen.waitFor({ timeout: 3000 });
        break;
      } catch (error) {
        await page.keyboard.press('Escape');
        if (attempt === 9) throw error;
      }
    }
    await page.keyboard.press('Enter');
  }

  /** Opens the right menu of something and gives its entries. */
  async menuOf(target: Locator): Promise<Locator> {
    await target.click({ button: 'right' });
    const entries = this.page.locator('.context-view .action-item .action-label');
    await entries.first().waitFor();
    return entries;
  }

  /** Chooses in the right menu of something, which takes no click in its first tenth of a second. */
  async chooseInMenu(target: Locator, title: string): Promise<void> {
    const entries = await this.menuOf(target);
    for (let attempt = 1; ; attempt++) {
      await this.page.waitForTimeout(250);
      const entry = entries.getByText(title, { exact: true });
      if (attempt < 3) {
        await entry.click();
      } else {
        // The pointer chooses, and a key takes what it is on.
        await entry.hover();
        await this.page.keyboard.press('Enter');
      }
      try {
        await entries.first().waitFor({ state: 'detached', timeout: 3000 });
        return;
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
  }

  /** Chooses in an open quick pick. */
  async pick(text: string, filter = text): Promise<void> {
    const input = this.page.locator('.quick-input-widget input[type="text"]');
    await input.fill(filter);
    await this.page
      .locator('.quick-input-widget .monaco-list-row', { hasText: text })
      .first()
      .click();
  }

  /** Opens a file by its name; one that was just written is not in the editor's list at once. */
  async openFile(name: string): Promise<void> {
    const row = this.page
      .locator('.quick-input-widget .monaco-list-row', { hasText: name })
      .first();
    for (let attempt = 1; ; attempt++) {
      await this.page.keyboard.press('Control+P');
      try {
        await this.page
          .locator('.quick-input-widget input[type="text"]')
          .fill(name, { timeout: 5000 });
        await row.click({ timeout: attempt < 5 ? 3000 : 15_000 });
        break;
      } catch (error) {
        if (attempt === 5) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
  }

  /**
   * Moves the pointer over a word of the editor until the hover is there that tells what it
   * should: lines move while the editor gets its lenses, and a hover is asked for only once.
   */
  async hoverOver(
    word: string,
    told: string | RegExp,
    within = '.monaco-editor',
  ): Promise<Locator> {
    const target = this.page.locator(`${within} .view-line span`, { hasText: word }).last();
    return this.hoverUntil(target, told);
  }

  /** The same of anything that may be drawn anew under the pointer. */
  async hoverUntil(target: Locator, told: string | RegExp): Promise<Locator> {
    const hover = this.page.locator('.monaco-hover:visible', { hasText: told }).first();
    for (let attempt = 0; attempt < 8; attempt++) {
      await this.page.mouse.move(700, 930);
      await this.page.waitForTimeout(400);
      await target.hover();
      try {
        await hover.waitFor({ timeout: 4000 });
        return hover;
      } catch {
        // The pointer was there before the editor had its words.
      }
    }
    throw new Error(`no hover that tells ${String(told)}`);
  }

  /** What is inside the panel. */
  panel(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  }

  /** The item that says what Basin works on. */
  statusBar(text: string | RegExp): Locator {
    return this.page.locator('.statusbar-item', { hasText: text });
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item', { hasText: text });
  }

  async dismissNotifications(): Promise<void> {
    await this.run('Notifications: Clear All Notifications');
  }

  /** What a test that failed has left open is none of the next one's. */
  async afterTest(test: { title: string; state?: string | undefined } | undefined): Promise<void> {
    if (test?.state !== 'failed') return;
    await this.screenshot(`failed-${test.title.replace(/[^a-z0-9]+/gi, '-')}`);
    for (let k = 0; k < 3; k++) await this.page.keyboard.press('Escape');
  }

  async screenshot(name: string): Promise<void> {
    await mkdir(this.given.screenshots, { recursive: true });
    await this.page.screenshot({ path: join(this.given.screenshots, `${name}.png`) });
  }

  /** Chooses a colour theme by its label. */
  async theme(label: string, mark: 'vs-dark' | 'vs' | 'hc-black' | 'hc-light'): Promise<void> {
    await this.run('Preferences: Color Theme');
    const input = this.page.locator('.quick-input-widget input[type="text"]');
    await input.fill(label);
    const row = this.page.locator('.quick-input-widget .monaco-list-row', { hasText: label });
    await row.first().waitFor();
    await this.page.keyboard.press('Enter');
    await this.page.locator(`.monaco-workbench.${mark}`).waitFor();
  }

  /** Where the extension was installed. */
  async installedFolder(): Promise<string> {
    const folder = join(this.given.profile, 'extensions');
    const name = (await readdir(folder)).find((each) => each.startsWith('basin.basin-'));
    if (name === undefined) throw new Error('the extension is not installed');
    return join(folder, name);
  }

  /** Process ids of the engine that this window's extension started: its script is in the profile. */
  async enginePids(): Promise<number[]> {
    const pids: number[] = [];
    for (const entry of await readdir('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        const command = await readFile(`/proc/${entry}/cmdline`, 'utf8');
        if (command.includes(this.given.profile) && command.includes('dist/engine.js\0')) {
          pids.push(Number(entry));
        }
      } catch {
        // Gone meanwhile.
      }
    }
    return pids;
  }
}
