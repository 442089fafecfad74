import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../../src/extension/checkpoints/configurations';

const path = '/w/runs/a/basin.json';

describe('a basin.json', () => {
  it('names checkpoints, and inputs that are none', () => {
    const text = `\uFEFF{
      // JSON with comments
      "checkpoints": ["epoch-*.pt",],
      "model": "model.onnx",
      "data": { "inputs": "../../eval.npz#x", "targets": "../../eval.npz#y" },
    }`;
    expect(parseConfiguration(text, path)).toEqual({
      ok: true,
      file: {
        path,
        checkpoints: ['epoch-*.pt'],
        inputs: ['/w/runs/a/model.onnx', '/w/eval.npz'],
        settings: createHash('sha256')
          .update(
            '{"data":{"inputs":"../../eval.npz#x","targets":"../../eval.npz#y"},"model":"model.onnx"}',
          )
          .digest('hex'),
      },
    });
  });

  it('names the points of a differential equation as a file of its own', () => {
    const text =
      '{ "checkpoints": ["*.pt"], "objective": { "collocation": { "points": "p.npz" } } }';
    expect(parseConfiguration(text, path)).toMatchObject({
      ok: true,
      file: { inputs: ['/w/runs/a/p.npz'] },
    });
  });

  it('is used as far as it is typed', () => {
    const reading = parseConfiguration('{ "checkpoints": ["*.pt"], "mod', path);
    expect(reading).toMatchObject({ ok: true, file: { checkpoints: ['*.pt'] } });
  });

  it.each([
    ['{}', 'it names no checkpoints'],
    ['', 'ValueExpected at offset 0'],
    ['{ "checkpoints": "x.pt" }', 'it names no checkpoints'],
    ['[1]', 'it names no checkpoints'],
  ])('says why %s is of no use', (text, why) => {
    const reading = parseConfiguration(text, path);
    expect(reading.ok).toBe(false);
    expect(reading.ok ? '' : reading.message).toContain(`${path}: ${why}`);
  });
});
