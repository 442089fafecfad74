import { strict as assert } from 'node:assert';
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pictures } from './themes';
import { given, Workbench } from './workbench';

/** A run as `basin_export.py` exported it, with PyTorch's own values beside it. */
const EXPORTED = join(__dirname, '../../../test/fixtures/oneStep/mlp');

/** What a user may do before the first landscape is there. */
const MAX_ACTIONS = 6;

/**
 * Stands for the user's PyTorch, which tests do not have: it runs no script but looks for the line in
 * it, and leaves what the real one wrote for the same network.
 */
async function environment(folder: string, run: string, checkpoints: string): Promise<void> {
  const python = join(folder, '.venv', 'bin', 'python');
  await mkdir(join(folder, '.venv', 'bin'), { recursive: true });
  await writeFile(
    python,
    `#!/bin/sh
grep -q 'basin_export import export' "$1" && [ "$BASIN_EXPORT" = only ] || exit 3
cp '${EXPORTED}/model.onnx' '${EXPORTED}/data.npz' '${EXPORTED}/probe.npz' '${run}/'
sed 's#"epoch-\\*.pt"#"${checkpoints}"#' '${EXPORTED}/basin.json' > '${run}/basin.json'
`,
  );
  await chmod(python, 0o755);
}

const TRAIN = `import torch
from torch import nn

model = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), 0.01)
for epoch in range(3):
    for x, y in loader:
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), f"runs/mlp/epoch-{epoch}.pt")
`;

const TRAINER = `from transformers import Trainer, TrainingArguments

trainer = Trainer(model, TrainingArguments("out"), train_dataset=data)
trainer.train()
`;

/** From checkpoints nobody has told Basin of to the landscape, every action counted. */
describe('a new user', () => {
  for (const { name, script, text, run, checkpoints, files, line } of [
    {
      name: 'plain',
      script: 'train.py',
      text: TRAIN,
      run: 'runs/mlp',
      checkpoints: 'epoch-*.pt',
      files: ['epoch-1.pt', 'epoch-2.pt'],
      line: 'import sys; sys.path.insert(0, "runs/mlp"); from basin_export import export; export(model, loader, criterion)',
    },
    {
      name: 'trainer',
      script: 'finetune.py',
      text: TRAINER,
      run: 'out',
      checkpoints: 'checkpoint-*/pytorch_model.bin',
      files: Array.from({ length: 300 }, (_, i) => `checkpoint-${(i + 1) * 100}/pytorch_model.bin`),
      line: 'import sys; sys.path.insert(0, "out"); from basin_export import export; export(trainer)',
    },
  ]) {
    describe(`with a ${name} script and ${files.length} checkpoints`, () => {
      let bench: Workbench;
      let actions = 0;
      const folder = join(given().workspace, '..', `new-user-${name}`);

      before(async () => {
        for (const file of files) {
          await mkdir(join(folder, run, file, '..'), { recursive: true });
          await cp(join(EXPORTED, 'epoch-2.pt'), join(folder, run, file));
        }
        await writeFile(join(folder, script), text);
        await environment(folder, join(folder, run), checkpoints);
        bench = await Workbench.open(folder);
      });

      after(async () => {
        await bench.close();
      });

      afterEach(async function () {
        await bench.afterTest(this.currentTest);
      });

      async function act(action: () => Promise<unknown>): Promise<void> {
        actions++;
        await action();
      }

      it(`sees the landscape after at most ${MAX_ACTIONS} actions and one line of Python`, async () => {
        await act(() => bench.showRuns());
        const row = bench.row(`Run ${run.split('/').at(-1)!}`, 1);
        await row.waitFor({ timeout: 60_000 });
        assert.match((await row.getAttribute('aria-label')) ?? '', /no basin\.json: set up/);
        await bench.screenshot(`setup-${name}-tree`);

        await act(() => row.click());
        const offer = bench.notification(/exports graph, data and loss/);
        await offer.waitFor({ timeout: 60_000 });
        await bench.screenshot(`setup-${name}-offer`);

        await act(() => offer.getByRole('button', { name: 'Insert and Run' }).click());
        const ready = bench.notification(/is set up/);
        await ready.waitFor({ timeout: 90_000 });
        assert.deepEqual(
          (await readFile(join(folder, script), 'utf8'))
            .split('\n')
            .filter((each) => !text.split('\n').includes(each)),
          [line],
        );
        await bench.screenshot(`setup-${name}-ready`);

        await act(() => ready.getByRole('button', { name: 'Analyze' }).click());
        await bench.panel().locator('canvas').first().waitFor({ timeout: 120_000 });
        await bench.panel().getByRole('heading', { name: 'Loss landscape', exact: true }).waitFor();
        await bench.row('graph ✓ data ✓ weights ✓ probe ✓', 1).waitFor({ timeout: 60_000 });
        await bench.page.waitForTimeout(1500);
        if (name === 'plain') {
          await pictures(bench, `setup-${name}`, async () => {
            await bench.panel().locator('canvas').first().waitFor();
            return bench.page.locator('.part.editor');
          });
        } else {
          await bench.screenshot(`setup-${name}-landscape`);
        }
        assert.ok(actions <= MAX_ACTIONS, `${actions} actions`);
      });
    });
  }
});
