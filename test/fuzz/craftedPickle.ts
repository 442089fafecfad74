/** Pickles that no one has written: well formed, and of what readers know, in any order and number. */
import { zipOf, type Random } from './mutations';

const below = (random: Random, count: number) => Math.floor(random() * count);
const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)]!;

const TYPES = [
  'Float',
  'Double',
  'Half',
  'BFloat16',
  'Long',
  'Byte',
  'Bool',
  'QInt8',
  'ComplexFloat',
];
/** What has a meaning to a reader, what has none, and what runs commands. */
const CALLED = [
  ...['collections\nOrderedDict', 'collections\nCounter', 'collections\ndefaultdict'],
  ...['torch\nSize', 'torch\ndevice', 'torch._utils\n_rebuild_parameter', 'torch\nfloat32'],
  ...['torch._utils\n_rebuild_tensor_v2', 'torch._utils\n_rebuild_tensor_v3'],
  ...['torch._utils\n_rebuild_qtensor', 'torch._tensor\n_rebuild_from_type_v2'],
  ...['_codecs\nencode', 'builtins\nset', 'builtins\ndict', 'builtins\ngetattr', 'builtins\nlist'],
  ...['numpy\nndarray', 'numpy._core.multiarray\nscalar', 'numpy\ndtype', 'datetime\ndatetime'],
  ...['argparse\nNamespace', 'pathlib\nPosixPath', 'os\nPathLike', 'http\nHTTPStatus'],
  ...['torch.nn.modules.linear\nLinear', 'functools\npartial', 'operator\nattrgetter'],
];
const COMMANDS = ['posix\nsystem', 'subprocess\nPopen', 'builtins\neval', 'runpy\nrun_path'];
const NAMES = [
  'state_dict',
  'model',
  'weight',
  'bias',
  'epoch',
  'step',
  'ema',
  '__proto__',
  'w',
  '',
];
const STORAGE_KEYS = ['0', '1', '2', 'none', '../0', ''];

/** Bytes of each storage that a crafted file holds. */
const STORAGE_BYTES = 64;

class Craft {
  private readonly parts: Buffer[] = [];
  private memo = 0;
  private size = 0;

  constructor(private readonly random: Random) {}

  private emit(...parts: (string | Buffer)[]): void {
    for (const part of parts) {
      const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : part;
      this.parts.push(bytes);
      this.size += bytes.length;
    }
  }

  pickle(protocol: number): Buffer {
    this.emit(Buffer.of(0x80, protocol));
    this.dictionary(0, true);
    this.emit('.');
    return Buffer.concat(this.parts);
  }

  private int(value: number): void {
    const bytes = Buffer.alloc(5);
    bytes[0] = 0x4a;
    bytes.writeInt32LE(value, 1);
    this.emit(bytes);
  }

