import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/engine/checkpoint/fault';
import { PLAIN, unpickle } from '../../../src/engine/checkpoint/pytorch/pickle';
import { PickleTruncated } from '../../../src/engine/checkpoint/pytorch/pickleBytes';
import {
  PickleGlobal,
  PickleObject,
  type PickleValue,
} from '../../../src/engine/checkpoint/pytorch/pickleValue';
import { PYTORCH, TensorReference } from '../../../src/engine/checkpoint/pytorch/pytorchPickle';
import { weightsOf } from '../../../src/engine/checkpoint/pytorch/weights';
import { readFixture } from './fixtures';

/** A pickle in the notation of Python's own output: latin1, with \x escapes. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

function valueOf(text: string): PickleValue {
  return unpickle(bytesOf(text), PLAIN).value;
}

describe('unpickle', () => {
  // Left: pickle.dumps(value, protocol) of CPython 3.11.
  it.each<[string, string, PickleValue]>([
    ['None', '\x80\x02N.', null],
    ['True', '\x80\x02\x88.', true],
    ['-1', '\x80\x02J\xff\xff\xff\xff.', -1],
    ['65535', '\x80\x02M\xff\xff.', 65535],
    ['2**40', '\x80\x02\x8a\x06\x00\x00\x00\x00\x00\x01.', 2 ** 40],
    ['2**63', '\x80\x02\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00.', 2n ** 63n],
    ['-2**63', '\x80\x02\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.', -(2n ** 63n)],
    ['0.5', '\x80\x02G?\xe0\x00\x00\x00\x00\x00\x00.', 0.5],
    ['"é"', '\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00\x8c\x02\xc3\xa9\x94.', 'é'],
    ['b"ab"', '\x80\x03C\x02abq\x00.', bytesOf('ab')],
    ['[1, (2, 3)]', '\x80\x02]q\x00(K\x01K\x02K\x03\x86q\x01e.', [1, [2, 3]]],
    ['{1, 2}', '\x80\x04\x8f\x94(K\x01K\x02\x90.', new Set([1, 2])],
    ['{"a": 1}', '\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s.', new Map([['a', 1]])],
    ['[True, 7], protocol 0', '(lp0\nI01\naI7\na.', [true, 7]],
    ['10**5, protocol 1', 'J\xa0\x86\x01\x00.', 100_000],
  ])('%s', (_, text, value) => {
    expect(valueOf(text)).toEqual(value);
  });

  it('keeps an unknown call as what it is', () => {
    const value = valueOf(
      '\x80\x02ccollections\nnamedtuple\nK\x01\x85R}X\x01\x00\x00\x00xK\x02sb.',
    );
    expect(value).toBeInstanceOf(PickleObject);
    const object = value as PickleObject;
    expect(object.callee).toEqual(new PickleGlobal('collections', 'namedtuple'));
    expect(object.args).toEqual([1]);
    expect(object.state).toEqual(new Map([['x', 2]]));
  });

  it('keeps a list that holds itself', () => {
    const value = valueOf('\x80\x02]q\x00h\x00a.') as PickleValue[];
    expect(value[0]).toBe(value);
  });

  it('says where the pickle ends', () => {
    expect(unpickle(bytesOf('..\x80\x02N.rest'), PLAIN, 2).end).toBe(6);
  });

  it.each([
    ['os', 'system'],
    ['posix', 'system'],
    ['nt', 'system'],
    ['subprocess', 'run'],
    ['runpy', 'run_path'],
    ['socket', 'socket'],
    ['builtins', 'exec'],
    ['builtins', '__import__'],
    ['importlib', 'import_module'],
    ['torch.serialization', 'os.system'],
    ['pickle', 'loads'],
    ['torch.storage', '_load_from_bytes'],
    ['shutil', 'rmtree'],
    ['http.client', 'HTTPSConnection'],
    ['ctypes', 'CDLL'],
  ])('refuses %s.%s, called or not, in every notation', (module, name) => {
    const stacked = [module, name]
      .map((text) => `\x8c${String.fromCharCode(text.length)}${text}`)
      .join('');
    for (const text of [
      `\x80\x02c${module}\n${name}\n.`,
      `\x80\x02c${module}\n${name}\n)R.`,
      `\x80\x04${stacked}\x93.`,
      `(i${module}\n${name}\n.`,
    ]) {
      expect(() => valueOf(text)).toThrow(`\`${module}.${name}\``);
    }
  });

  it.each([
    ['os', 'PathLike'],
    ['http', 'HTTPStatus'],
    ['subprocess', 'CompletedProcess'],
    ['subprocess', 'CalledProcessError'],
    ['socket', 'AddressFamily'],
    ['urllib.parse', 'ParseResult'],
    ['pickle', 'PickleError'],
    ['asyncio', 'Queue'],
    ['sys', 'version_info'],
    ['torch.serialization', 'os.PathLike'],
    ['mylib.os', 'system_of_units'],
  ])('carries %s.%s as a name', (module, name) => {
    expect(valueOf(`\x80\x02c${module}\n${name}\n.`)).toEqual(new PickleGlobal(module, name));
  });

  const calls = (text: string) => [...unpickle(bytesOf(text), PYTORCH).calls.keys()];

  it('tells what Python would call, and nothing of what every checkpoint makes it call', () => {
    const enumMember = 'chttp\nHTTPStatus\nK\xc8\x85R';
    const bound = 'c__builtin__\ngetattr\nX\x01\x00\x00\x00aX\x05\x00\x00\x00upper\x86R';
    const usual = 'cargparse\nNamespace\n)Rccollections\nOrderedDict\n)R0';
    expect(calls(`\x80\x02${enumMember}${bound}${usual}.`)).toEqual([
      'http.HTTPStatus',
      'builtins.getattr',
    ]);
  });

  it.each([
    [
      'an attribute of a module',
      'cbuiltins\ngetattr\nctorch\nserialization\nX\x09\x00\x00\x00os.system\x86R',
    ],
    ['an attribute of who knows what', 'cbuiltins\ngetattr\nNX\x06\x00\x00\x00system\x86R)R'],
    [
      'a method of who knows what',
      'coperator\nmethodcaller\nX\x05\x00\x00\x00popenX\x02\x00\x00\x00ls\x86RN\x85R',
    ],
    ['code of its own', 'ctypes\nFunctionType\nN\x85R)R'],
  ])('refuses a command that is %s', (_, text) => {
    expect(() => valueOf(`\x80\x02${text}.`)).toThrow(/would run/);
  });

  it('reads the names of Python 2 as Python 3 does', () => {
    expect(() => valueOf('\x80\x02ccommands\ngetoutput\n.')).toThrow('`subprocess.getoutput`');
    expect(() => valueOf('\x80\x02c__builtin__\neval\n.')).toThrow('`builtins.eval`');
  });

  it.each([
    ['a value that is not on the stack', '\x80\x02.'],
    ['a memo that is not there', '\x80\x02h\x07.'],
    ['no mark', '\x80\x02t.'],
    ['a key without a value', '\x80\x02}(K\x01u.'],
    ['items for a number', '\x80\x02K\x01(K\x01e.'],
    ['an opcode that is none', '\x80\x02\xff.'],
    ['a newer protocol', '\x80\x06N.'],
    ['the extension registry', '\x80\x02\x82\x01.'],
    ['a buffer out of band', '\x80\x05\x97.'],
    ['an integer of a million bytes', `\x80\x02\x8b\x40\x42\x0f\x00${'\x01'.repeat(9)}.`],
    ['a name without an end', `\x80\x02c${'a'.repeat(10_000)}`],
    ['marks without an end', `\x80\x02${'('.repeat(20_000)}`],
  ])('refuses %s', (_, text) => {
    expect(() => valueOf(text)).toThrow(Fault);
  });

  it.each([
    ['a string', '\x80\x02X\xff\xff\xff\x02abc.'],
    ['a string of 2⁶³ bytes', '\x80\x04\x8d\0\0\0\0\0\0\0\x80abc.'],
    ['bytes', '\x80\x04\x8e\0\0\0\0\0\0\0\x7fabc.'],
  ])('allocates nothing for %s that is not there', (_, text) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => valueOf(text)).toThrow(Fault);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });

  it.each([
    ['duplicates', `\x80\x02N${'2'.repeat(3_000_000)}.`],
    ['empty dictionaries', `\x80\x02(${'}'.repeat(3_000_000)}l.`],
    ['empty dictionaries that are dropped', `\x80\x02${'}0'.repeat(3_000_000)}N.`],
  ])('stops counting %s', (_, text) => {
    expect(() => valueOf(text)).toThrow(/more values/);
  });

  it('does not count what nests: deep is as good as flat', () => {
    const depth = 100_000;
    const value = valueOf(`\x80\x02${']'.repeat(depth)}${'a'.repeat(depth - 1)}.`);
    expect(value).toHaveLength(1);
  });

  it('makes a value or a fault of any bytes', () => {
    const opcodes = fc.constantFrom(
      ...'()]}NKMJXUqrhjcRbseuta012.IFSVglpoidQP'.split(''),
      ...'\x80\x81\x85\x86\x87\x88\x8a\x8b\x8c\x8f\x90\x91\x92\x93\x94\x95\x01\x02a\n'.split(''),
    );
    fc.assert(
      fc.property(fc.array(opcodes, { maxLength: 60 }), (parts) => {
        try {
          weightsOf(unpickle(bytesOf(`\x80\x02${parts.join('')}.`), PYTORCH).value);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

/** A tensor as torch.save pickles it. */
function tensorPickle(numel: number, offset: string, shape: string, strides: string): string {
  const byte = String.fromCharCode(numel);
  return (
    '\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n(' +
    `(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK${byte}tQ` +
    `${offset}${shape}${strides}\x89ccollections\nOrderedDict\n)RtRs.`
  );
}

