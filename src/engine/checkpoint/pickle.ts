import { Budget } from './budget';
import { Fault } from './fault';
import { PickleGlobal, PickleObject, type PickleValue } from './pickleValue';
import { globalNamed, isCommand, isCommandAttribute, isUsual } from './pythonCalls';

/** Gives a pickle its meaning. */
export interface PickleInterpreter {
  /** What calling `callee` gives; undefined where it is nothing known. What it copies, it pays for. */
  call(callee: PickleGlobal, args: readonly PickleValue[], budget: Budget): PickleValue | undefined;
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
  memo: 5_000_000,
  stack: 1_000_000,
  marks: 10_000,
  /** Bytes of one string. */
  string: 64 * 2 ** 20,
  /** Bytes of one integer. */
  integer: 1024,
  /** Bytes of a line of the text opcodes: names and numbers. */
  line: 4096,
  /** Calls that are told by name. */
  calls: 64,
};

/** Bytes of memory that values take, roughly. */
const COST = { value: 8, text: 32, list: 48, dictionary: 200, entry: 40, object: 120 };

export interface Unpickled {
  readonly value: PickleValue;
  /** Position after the pickle. */
  readonly end: number;
  /** What Python would call, beyond what nearly every checkpoint makes it call; by name. */
  readonly calls: ReadonlySet<string>;
}

/**
 * Reads one pickle: Python's format, protocols 0 to 5, by a stack machine that imports nothing and
 * calls nothing. A global is a pair of names, and a call is a record of what would have been called.
 *
 * Source: CPython's Lib/pickletools.py, which documents every opcode.
 *
 * @param start where it begins in `bytes`.
 * @param budget what it may make of the machine; that of its own bytes if absent.
 * @throws PickleTruncated when `bytes` ends first; Fault when the pickle is damaged, goes beyond its
 *   budget, or names a command that Python would run.
 */
export function unpickle(
  bytes: Uint8Array,
  interpreter: PickleInterpreter,
  start = 0,
  budget = new Budget(bytes.length - start),
): Unpickled {
  const machine = new Machine(bytes, interpreter, start, budget);
  const value = machine.run();
  return { value, end: machine.position, calls: machine.calls };
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
  /** Each name is checked once, however often it is called. */
  private readonly globals = new Map<string, PickleGlobal>();
  readonly calls = new Set<string>();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly interpreter: PickleInterpreter,
    start: number,
    private readonly budget: Budget,
  ) {
    this.position = start;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.uint8();
      if (opcode === 0x2e /* STOP */) return this.pop();
      this.step(opcode);
    }
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
        if (!(set instanceof PickleObject || set instanceof Set)) throw malformed();
        this.budget.make(items.length * (set instanceof Set ? COST.entry : COST.value));
        for (const item of items) {
          if (set instanceof Set) set.add(item);
          else set.append(item);
        }
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
        this.push(this.globalOf(this.line(), this.line()));
        return;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.popMany(2);
        this.push(this.globalOf(module!, name!));
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
        const callee = this.globalOf(this.line(), this.line());
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

  private globalOf(module: PickleValue, name: PickleValue): PickleGlobal {
    if (typeof module !== 'string' || typeof name !== 'string') throw malformed();
    const key = `${module}\n${name}`;
    const known = this.globals.get(key);
    if (known) return known;
    const global = globalNamed(module, name);
    if (isCommand(global)) throw command(global.path);
    this.budget.make(COST.object + key.length);
    this.globals.set(key, global);
    return global;
  }

  private call(callee: PickleValue, args: PickleValue): PickleValue {
    if (!Array.isArray(args)) throw malformed();
    if (callee instanceof PickleGlobal) {
      const value =
        callee.path === 'builtins.getattr'
          ? this.attribute(args)
          : this.interpreter.call(callee, args, this.budget);
      if (value !== undefined) return value;
      this.note(callee.path);
    } else if (callee instanceof PickleObject) {
      if (isCommandMade(callee)) throw command(callee.path);
      this.note(`what ${callee.path} gives`);
    }
    return new PickleObject(callee, args);
  }

  /** An attribute of something that is a name here is a name, too. */
  private attribute([of, name]: readonly PickleValue[]): PickleValue | undefined {
    if (!(of instanceof PickleGlobal) || typeof name !== 'string') return undefined;
    if (name.length + of.name.length > LIMITS.line) throw tooLong('a name');
    return this.globalOf(of.module, `${of.name}.${name}`);
  }

  private note(path: string): void {
    if (this.calls.size < LIMITS.calls && !isUsual(path)) this.calls.add(path);
  }

  private append(items: readonly PickleValue[]): void {
    const list = this.top();
    this.budget.make(items.length * COST.value);
    if (list instanceof PickleObject) for (const item of items) list.append(item);
    else if (Array.isArray(list)) for (const item of items) list.push(item);
    else throw malformed();
  }

  private setItems(pairs: readonly PickleValue[]): void {
    const target = this.top();
    if (pairs.length % 2 !== 0) throw malformed();
    this.budget.make((pairs.length / 2) * COST.entry);
    for (let i = 0; i < pairs.length; i += 2) {
      if (target instanceof PickleObject) target.assign(pairs[i]!, pairs[i + 1]!);
      else if (target instanceof Map) target.set(pairs[i]!, pairs[i + 1]!);
      else throw malformed();
    }
  }

  /** Pushes a value that has just been made. */
  private make(value: PickleValue): void {
    this.budget.make(costOf(value));
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
    this.budget.make(COST.entry);
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
    if (length === 0) return 0;
    // Through hexadecimal digits, as shifting byte by byte takes the square of the length.
    const digits = Buffer.from(this.bytes.slice(at, at + length).reverse().buffer).toString('hex');
    if (length > 8) this.budget.make(COST.text + length);
    return exact(BigInt.asIntN(length * 8, BigInt(`0x${digits}`)));
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
    this.budget.make(COST.text + length);
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

function costOf(value: PickleValue): number {
  if (Array.isArray(value)) return COST.list + COST.value * value.length;
  if (value instanceof Map || value instanceof Set) return COST.dictionary;
  return COST.object;
}

/** Functions made of code in the file, and attributes that run what they are given. */
function isCommandMade({ path, args }: PickleObject): boolean {
  if (/^types\.(FunctionType|CodeType|LambdaType)$|_make_function|_create_function/.test(path)) {
    return true;
  }
  const name = /^(builtins\.getattr|_?operator\.(attrgetter|methodcaller))$/.test(path)
    ? args.find((arg) => typeof arg === 'string')
    : undefined;
  return name !== undefined && isCommandAttribute(name.slice(name.lastIndexOf('.') + 1));
}

function command(path: string): Fault {
  return new Fault('hostile', `this file would run \`${path}\` if Python opened it`);
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
