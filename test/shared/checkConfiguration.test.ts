import { describe, expect, test } from 'vitest';
import { checkConfiguration } from '../../src/shared/checkConfiguration';
import { english, say } from '../../src/shared/words/message';

const GOOD = {
  checkpoints: ['*.pt'],
  model: 'model.onnx',
  data: { inputs: 'val.npz#x', targets: 'val.npz#y' },
  objective: { kind: 'classification' },
};
const PDE = { kind: 'pde', unknown: 'u', variables: ['x'], domain: { x: [0, 1] }, residual: 'u_x' };

/** Everything that is said, each with the setting it is about. */
function said(change: object): string[] {
  const checked = checkConfiguration({ ...GOOD, ...change });
  return checked.ok
    ? []
    : checked.problems.map(({ path, message }) => `${path.join('.')}: ${english(message)}`);
}

describe('what is wrong with a setting is said in words of Basin', () => {
  test.each<[object, string]>([
    [
      { objective: { ...PDE, domain: undefined } },
      'objective.domain: is missing; it must be an object with a value for each name',
    ],
    [
      { objective: { ...PDE, domain: { x: [0] } } },
      'objective.domain.x: must have 2 or more elements',
    ],
    [
      { objective: { ...PDE, domain: { x: [0, true] } } },
      'objective.domain.x.1: must be a number or a text, not true',
    ],
    [{ objective: { ...PDE, variables: 'x' } }, 'objective.variables: must be a list, not "x"'],
    [
      { objective: { ...PDE, constants: { k: '3' } } },
      'objective.constants.k: must be a number, not "3"',
    ],
    [
      { objective: { kind: 'mse' } },
      'objective.kind: must be one of "classification", "binary", "regression", "pde", "output", not "mse"',
    ],
    [
      { objective: {} },
      'objective.kind: is missing; it must be one of "classification", "binary", "regression", "pde", "output"',
    ],
    [{ objective: 'classification' }, 'objective: must be an object, not "classification"'],
    [
      { objective: { kind: 'regression', loss: 'l1' } },
      'objective.loss: must be "squared" or "absolute" or "huber", not "l1"',
    ],
    [
      { objective: { kind: 'regression', delta: 2 } },
      'objective.delta: is for the loss huber; remove it with squared',
    ],
    [
      { objective: { kind: 'classification', ignore: 1.5 } },
      'objective.ignore: must be a whole number, not 1.5',
    ],
    [
      { objective: { kind: 'classification', labelSmoothing: 2 } },
      'objective.labelSmoothing: must be 1 or less, not 2',
    ],
    [
      { objective: { kind: 'classification', classWeights: [] } },
      'objective.classWeights: must have 1 or more elements',
    ],
    [
      { objective: { kind: 'binary', positiveWeight: -1 } },
      'objective.positiveWeight: must be 0 or more, not -1',
    ],
    [
      { objective: { kind: 'binary', ignore: 3 } },
      'objective.ignore: is no setting that is known here; check its name and its place',
    ],
    [
      { data: { inputs: 3 } },
      'data.inputs: must be a text or an object with a value for each name, not 3',
    ],
    [{ data: { inputs: {} } }, 'data.inputs: names no array; name one for each input of the graph'],
    [{ data: { inputs: { x: 3 } } }, 'data.inputs.x: must be a text, not 3'],
    [
      { objective: { ...PDE, unknown: undefined } },
      'objective.unknown: is missing; it must be a text or a list',
    ],
    [{ output: '' }, 'output: must not be empty'],
    [{ checkpoints: undefined }, 'checkpoints: is missing; it must be a list'],
    [{ landscape: { resolution: 2 } }, 'landscape.resolution: must be 3 or more, not 2'],
    [
      { landscape: { share: true, center: 'first' } },
      'landscape.share: is for landscapes that are each around their own checkpoint; remove it, or the "center" first',
    ],
    [
      { landscape: { share: true, directions: 'trajectory' } },
      'landscape.share: says nothing for trajectory, whose landscape is one for all; remove it',
    ],
    [{ hessian: { probes: null } }, 'hessian.probes: must be a number, not null'],
    [{ landscap: {} }, 'landscap: is no setting that is known here; check its name and its place'],
  ])('%j', (change, sentence) => {
    expect(said(change)).toContain(sentence);
  });

  test('a file that is no object, and one that is right', () => {
    expect(checkConfiguration([])).toMatchObject({
      ok: false,
      problems: [
        { path: [], message: say`the file must hold an object, as in {"checkpoints": […], …}` },
      ],
    });
    expect(checkConfiguration(GOOD).ok).toBe(true);
    expect(said({ landscape: { share: true, center: 'checkpoint' } })).toEqual([]);
  });

  test('no sentence is the schema library’s, whatever is in the file', () => {
    const strange = [undefined, null, true, -1, 1.5, 1e300, '', 'x', [], [1], {}, { a: 1 }];
    const places = [
      (value: unknown) => ({ checkpoints: value }),
      (value: unknown) => ({ model: value, output: value, weights: value }),
      (value: unknown) => ({ data: value }),
      (value: unknown) => ({ data: { inputs: value, targets: value, limit: value } }),
      (value: unknown) => ({ objective: value }),
      (value: unknown) => ({ objective: { kind: value } }),
      (value: unknown) => ({
        objective: Object.fromEntries(
          Object.keys(PDE).map((key) => [key, key === 'kind' ? 'pde' : value]),
        ),
      }),
      (value: unknown) => ({
        objective: { ...PDE, weights: value, collocation: value, exact: value, test: value },
      }),
      (value: unknown) => ({ landscape: value, hessian: value, topology: value }),
      (value: unknown) => ({
        landscape: { resolution: value, range: value, seed: value, refine: value, through: value },
      }),
    ];
    for (const place of places) {
      for (const value of strange) {
        for (const sentence of said(place(value))) {
          expect(sentence).not.toMatch(
            /Invalid|Unrecognized|expected|received|Too (big|small)|undefined/,
          );
        }
      }
    }
  });
});
