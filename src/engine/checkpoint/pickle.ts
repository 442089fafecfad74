import { Fault } from './fault';

/**
 * Python's pickle format, protocols 0 to 5, read by a stack machine that imports nothing and calls
 * nothing: a global is a pair of names, and a call is a record of what would have been called.
 *
 * Source: CPython's Lib/pickletools.py, which documents every opcode.
 */
export type PickleValue =
  | null
  | boolean
  /** A float, or an integer that is exact as one. */
  | number
  /** A larger integer. */
  | bigint
  | string
  | Uint8Array
  /** A list or a tuple. */
  | PickleValue[]
  /** A dictionary: a Map, because `__proto__` is a key like another. */
  | PickleDictionary
  | Set<PickleValue>
  | PickleGlobal
  | PickleObject
  | PickleLeaf;

export type PickleDictionary = Map<PickleValue, PickleValue>;

/** A class or function, by name. */
export class PickleGlobal {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}

  /** As Python writes it: `torch._utils._rebuild_tensor_v2`. */
  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

/** An object of a class that has no meaning here: what it would be made of. */
export class PickleObject {
  /** Argument of `__setstate__`, or the attributes. */
  state: PickleValue = null;
  /** What would be appended to it. */
  readonly items: PickleValue[] = [];
  /** What would be set in it. */
  readonly entries: PickleDictionary = new Map();

  constructor(
    readonly callee: PickleValue,
    readonly args: readonly PickleValue[],
  ) {}

  /** Name of its class or of the function that makes it. */
  get path(): string {
    return this.callee instanceof PickleGlobal ? this.callee.path : 'an object';
  }
}

/** A value that whoever interprets the pickle puts in: a tensor, a storage. */
export abstract class PickleLeaf {
  abstract readonly kind: string;
}

/** Gives a pickle its meaning. */
export interface PickleInterpreter {
  /** What calling `callee` gives; undefined where it is nothing known. */
  call(callee: PickleGlobal, args: readonly PickleValue[]): PickleValue | undefined;
  /** What stands for a persistent id. */
  persistent(id: PickleValue): PickleValue;
}

/** Knows nothing: every call is an opaque object. */
export const PLAIN: PickleInterpreter = {
  call: () => undefined,
  persistent: (id) => id,
};

/** The pickle needs bytes after the last one given; thrown only where they may be in the file. */
export class PickleTruncated extends Fault {
  constructor() {
    super('damaged', 'its pickled header is cut short');
  }
}

const LIMITS = {
  opcodes: 20_000_000,
  memo: 5_000_000,
  stack: 1_000_000,
  /** Lists, dictionaries, sets and calls: some hundred bytes each. */
  containers: 2_000_000,
  marks: 10_000,
  /** Bytes of one string. */
  string: 64 * 2 ** 20,
  /** Bytes of one integer. */
  integer: 1024,
  /** Bytes of a line of the text opcodes: names and numbers. */
  line: 4096,
};

/**
 * Reads one pickle.
 *
 * @param start where it begins in `bytes`.
 * @returns the value, and the position after the pickle.
 * @throws PickleTruncated when `bytes` ends first; Fault when the pickle is damaged, goes beyond the
 *   limits, or names something that would run code.
 */
export function unpickle(
  bytes: Uint8Array,
  interpreter: PickleInterpreter,
  start = 0,
): { value: PickleValue; end: number } {
  const machine = new Machine(bytes, interpreter, start);
  const value = machine.run();
  return { value, end: machine.position };
}

