import { describe, expect, it } from 'vitest';
import { kerasModelBytes } from '../../../../src/engine/graph/keras/kerasModel';
import { InputError } from '../../../../src/shared/inputError';

const input = { class_name: 'InputLayer', config: { name: 'in', batch_shape: [null, 4] } };

function dense(name: string, config: object = {}): object {
  return { class_name: 'Dense', config: { name, units: 3, ...config } };
}

function refusal(topology: object): string {
  try {
    kerasModelBytes(
      { dialect: 'keras3', topology: { ...topology }, training: null },
      [],
      'm.keras',
    );
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  return 'not refused';
}

function sequential(...layers: readonly object[]): object {
  return { class_name: 'Sequential', config: { name: 's', layers: [input, ...layers] } };
}

function call(layer: string): object {
  return [[[layer, 0, 0, {}]]];
}

describe('a configuration that cannot be built is refused with one sentence', () => {
  it.each([
    [
      'Python code',
      sequential({ class_name: 'Lambda', config: { name: 'twice' } }),
      /m\.keras: layer twice \(Lambda\): it holds Python code/,
    ],
    [
      'an unknown layer',
      sequential({ class_name: 'Fancy', config: { name: 'f' } }),
      /layer f \(Fancy\): Basin does not know layers of this class/,
    ],
    [
      'a name that clears the screen',
      sequential({ class_name: 'Fancy', config: { name: 'f\u001b[2J\n' } }),
      /^m\.keras: layer f\\(u001b|x1b)\[2J\S* \(Fancy\): .*export the model to ONNX\.$/,
    ],
    [
      'an output that no tensor is of',
      {
        class_name: 'Functional',
        config: {
          name: 'm',
          layers: [
            { ...input, name: 'in', inbound_nodes: [] },
            { ...dense('a'), name: 'a', inbound_nodes: call('in') },
          ],
          input_layers: [['in', 0, 0]],
          output_layers: [['a', 0, 1]],
        },
      },
      /m\.keras: nothing makes the output a of m; save the model again\./,
    ],
    [
      'an input larger than any memory',
      {
        class_name: 'Sequential',
        config: {
          name: 's',
          layers: [
            { class_name: 'InputLayer', config: { name: 'in', batch_shape: [null, 2 ** 31] } },
          ],
        },
      },
      /m\.keras: An array \[1, 2147483648\] is larger than can be computed with\. Save the model/,
    ],
    ['units that are no number', sequential(dense('d', { units: -1 })), /"units" is -1/],
    ['units beyond any memory', sequential(dense('d', { units: 2 ** 31 })), /no array has/],
    ['weights that are not there', sequential(dense('d')), /has no tensor for d\/kernel \[4, 3\]/],
    ['a subclassed model', { class_name: 'Mine', config: {} }, /class Mine/],
    ['two layers of one name', sequential(dense('d'), dense('d')), /one name/],
    [
      'layers in a circle',
      {
        class_name: 'Functional',
        config: {
          name: 'm',
          layers: [
            { ...input, name: 'in', inbound_nodes: [] },
            { ...dense('a'), name: 'a', inbound_nodes: call('b') },
            { ...dense('b'), name: 'b', inbound_nodes: call('a') },
          ],
          input_layers: [['in', 0, 0]],
          output_layers: [['b', 0, 0]],
        },
      },
      /connected in a circle/,
    ],
    [
      'a state that is kept',
      sequential(
        { class_name: 'Reshape', config: { name: 'r', target_shape: [2, 2] } },
        { class_name: 'LSTM', config: { name: 'l', units: 2, stateful: true } },
      ),
      /layer l \(LSTM\): it is stateful/,
    ],
    [
      'more steps than are written out',
      sequential(
        { class_name: 'RepeatVector', config: { name: 'r', n: 20_000 } },
        { class_name: 'GRU', config: { name: 'g', units: 2 } },
      ),
      /20000 steps/,
    ],
  ])('%s', (_, topology, sentence) => {
    expect(refusal(topology)).toMatch(sentence);
  });
});
