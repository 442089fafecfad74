import { describe, expect, it } from 'vitest';
import { Budget } from '../../../src/engine/checkpoint/bytes/budget';
import { Fault } from '../../../src/engine/checkpoint/fault';
import { metadataOf } from '../../../src/engine/checkpoint/metadata';
import { unpickle } from '../../../src/engine/checkpoint/pytorch/pickle';
import { PYTORCH } from '../../../src/engine/checkpoint/pytorch/pytorchPickle';
import { weightsOf } from '../../../src/engine/checkpoint/pytorch/weights';

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.toString('latin1');
};
const text = (value: string) => `X${uint32(value.length)}${value}`;
const int = (value: number) => `J${uint32(value)}`;
const put = (index: number) => `r${uint32(index)}`;
const get = (index: number) => `j${uint32(index)}`;
const global = (module: string, name: string) => `c${module}\n${name}\n`;

/** Reads it as a checkpoint's header is read, to the end or to a fault. */
function read(pickle: string): void {
  const bytes = Uint8Array.from(Buffer.from(`\x80\x02${pickle}.`, 'latin1'));
  // As if it were packed to nearly nothing.
  const budget = new Budget(1000);
  try {
    const { value } = unpickle(bytes, PYTORCH, 0, budget);
    metadataOf(value, new Set());
    weightsOf(value, undefined, budget);
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
  }
}

const many = (count: number, of: (k: number) => string) =>
  Array.from({ length: count }, (_, k) => of(k)).join('');
const dictionary = (entries: number) => `}${put(0)}(${many(entries, (k) => `${int(k)}K\x01`)}u`;

describe('a pickle of some kilobytes does not keep its reader busy', () => {
  it.each<[string, string]>([
    [
      'text that doubles in a device',
      `}(${text('x')}${text('A'.repeat(1000))}${put(0)}${many(26, () => `${text('y')}${global('torch', 'device')}${get(0)}${get(0)}\x86R${put(0)}`)}u`,
    ],
    [
      'bytes made of one text over and over',
      `}(${text('x')}${text('A'.repeat(2_000_000))}${put(0)}${text('l')}](${many(2000, () => `${global('_codecs', 'encode')}${get(0)}${text('latin1')}\x86R`)}eu`,
    ],
    [
      'copies of a dictionary',
      `}(${text('x')}${dictionary(20_000)}${text('l')}](${many(20_000, () => `${global('collections', 'OrderedDict')}${get(0)}\x85R`)}eu`,
    ],
    [
      'copies of a set',
      `}(${text('x')}](${many(20_000, (k) => int(k))}e${put(0)}${text('l')}](${many(20_000, () => `${global('__builtin__', 'set')}${get(0)}\x85R`)}eu`,
    ],
    [
      'a default dictionary copied',
      `}(${text('x')}${dictionary(20_000)}${text('l')}](${many(20_000, () => `${global('collections', 'defaultdict')}N${get(0)}\x86R`)}eu`,
    ],
    [
      'one dictionary under many keys',
      `}(${text('x')}${dictionary(30_000)}${many(30_000, (k) => `${text(`k${k}`)}${get(0)}`)}u`,
    ],
    [
      'one dictionary in many objects',
      `}(${text('x')}${dictionary(30_000)}${many(30_000, (k) => `${text(`k${k}`)}${global('a', 'B')})\x81${get(0)}b`)}u`,
    ],
    [
      'tensors marked by one large dictionary',
      `}(${text('x')}${dictionary(50_000)}${many(5000, (k) => `${text(`k${k}`)}${global('torch._utils', '_rebuild_tensor_v2')}(NNNNNN${get(0)}tR`)}u`,
    ],
    [
      'a set of an object with 200,000 items',
      `}${text('w')}${global('a', 'B')})R(${'K\x01'.repeat(200_000)}\x90s`,
    ],
    [
      'a list of an object with 200,000 items',
      `}${text('w')}${global('a', 'B')})R(${'K\x01'.repeat(200_000)}es`,
    ],
    ['a call of 200,000 arguments', `(${global('a', 'B')}${'K\x01'.repeat(200_000)}o`],
    ['200,000 integers of 255 bytes', `](${`\x8a\xff${'\x7f'.repeat(255)}`.repeat(200_000)}e`],
    [
      'a shape of a million extents',
      `](${'K\x01'.repeat(1_000_000)}e${put(0)}0](${many(2000, () => `${global('torch._utils', '_rebuild_tensor_v2')}(NK\x00${get(0)}${get(0)}tR`)}e`,
    ],
    [
      'dictionaries in dictionaries of themselves',
      `}${put(0)}(${many(3000, (k) => `${text(`k${k}`)}${get(0)}`)}u`,
    ],
    ['200,000 names', `](${many(200_000, (k) => global('a', `b${k}`))}e`],
  ])('%s', (_, pickle) => {
    const before = process.memoryUsage().rss;
    const started = process.cpuUsage();
    read(pickle);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(2);
    expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
  });
});