class Machine {
  position: number;
  private readonly view: DataView;
  private stack: PickleValue[] = [];
  /** Stacks below the marks. */
  private readonly marks: PickleValue[][] = [];
  private readonly memo = new Map<number, PickleValue>();
  /** Values on all stacks together. */
  private depth = 0;
  private containers = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly interpreter: PickleInterpreter,
    start: number,
  ) {
    this.position = start;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): PickleValue {
    for (let opcodes = 0; opcodes < LIMITS.opcodes; opcodes++) {
      const opcode = this.uint8();
      if (opcode === 0x2e /* STOP */) return this.pop();
      this.step(opcode);
    }
    throw new Fault('unsupported', 'its pickled header has more steps than Basin follows');
  }

  private step(opcode: number): void {
    switch (opcode) {
      case 0x80: // PROTO
        if (this.uint8() > 5) {
          throw new Fault('unsupported', 'it is pickled in a newer protocol than 5');
        }
        return;
      case 0x95: // FRAME
        this.take(8);
        return;

      case 0x28: // MARK
        if (this.marks.length >= LIMITS.marks) throw tooMany();
        this.marks.push(this.stack);
        this.stack = [];
        return;
      case 0x30: // POP
        if (this.stack.length === 0 && this.marks.length > 0) this.toMark();
        else this.pop();
        return;
      case 0x31: // POP_MARK
        this.toMark();
        return;
      case 0x32: // DUP
        this.push(this.top());
        return;

      case 0x4e: // NONE
        this.push(null);
        return;
      case 0x88: // NEWTRUE
        this.push(true);
        return;
      case 0x89: // NEWFALSE
        this.push(false);
        return;
      case 0x4a: // BININT
        this.push(this.view.getInt32(this.take(4), true));
        return;
      case 0x4b: // BININT1
        this.push(this.uint8());
        return;
      case 0x4d: // BININT2
        this.push(this.view.getUint16(this.take(2), true));
        return;
      case 0x8a: // LONG1
        this.push(this.integer(this.uint8()));
        return;
      case 0x8b: // LONG4
        this.push(this.integer(this.uint32()));
        return;
      case 0x49: // INT
        this.push(textInteger(this.line()));
        return;
      case 0x4c: // LONG
        this.push(textInteger(this.line().replace(/L$/, '')));
        return;
      case 0x47: // BINFLOAT
        this.push(this.view.getFloat64(this.take(8), false));
        return;
      case 0x46: // FLOAT
        this.push(Number(this.line()));
        return;

      case 0x58: // BINUNICODE
        this.push(this.text(this.uint32()));
        return;
      case 0x8c: // SHORT_BINUNICODE
        this.push(this.text(this.uint8()));
        return;
      case 0x8d: // BINUNICODE8
        this.push(this.text(this.uint64()));
        return;
      case 0x56: // UNICODE
        this.push(this.line());
        return;
      case 0x55: // SHORT_BINSTRING
        this.push(this.latin1(this.uint8()));
        return;
      case 0x54: // BINSTRING
        this.push(this.latin1(this.uint32()));
        return;
      case 0x53: // STRING
        this.push(this.line().replace(/^(['"])(.*)\1$/, '$2'));
        return;
      case 0x43: // SHORT_BINBYTES
        this.push(this.blob(this.uint8()));
        return;
      case 0x42: // BINBYTES
        this.push(this.blob(this.uint32()));
        return;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        this.push(this.blob(this.uint64()));
        return;

      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        this.make([]);
        return;
      case 0x74: // TUPLE
      case 0x6c: // LIST
        this.make(this.toMark());
        return;
      case 0x85: // TUPLE1
        this.make(this.popMany(1));
        return;
      case 0x86: // TUPLE2
        this.make(this.popMany(2));
        return;
      case 0x87: // TUPLE3
        this.make(this.popMany(3));
        return;
      case 0x61: // APPEND
        this.append([this.pop()]);
        return;
      case 0x65: // APPENDS
        this.append(this.toMark());
        return;

      case 0x7d: // EMPTY_DICT
        this.make(new Map());
        return;
      case 0x64: {
        // DICT
        const pairs = this.toMark();
        this.make(new Map());
        this.setItems(pairs);
        return;
      }
      case 0x73: // SETITEM
        this.setItems(this.popMany(2));
        return;
      case 0x75: // SETITEMS
        this.setItems(this.toMark());
        return;

      case 0x8f: // EMPTY_SET
        this.make(new Set());
        return;
      case 0x91: // FROZENSET
        this.make(new Set(this.toMark()));
        return;
      case 0x90: {
        // ADDITEMS
        const items = this.toMark();
        const set = this.top();
        if (set instanceof PickleObject) set.items.push(...items);
        else if (set instanceof Set) for (const item of items) set.add(item);
        else throw malformed();
        return;
      }

      case 0x71: // BINPUT
        this.remember(this.uint8());
        return;
      case 0x72: // LONG_BINPUT
        this.remember(this.uint32());
        return;
      case 0x70: // PUT
        this.remember(Number(this.line()));
        return;
      case 0x94: // MEMOIZE
        this.remember(this.memo.size);
        return;
      case 0x68: // BINGET
        this.recall(this.uint8());
        return;
      case 0x6a: // LONG_BINGET
        this.recall(this.uint32());
        return;
      case 0x67: // GET
        this.recall(Number(this.line()));
        return;

      case 0x63: // GLOBAL
        this.push(globalOf(this.line(), this.line()));
        return;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.popMany(2);
        this.push(globalOf(module!, name!));
        return;
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const [callee, args] = this.popMany(2);
        this.make(this.call(callee!, args!));
        return;
      }
      case 0x92: {
        // NEWOBJ_EX
        const [callee, args, keywords] = this.popMany(3);
        if (!(keywords instanceof Map)) throw malformed();
        this.make(
          keywords.size === 0
            ? this.call(callee!, args!)
            : new PickleObject(callee!, [args!, keywords]),
        );
        return;
      }
      case 0x69: {
        // INST
        const callee = globalOf(this.line(), this.line());
        this.make(this.call(callee, this.toMark()));
        return;
      }
      case 0x6f: {
        // OBJ
        const [callee, ...args] = this.toMark();
        if (callee === undefined) throw malformed();
        this.make(this.call(callee, args));
        return;
      }
      case 0x62: {
        // BUILD
        const state = this.pop();
        const object = this.top();
        // Attributes of a known value change nothing that is read here.
        if (object instanceof PickleObject) object.state = state;
        return;
      }

      case 0x50: // PERSID
        this.push(this.interpreter.persistent(this.line()));
        return;
      case 0x51: // BINPERSID
        this.push(this.interpreter.persistent(this.pop()));
        return;

      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        throw new Fault(
          'unsupported',
          'it uses the extension registry of the Python that wrote it',
        );
      case 0x97: // NEXT_BUFFER
      case 0x98: // READONLY_BUFFER
        throw new Fault('unsupported', 'part of it was pickled out of band, into another place');
      default:
        throw malformed();
    }
  }

  private call(callee: PickleValue, args: PickleValue): PickleValue {
    if (!Array.isArray(args)) throw malformed();
    if (callee instanceof PickleGlobal) {
      const value = this.interpreter.call(callee, args);
      if (value !== undefined) return value;
    }
    return new PickleObject(callee, args);
  }

  private append(items: readonly PickleValue[]): void {
    const list = this.top();
    const target = list instanceof PickleObject ? list.items : list;
    if (!Array.isArray(target)) throw malformed();
    for (const item of items) target.push(item);
  }

  private setItems(pairs: readonly PickleValue[]): void {
    const object = this.top();
    const target = object instanceof PickleObject ? object.entries : object;
    if (!(target instanceof Map) || pairs.length % 2 !== 0) throw malformed();
    for (let i = 0; i < pairs.length; i += 2) target.set(pairs[i]!, pairs[i + 1]!);
  }

  /** Pushes a value that has just been made. */
  private make(value: PickleValue): void {
    if (++this.containers > LIMITS.containers) throw tooMany();
    this.push(value);
  }

  private push(value: PickleValue): void {
    if (++this.depth > LIMITS.stack) throw tooMany();
    this.stack.push(value);
  }

  private pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined) throw malformed();
    this.depth--;
    return value;
  }

  private popMany(count: number): PickleValue[] {
    if (this.stack.length < count) throw malformed();
    this.depth -= count;
    return this.stack.splice(this.stack.length - count, count);
  }

  private top(): PickleValue {
    const value = this.stack.at(-1);
    if (value === undefined) throw malformed();
    return value;
  }

  private toMark(): PickleValue[] {
    const below = this.marks.pop();
    if (!below) throw malformed();
    const above = this.stack;
    this.stack = below;
    this.depth -= above.length;
    return above;
  }

  private remember(index: number): void {
    if (this.memo.size >= LIMITS.memo) throw tooMany();
    this.memo.set(index, this.top());
  }

  private recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw malformed();
    this.push(value);
  }

  /** Position of the next `length` bytes, which are then behind. */
  private take(length: number): number {
    const at = this.position;
    if (length > this.bytes.length - at) throw new PickleTruncated();
    this.position = at + length;
    return at;
  }

  private uint8(): number {
    return this.bytes[this.take(1)]!;
  }

  private uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  private uint64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  /** Two's complement, little-endian. */
  private integer(length: number): number | bigint {
    if (length > LIMITS.integer) throw tooLong('an integer');
    const at = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[at + i]!);
    return exact(BigInt.asIntN(length * 8, value));
  }

  private text(length: number): string {
    return UTF8.decode(this.span(length));
  }

  private latin1(length: number): string {
    const span = this.span(length);
    return Buffer.from(span.buffer, span.byteOffset, span.byteLength).toString('latin1');
  }

  private blob(length: number): Uint8Array {
    return this.span(length).slice();
  }

  private span(length: number): Uint8Array {
    if (length > LIMITS.string) throw tooLong('a string');
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  private line(): string {
    const from = this.position;
    const end = this.bytes.subarray(from, from + LIMITS.line).indexOf(0x0a);
    if (end < 0) {
      if (this.bytes.length - from >= LIMITS.line) throw tooLong('a name');
      throw new PickleTruncated();
    }
    this.position = from + end + 1;
    return UTF8.decode(this.bytes.subarray(from, from + end));
  }
}

