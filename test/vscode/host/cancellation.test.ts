import { strict as assert } from 'node:assert';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as vscode from 'vscode';
import { Analyses, type Job } from '../../../src/extension/analysis/analyses';
import { Library } from '../../../src/extension/checkpoints/library';
import { ResultPlaces } from '../../../src/extension/checkpoints/resultPlaces';
import { EngineClient } from '../../../src/extension/client/engineClient';
import type { Log } from '../../../src/extension/log';
import type { ResultDocument } from '../../../src/shared/result';
import { inWorkspace } from './workspace';

/** So many are cancelled, so many of them at a time. */
const ROUNDS = 50;
const AT_ONCE = 5;
/** Points on each axis: work for some times as long as all that is cancelled takes. */
const SIDE = 71;

/** The extension's own queue, library and engine, with the engine's process and log in sight. */
class Window {
  readonly lines: string[] = [];
  private readonly places = new ResultPlaces(null, () => 'workspace');
  private readonly log: Log;
  readonly engine: EngineClient;
  private readonly library: Library;
  readonly analyses: Analyses;

  constructor() {
    const say = (line: string): void => void this.lines.push(line);
    this.log = { debug: say, info: say, warn: say, error: say };
    const extension = vscode.extensions.getExtension('basin.basin');
    assert.ok(extension);
    const script = join(extension.extensionPath, 'dist', 'engine.js');
    this.engine = new EngineClient({ script, idleMinutes: () => 0 }, this.log);
    this.library = new Library(this.places, this.log);
    this.analyses = new Analyses(
      () => Promise.resolve(this.engine),
      this.library,
      this.places,
      this.log,
    );
  }

  dispose(): void {
    this.analyses.dispose();
    this.library.dispose();
    this.engine.dispose();
  }
}

