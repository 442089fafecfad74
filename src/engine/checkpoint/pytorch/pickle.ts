import { Budget } from '../bytes/budget';
import { Fault } from '../fault';
import { MAX_LINE_LENGTH, malformed, PickleBytes, textInteger, tooLong } from './pickleBytes';
import { PickleGlobal, PickleObject, type PickleValue } from './pickleValue';
import { globalNamed, isCommand, isCommandAttribute, isUsual } from './pythonCalls';
import { say, type Message } from '../../../shared/words/message';

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

const LIMITS = {
  memo: 5_000_000,
  stack: 1_000_000,
  marks: 10_000,
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
  readonly calls: ReadonlyMap<string, string | Message>;
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
  const source = new PickleBytes(bytes, start, budget);
  const machine = new Machine(source, interpreter, budget);
  const value = machine.run();
  return { value, end: source.position, calls: machine.calls };
}

/**
 * What a pickle remembers, by number. Python numbers from 0 on, and half a million entries of a Map take
 * longer than all the rest of a pickle.
 */
class Memo {
  private readonly inOrder: PickleValue[] = [];
  private readonly others = new Map<number, PickleValue>();

  get size(): number {
    return this.inOrder.length + this.others.size;
  }

  set(index: number, value: PickleValue): void {
    if (index === this.inOrder.length && !this.others.has(index)) this.inOrder.push(value);
    else if (index >= 0 && index < this.inOrder.length) this.inOrder[index] = value;
    else this.others.set(index, value);
  }

  get(index: number): PickleValue | undefined {
    return index >= 0 && index < this.inOrder.length ? this.inOrder[index] : this.others.get(index);
  }
}

class Machine {
  private stack: PickleValue[] = [];
  /** Stacks below the marks. */
  private readonly marks: PickleValue[][] = [];
  private readonly memo = new Memo();
  /** Values on all stacks together. */
  private depth = 0;
  /** Each name is checked once, however often it is called. */
  private readonly globals = new Map<string, PickleGlobal>();
  readonly calls = new Map<string, string | Message>();

  constructor(
    private readonly source: PickleBytes,
    private readonly interpreter: PickleInterpreter,
    private readonly budget: Budget,
  ) {}

  run(): PickleValue {
    for (;;) {
      const opcode = this.source.uint8();
      if (opcode === 0x2e /* STOP */) return this.pop();
      this.step(opcode);
    }
  }

  private step(opcode: number): void {
    switch (opcode) {
      case 0x80: // PROTO
        if (this.source.uint8() > 5) {
          throw new Fault('unsupported', say`it is pickled in a newer protocol than 5`);
        }
        return;
      case 0x95: // FRAME
        this.source.take(8);
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
        this.push(this.source.int32());
        return;
      case 0x4b: // BININT1
        this.push(this.source.uint8());
        return;
      case 0x4d: // BININT2
        this.push(this.source.uint16());
        return;
      case 0x8a: // LONG1
        this.push(this.source.integer(this.source.uint8()));
        return;
      case 0x8b: // LONG4
        this.push(this.source.integer(this.source.uint32()));
        return;
      case 0x49: // INT
        this.push(textInteger(this.source.line()));
        return;
      case 0x4c: // LONG
        this.push(textInteger(this.source.line().replace(/L$/, '')));
        return;
      case 0x47: // BINFLOAT
        this.push(this.source.float64());
        return;
      case 0x46: // FLOAT
        this.push(Number(this.source.line()));
        return;

      case 0x58: // BINUNICODE
        this.push(this.source.text(this.source.uint32()));
        return;
      case 0x8c: // SHORT_BINUNICODE
        this.push(this.source.text(this.source.uint8()));
        return;
      case 0x8d: // BINUNICODE8
        this.push(this.source.text(this.source.uint64()));
        return;
      case 0x56: // UNICODE
        this.push(this.source.line());
        return;
      case 0x55: // SHORT_BINSTRING
        this.push(this.source.latin1(this.source.uint8()));
        return;
      case 0x54: // BINSTRING
        this.push(this.source.latin1(this.source.uint32()));
        return;
      case 0x53: // STRING
        this.push(this.source.line().replace(/^(['"])(.*)\1$/, '$2'));
        return;
      case 0x43: // SHORT_BINBYTES
        this.push(this.source.blob(this.source.uint8()));
        return;
      case 0x42: // BINBYTES
        this.push(this.source.blob(this.source.uint32()));
        return;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        this.push(this.source.blob(this.source.uint64()));
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
        this.remember(this.source.uint8());
        return;
      case 0x72: // LONG_BINPUT
        this.remember(this.source.uint32());
        return;
      case 0x70: // PUT
        this.remember(Number(this.source.line()));
        return;
      case 0x94: // MEMOIZE
        this.remember(this.memo.size);
        return;
      case 0x68: // BINGET
        this.recall(this.source.uint8());
        return;
      case 0x6a: // LONG_BINGET
        this.recall(this.source.uint32());
        return;
      case 0x67: // GET
        this.recall(Number(this.source.line()));
        return;

      case 0x63: // GLOBAL
        this.push(this.globalOf(this.source.line(), this.source.line()));
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
        const callee = this.globalOf(this.source.line(), this.source.line());
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
        this.push(this.interpreter.persistent(this.source.line()));
        return;
      case 0x51: // BINPERSID
        this.push(this.interpreter.persistent(this.pop()));
        return;

      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        throw new Fault(
          'unsupported',
          say`it uses the extension registry of the Python that wrote it`,
        );
      case 0x97: // NEXT_BUFFER
      case 0x98: // READONLY_BUFFER
        throw new Fault('unsupported', say`part of it was pickled out of band, into another place`);
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
      this.note(`what ${callee.path} gives`, say`what ${callee.path} gives`);
    }
    return new PickleObject(callee, args);
  }

  /** An attribute of something that is a name here is a name, too. */
  private attribute([of, name]: readonly PickleValue[]): PickleValue | undefined {
    if (!(of instanceof PickleGlobal) || typeof name !== 'string') return undefined;
    if (name.length + of.name.length > MAX_LINE_LENGTH) throw tooLong(say`a name`);
    return this.globalOf(of.module, `${of.name}.${name}`);
  }

  private note(path: string, said: string | Message = path): void {
    if (this.calls.size < LIMITS.calls && !isUsual(path)) this.calls.set(path, said);
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
  return new Fault('hostile', say`this file would run \`${path}\` if Python opened it`);
}

function tooMany(): Fault {
  return new Fault('unsupported', say`its pickled header holds more values than Basin keeps`);
}
