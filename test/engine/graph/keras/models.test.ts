import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { arraysOf, FOLDER, lossOf, predictions, withModel, worst } from './kerasFixtures';

/** Models that need a word more than their data: which of several outputs is meant. */
const SETTINGS: Readonly<Record<string, object>> = {
  several: { output: 'classes' },
};

const files = ['keras3', 'keras2'].flatMap((age) =>
  readdirSync(join(FOLDER, age))
    .filter((name) => /\.(keras|h5)$/.test(name))
    .map((name) => join(age, name)),
);

describe('models of Keras', () => {
  it('are there', () => {
    expect(files.length).toBeGreaterThan(30);
  });

  it.each(files)('%s gives the predictions and the loss that Keras gives', async (file) => {
    const arrays = file.replace(/\.\w+$/, '.npz');
    const expected = await arraysOf(join(FOLDER, arrays));
    const name = file.replace(/^.*[/\\]|\.\w+$/g, '');
    const settings = SETTINGS[name];
    const own = settings === undefined ? null : { checkpoints: ['*.keras', '*.h5'], ...settings };
    await withModel(
      file,
      arrays,
      async (opened) => {
        const found = await predictions(opened, expected);
        expect(worst(found, expected.get('predictions')!)).toBeLessThan(1e-5);
        const loss = expected.get('loss')!.data[0]!;
        expect(Math.abs((await lossOf(opened)) - loss) / Math.abs(loss)).toBeLessThan(1e-5);
      },
      own,
    );
  });
});
