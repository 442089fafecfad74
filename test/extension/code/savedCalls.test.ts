import { describe, expect, it } from 'vitest';
import { findSavedCalls } from '../../../src/extension/code/savedCalls';

const python = (text: string): string[] =>
  findSavedCalls(text, 'python').map(({ kind, path }) => `${kind} ${path}`);
const javascript = (text: string): string[] =>
  findSavedCalls(text, 'javascript').map(({ kind, path }) => `${kind} ${path}`);

describe('calls that save or load weights', () => {
  it.each([
    ['torch.save(model.state_dict(), "runs/a/last.pt")', 'save runs/a/last.pt'],
    [
      'torch.save({"model": m, "epoch": e}, f"runs/{name}/epoch-{epoch:03d}.pt")',
      'save runs/{name}/epoch-{epoch:03d}.pt',
    ],
    ['torch.save(checkpoint, run / f"epoch-{epoch:03d}.pt")', 'save epoch-{epoch:03d}.pt'],
    ['torch.save(s, os.path.join("runs", name, "last.pt"))', 'save runs/{}/last.pt'],
    ['torch.save(s, Path("runs") / "a" / "last.pt")', 'save a/last.pt'],
    ['torch.save(s, out + "/last.pt")', 'save /last.pt'],
    ["state = torch.load('last.pt', map_location='cpu')", 'load last.pt'],
    ['save_file(tensors, "model.safetensors")', 'save model.safetensors'],
    ['load_file("model.safetensors")', 'load model.safetensors'],
    ['model.save("runs/model.keras")', 'save runs/model.keras'],
    ['model.save_weights(f"w-{epoch:02d}.weights.h5")', 'save w-{epoch:02d}.weights.h5'],
    ['model.load_weights("w.h5")', 'load w.h5'],
    ['trainer.save_checkpoint("best.ckpt")', 'save best.ckpt'],
    ['np.savez("step-%05d.npz" % step, **params)', 'save step-%05d.npz'],
    ['tf.keras.models.load_model("m.keras")', 'load m.keras'],
    ['torch.save(\n    {\n        "a": 1,  # not "this.pt"\n    },\n    "b.pt",\n)', 'save b.pt'],
    ['path = f"runs/{n}/last.pt"\n\ntorch.save(state, path)', 'save runs/{n}/last.pt'],
    ['p: str = "a.pt"\np = "b.pt"\ntorch.save(s, p)\np = "c.pt"', 'save b.pt'],
    ['torch.save(s, r"runs\\a\\last.pt")', 'save runs\\a\\last.pt'],
  ])('%s', (text, call) => {
    expect(python(text)).toEqual([call]);
  });

  it.each([
    ['await model.save("file://./runs/model");', 'save file://./runs/model'],
    [
      'const m = await tf.loadLayersModel(`file://${dir}/model.json`);',
      'load file://${dir}/model.json',
    ],
    ['const p = "file:///tmp/m/model";\nawait model.save(p);', 'save file:///tmp/m/model'],
  ])('%s', (text, call) => {
    // Their endings: .json is no checkpoint's, but the address says what it is.
    expect(javascript(text)).toEqual([call]);
  });

  it.each([
    '# torch.save(model, "last.pt")',
    '"""torch.save(model, "last.pt")"""',
    'torch.save(model, path)',
    'image.save("plot.png")',
    'document.save()',
    'my_torch_save("last.pt")',
  ])('are none in %s', (text) => {
    expect(python(text)).toEqual([]);
  });

  it('are where the name of the function is', () => {
    const text = 'x = 1\ntorch.save(s, "a.pt")\n';
    const [call] = findSavedCalls(text, 'python');
    expect(text.slice(call?.start, call?.end)).toBe('torch.save');
  });

  it.each(['(', '"', "f'{", 'a: ', '{ ', 'torch.save(', '`${', 'x =', ' ', 'a.save('])(
    'are looked for in time however often %j is repeated',
    (piece) => {
      const begun = process.cpuUsage().user;
      const text = piece.repeat(Math.floor(400_000 / piece.length));
      findSavedCalls(text, 'python');
      findSavedCalls(text, 'javascript');
      expect(process.cpuUsage().user - begun).toBeLessThan(5e6);
    },
  );
});