  private text(value: string): void {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(value));
    this.emit('X', length, Buffer.from(value));
  }

  private name(): void {
    const often = this.random() < 0.9;
    this.text(
      often ? `${pick(this.random, NAMES)}${below(this.random, 9)}` : pick(this.random, NAMES),
    );
  }

  /** Remembers what was made last, so that others may refer to it. */
  private remember(): void {
    if (this.memo < 255) this.emit('q', Buffer.of(this.memo++));
  }

  private dictionary(depth: number, isRoot = false): void {
    const { random } = this;
    if (random() < 0.5) this.emit('}');
    else this.emit('ccollections\nOrderedDict\n)R');
    // Before it is filled: what is in it may be itself.
    if (random() < 0.7) this.remember();
    this.emit('(');
    const entries = isRoot ? 2 + below(random, 6) : below(random, 5);
    for (let k = 0; k < entries; k++) {
      if (random() < 0.95) this.name();
      else this.value(depth + 1);
      if (random() < 0.5) this.tensor();
      else this.value(depth + 1);
    }
    if (random() < 0.02) this.name();
    this.emit('u');
  }

  private value(depth: number): void {
    const { random } = this;
    const isDeep = depth > 5 || this.size > 20_000;
    switch (below(random, isDeep ? 8 : 17)) {
      case 0: {
        this.int(pick(random, [0, 1, -1, 7, 2 ** 31 - 1, -(2 ** 31)]));
        return;
      }
      case 1: {
        this.emit(pick(random, ['N', '\x88', '\x89', ')', ']', '}', '\x8f', 'I01\n', 'F1e400\n']));
        return;
      }
      case 2: {
        this.name();
        return;
      }
      case 3: {
        const length = below(random, 20);
        this.emit('\x8a', Buffer.of(length), Buffer.alloc(length, below(random, 256)));
        return;
      }
      case 4:
      case 5:
        if (this.memo === 0) {
          this.emit('N');
          return;
        }
        {
          this.emit('h', Buffer.of(below(random, this.memo)));
          return;
        }
      case 6: {
        this.emit('c', pick(random, random() < 0.03 ? COMMANDS : CALLED), '\n');
        return;
      }
      case 7: {
        this.emit('C\x04abcd');
        return;
      }
      case 8: {
        this.dictionary(depth);
        return;
      }
      case 9:
      case 10: {
        this.emit('(');
        for (let k = below(random, 4); k > 0; k--) this.value(depth + 1);
        this.emit(pick(random, ['t', 'l']));
        return;
      }
      case 11: {
        // A list that holds itself, or the one before it many times over.
        this.emit(']');
        this.remember();
        this.emit('(');
        const times = pick(random, [1, 2, 10, 1000]);
        for (let k = 0; k < times; k++) {
          this.emit('h', Buffer.of(Math.max(0, this.memo - 1 - below(random, 2))));
        }
        this.emit('e');
        return;
      }
      case 12:
        this.emit('\x8f(');
        for (let k = below(random, 4); k > 0; k--) this.value(depth + 1);
        {
          this.emit('\x90');
          return;
        }
      case 13: {
        this.tensor();
        return;
      }
      default: {
        // Something is called, and given attributes.
        this.emit('c', pick(random, random() < 0.03 ? COMMANDS : CALLED), '\n(');
        for (let k = below(random, 4); k > 0; k--) this.value(depth + 1);
        this.emit('t', pick(random, ['R', '\x81']));
        if (random() < 0.3) {
          this.value(depth + 1);
          this.emit('b');
        }
        if (random() < 0.5) this.remember();
      }
    }
  }

  private storage(): void {
    const { random } = this;
    const count = random() < 0.9 ? 8 : pick(random, [0, 1, 16, 2 ** 31 - 1]);
    this.emit('(');
    this.text('storage');
    this.emit('ctorch\n', pick(random, TYPES), 'Storage\n');
    this.text(random() < 0.9 ? pick(random, ['0', '1']) : pick(random, STORAGE_KEYS));
    this.text('cpu');
    this.int(count);
    this.emit('tQ');
  }

  private tensor(): void {
    const { random } = this;
    this.emit('ctorch._utils\n_rebuild_tensor_v2\n(');
    this.storage();
    this.int(random() < 0.9 ? below(random, 3) : pick(random, [7, 8, -1, 2 ** 31 - 1]));
    const shape =
      random() < 0.9 ? pick(random, [[2, 3], [4], [], [1, 1, 2], [0]]) : [2 ** 30, 2 ** 30];
    for (const row of [shape, shape.map(() => (random() < 0.9 ? 1 : below(random, 9)))]) {
      this.emit('(');
      for (const extent of row) this.int(extent);
      this.emit('t');
    }
    this.emit('\x89');
    this.emit('ccollections\nOrderedDict\n)RtR');
    if (random() < 0.3) this.remember();
  }
}

export function craftedPickle(random: Random): Buffer {
  return new Craft(random).pickle(pick(random, [2, 3, 4, 5]));
}

const STORAGES = ['0', '1', '2'];

/** As `torch.save` packs it, with right checksums. */
export function craftedArchive(random: Random): Uint8Array {
  const storage = Buffer.alloc(STORAGE_BYTES, 0x3f);
  return zipOf([
    ['a/data.pkl', craftedPickle(random)],
    ['a/byteorder', Buffer.from('little')],
    ...STORAGES.map((key) => [`a/data/${key}`, storage] as const),
    ['a/version', Buffer.from('3\n')],
  ]);
}

/** As PyTorch before 1.6 wrote it. */
export function craftedLegacy(random: Random): Uint8Array {
  const pickle = craftedPickle(random);
  const known = STORAGES.filter(
    (key) => random() < 0.05 || pickle.includes(Buffer.from(`X\x01\x00\x00\x00${key}X`, 'latin1')),
  );
  const keys = known.map((key) => `X\x01\x00\x00\x00${key}`).join('');
  const count = Buffer.alloc(8);
  count.writeBigInt64LE(8n);
  return Buffer.concat([
    Buffer.from('80028a0a6cfc9c46f9206aa850192e80024de9032e', 'hex'),
    Buffer.from('\x80\x02}X\x0d\x00\x00\x00little_endian\x88s.', 'latin1'),
    pickle,
    Buffer.from(`\x80\x02](${keys}e.`, 'latin1'),
    ...known.map(() => Buffer.concat([count, Buffer.alloc(32, 0x3f)])),
  ]);
}