describe('an analysis', function () {
  this.timeout(400_000);
  const folder = inWorkspace('runs', 'cancelled');
  const configuration = join(folder, 'basin.json');
  const [own, first, second] = ['epoch-030.pt', 'epoch-004.pt', 'epoch-018.pt'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const script = inWorkspace('cancelled.py');
  let window: Window;

  before(async () => {
    await cp(inWorkspace('runs', 'resnet'), folder, { recursive: true });
    await rm(join(folder, '.basin'), { recursive: true, force: true });
    const settings = JSON.parse(await readFile(configuration, 'utf8')) as object;
    await writeFile(
      configuration,
      JSON.stringify({ ...settings, landscape: { resolution: SIDE, refine: false } }),
    );
    await mkdir(inWorkspace('cancelled'));
    await writeFile(script, 'load("runs/cancelled/epoch-018.pt")\n');
    window = new Window();
  });
  after(async () => {
    window.dispose();
    // Other tests count what is in the workspace.
    for (const path of [folder, inWorkspace('cancelled'), script]) {
      await rm(path, { recursive: true, force: true });
    }
  });

  /** What waits in the window's queue, cancelled after a while, and how it ended. */
  async function ofQueue<Answer>(job: Job<Answer>, after: number): Promise<string> {
    await pause(after);
    job.cancel();
    return (await job.ending).kind;
  }

  /** What waits or works in the engine itself. */
  async function ofEngine(
    ask: (token: vscode.CancellationToken) => Promise<unknown>,
    after: number,
  ): Promise<string> {
    const source = new vscode.CancellationTokenSource();
    const end = ask(source.token).then(
      () => 'done',
      (error: unknown) =>
        error instanceof Error && 'reason' in error ? String(error.reason) : String(error),
    );
    await pause(after);
    source.cancel();
    return end;
  }

  it(`lives through ${ROUNDS} cancellations of everything else`, async () => {
    const { analyses, engine, lines } = window;
    const order = { configuration, origin: 'user' as const };
    const running = analyses.enqueue({ ...order, checkpoints: [own] });
    let ended: string | undefined;
    void running.ending.then(({ kind }) => (ended = kind));
    await new Promise<void>((resolve) => {
      running.onProgress(({ part, fraction }) => {
        if (part === 'landscape' && fraction > 0) resolve();
      });
    });
    const { pid } = engine;
    assert.ok(pid !== undefined);

    const stores: [string] = [join(folder, '.basin')];
    const computing = { configuration, stores };
    let jobs = 0;
    const path = (along: 'line' | 'curve') => ({
      configuration,
      from: first,
      to: second,
      path: along,
    });
    const kinds: Readonly<Record<string, (after: number) => Promise<string>>> = {
      analysis: (after) => ofQueue(analyses.enqueue({ ...order, checkpoints: [first] }), after),
      run: (after) => ofQueue(analyses.enqueue({ ...order, checkpoints: [first, second] }), after),
      unasked: (after) =>
        ofQueue(analyses.enqueue({ ...order, origin: 'auto', checkpoints: [second] }), after),
      line: (after) => ofQueue(analyses.enqueuePath(path('line')), after),
      curve: (after) => ofQueue(analyses.enqueuePath(path('curve')), after),
      'analysis in the engine': (after) =>
        ofEngine(
          (token) =>
            engine.request(
              'basin/analyze',
              { job: `own ${(jobs += 1)}`, checkpoints: [first], ...computing },
              token,
            ),
          after,
        ),
      'curve in the engine': (after) =>
        ofEngine(
          (token) =>
            engine.request(
              'basin/interpolate',
              { job: `own ${(jobs += 1)}`, ...path('curve'), ...computing },
              token,
            ),
          after,
        ),
      comparison: (after) =>
        ofEngine((token) => engine.request('basin/compare', { first, second }, token), after),
      tensors: (after) =>
        ofEngine((token) => engine.request('basin/tensors', { path: first }, token), after),
      statistics: (after) =>
        ofEngine(
          (token) =>
            engine.request(
              'basin/tensorStatistics',
              { job: `own ${(jobs += 1)}`, path: second, indices: [0, 1, 2, 3] },
              token,
            ),
          after,
        ),
      report: (after) =>
        ofEngine(
          (token) =>
            engine.request(
              'basin/report',
              { folder, stores: [], out: inWorkspace('cancelled', 'page.html') },
              token,
            ),
          after,
        ),
      hover: (after) =>
        ofEngine((token) => engine.request('basin/inspect', { path: second }, token), after),
      'hover of the editor': async () => {
        const uri = vscode.Uri.file(script);
        await vscode.workspace.openTextDocument(uri);
        const place = new vscode.Position(0, 12);
        // A second one while the first is asked: the editor drops the first.
        const hovers = [0, 1].map(() =>
          vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', uri, place),
        );
        await Promise.all(hovers);
        return 'done';
      },
    };

    const names = Object.keys(kinds);
    const ends: string[] = [];
    for (let round = 0; round < ROUNDS; round += AT_ONCE) {
      const wave = Array.from({ length: AT_ONCE }, async (_, k) => {
        const kind = names[(round + k) % names.length]!;
        // From none to 90 ms, each kind at other moments.
        return `${kind}: ${await kinds[kind]!(((round + k) * 37) % 91)}`;
      });
      ends.push(...(await Promise.all(wave)));
      assert.equal(ended, undefined, `the analysis still runs after ${ends.length}`);
      assert.equal(engine.pid, pid, `the engine lives after ${ends.length}`);
    }

    const ending = await running.ending;
    assert.equal(ending.kind, 'done');
    assert.equal(engine.pid, pid);
    const wrong = ends.filter((end) => !/: (cancelled|done|input)$/.test(end));
    assert.deepEqual(wrong, []);
    // All that waited behind it, and of the others what had not been answered.
    const waiting = ends.filter((end) => /^(analysis|run|unasked|line|curve)/.test(end));
    assert.deepEqual(
      waiting.filter((end) => !end.endsWith(': cancelled')),
      [],
    );
    assert.ok(waiting.length >= 26, `${waiting.length} waited`);
    assert.deepEqual(
      lines.filter((line) => /did not answer|Unhandled|stopped/.test(line)),
      [],
    );
    const written = await readFile(
      join(folder, '.basin', 'results', 'epoch-030.pt.basin.json'),
      'utf8',
    );
    const document = JSON.parse(written) as ResultDocument;
    assert.equal(document.landscape?.values.length, SIDE * SIDE);
    assert.equal(document.hessian?.eigenvalues.length, 2);
  });
});