/** Not fatal: Python writes lone surrogates, and a name that is wrong is found by its use. */
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

function textInteger(line: string): PickleValue {
  // Protocol 1 writes booleans like this.
  if (line === '00') return false;
  if (line === '01') return true;
  if (!/^[+-]?\d+$/.test(line)) throw malformed();
  if (line.length > LIMITS.integer) throw tooLong('an integer');
  return exact(BigInt(line.replace(/^\+/, '')));
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function malformed(): Fault {
  return new Fault('damaged', 'its pickled header makes no sense');
}

function tooMany(): Fault {
  return new Fault('unsupported', 'its pickled header holds more values than Basin keeps');
}

function tooLong(what: string): Fault {
  return new Fault('unsupported', `its pickled header has ${what} longer than Basin reads`);
}

/** Modules and packages of which nothing belongs in a file of weights. */
const HOSTILE_MODULES = new Set([
  ...['os', 'posix', 'nt', 'sys', 'subprocess', '_posixsubprocess', 'pty', 'popen2', 'ctypes'],
  ...['_ctypes', 'cffi', 'runpy', 'importlib', 'imp', 'pdb', 'bdb', 'timeit', 'cProfile', 'pip'],
  ...['ensurepip', 'marshal', 'pydoc', 'idlelib', 'doctest', 'shutil', 'asyncio'],
  ...['socket', '_socket', 'socketserver', 'http', 'httplib', 'urllib', 'urllib2', 'requests'],
  ...['aiohttp', 'ftplib', 'smtplib', 'imaplib', 'telnetlib', 'xmlrpc', 'webbrowser'],
  ...['pickle', '_pickle', 'cloudpickle', 'dill', 'shelve'],
]);

/** Names in modules that hold harmless things, too, or share their name with people's own. */
const HOSTILE_NAMES = new Set([
  ...['torch.load', 'torch.serialization.load', 'torch.storage._load_from_bytes'],
  ...['torch.jit.load', 'torch.hub.load', 'torch.hub.load_state_dict_from_url'],
  ...['torch.utils.cpp_extension.load', 'torch.utils.cpp_extension.load_inline'],
  ...['numpy.load', 'joblib.load', 'io.open', '_io.open', 'io.FileIO', '_io.FileIO'],
  ...['operator.attrgetter', '_operator.attrgetter'],
  ...['operator.methodcaller', '_operator.methodcaller'],
  ...['types.FunctionType', 'types.CodeType', 'platform.popen', 'profile.run', 'trace.Trace'],
  ...['code.interact', 'code.InteractiveInterpreter', 'code.InteractiveConsole'],
]);

const HOSTILE_BUILTINS = new Set([
  ...['eval', 'exec', 'execfile', 'compile', 'open', 'file', 'input', 'raw_input', '__import__'],
  ...['getattr', 'setattr', 'delattr', 'globals', 'locals', 'vars', 'apply', 'reload', 'map'],
  ...['breakpoint', 'help', 'exit', 'quit', 'filter', 'memoryview'],
]);

/**
 * Protocols up to 2 use the names of Python 2, and Python 3 translates them when it loads: CPython's
 * Lib/_compat_pickle.py. `commands.Popen` is `subprocess.Popen`. The ones that matter here.
 */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['commands', 'subprocess'],
  ['copy_reg', 'copyreg'],
  ['cPickle', 'pickle'],
  ['httplib', 'http.client'],
  ['urllib2', 'urllib.request'],
  ['BaseHTTPServer', 'http.server'],
  ['CGIHTTPServer', 'http.server'],
  ['SimpleHTTPServer', 'http.server'],
  ['SocketServer', 'socketserver'],
  ['xmlrpclib', 'xmlrpc.client'],
  ['SimpleXMLRPCServer', 'xmlrpc.server'],
  ['DocXMLRPCServer', 'xmlrpc.server'],
]);

function globalOf(module: PickleValue, name: PickleValue): PickleGlobal {
  if (typeof module !== 'string' || typeof name !== 'string') throw malformed();
  const global = new PickleGlobal(RENAMED.get(module) ?? module, name);
  if (isHostile(global)) {
    throw new Fault('hostile', `this file would run \`${global.path}\` if Python opened it`);
  }
  return global;
}

function isHostile({ module, name, path }: PickleGlobal): boolean {
  const outermost = module.split('.', 1)[0]!;
  const parts = name.split('.');
  if (outermost === 'builtins') {
    return HOSTILE_BUILTINS.has(parts[0]!);
  }
  // A dotted name reaches what its module has imported: `os.system` in `torch.serialization`.
  return (
    HOSTILE_MODULES.has(outermost) ||
    HOSTILE_NAMES.has(path) ||
    parts.slice(0, -1).some((part) => HOSTILE_MODULES.has(part))
  );
}