describe('a tensor in a pickle', () => {
  const reads = (text: string) => weightsOf(unpickle(bytesOf(text), PYTORCH).value).tensors;

  it('is known by storage, offset, shape and strides', () => {
    const tensor = reads(tensorPickle(6, 'K\x01', 'K\x02\x85', 'K\x03\x85')).get('w')!;
    expect(tensor).toBeInstanceOf(TensorReference);
    expect(tensor.shape).toEqual([2]);
    expect(tensor.strides).toEqual([3]);
    // Elements 1 and 4 of four bytes.
    expect(tensor.span).toEqual([4, 20]);
  });

  it.each([
    ['reaches beyond its storage', tensorPickle(6, 'K\x00', 'K\x07\x85', 'K\x01\x85')],
    ['begins beyond it', tensorPickle(6, 'K\x06', 'K\x01\x85', 'K\x01\x85')],
    ['strides beyond it', tensorPickle(6, 'K\x00', 'K\x02\x85', 'K\x06\x85')],
    ['begins before it', tensorPickle(6, 'J\xff\xff\xff\xff', 'K\x01\x85', 'K\x01\x85')],
    ['strides backwards', tensorPickle(6, 'K\x05', 'K\x02\x85', 'J\xff\xff\xff\xff\x85')],
    ['has a negative extent', tensorPickle(6, 'K\x00', 'J\xff\xff\xff\xff\x85', 'K\x01\x85')],
    ['has more extents than strides', tensorPickle(6, 'K\x00', 'K\x01K\x01\x86', 'K\x01\x85')],
    ['has a text for a shape', tensorPickle(6, 'K\x00', 'X\x01\x00\x00\x00a', 'K\x01\x85')],
    [
      'has 2⁹⁰ elements of one',
      tensorPickle(
        1,
        'K\x00',
        `${'\x8a\x04\x00\x00\x00\x40'.repeat(3)}\x87`,
        'K\x00K\x00K\x00\x87',
      ),
    ],
  ])('that %s is refused', (_, text) => {
    expect(() => reads(text)).toThrow(Fault);
  });

  it('of an unknown storage is refused by name', () => {
    const text = tensorPickle(6, 'K\x00', 'K\x06\x85', 'K\x01\x85').replace(
      'FloatStorage',
      'QUInt4x2Storage',
    );
    expect(() => reads(text)).toThrow(/torch\.QUInt4x2Storage/);
  });

  it('that is rebuilt through itself over and over does not fill the stack', () => {
    const rebuild = 'ctorch._tensor\n_rebuild_from_type_v2\n';
    const depth = 50_000;
    const text = `\x80\x02${`${rebuild}${rebuild}N`.repeat(depth)}N${'\x87'.repeat(depth)}R.`;
    expect(() => reads(text)).toThrow(Fault);
  });
});

describe('a header with damage that no checksum found', () => {
  it('is read or a fault', async () => {
    const archive = await readFixture('epoch=9-step=9.ckpt');
    const start = archive.indexOf('\x80\x02}', 0, 'latin1');
    const header = Uint8Array.from(archive.subarray(start, archive.indexOf('PK', start)));
    fc.assert(
      fc.property(
        fc.nat(header.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 4 }),
        (at, bytes) => {
          const damaged = header.slice();
          damaged.set(bytes.subarray(0, damaged.length - at), at);
          try {
            weightsOf(unpickle(damaged, PYTORCH).value);
          } catch (error) {
            expect(error).toBeInstanceOf(Fault);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('that is cut short says so', () => {
    expect(() => valueOf('\x80\x02}X\x05\x00\x00\x00ab')).toThrow(PickleTruncated);
  });
});
