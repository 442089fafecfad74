// Stands in for dist/engine.js in a copy of the extension: the engine as it is, and rubbish on its
// channels when SIGUSR2 comes. What kind is in the file `fault` beside it.
import { readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { serialize } from 'node:v8';

/** The pipe to the host. */
const CHANNEL = 3;

/** As the protocol has it: who it is, how long, what. */
function frame(content, length = content.length) {
  const head = Buffer.from([0x42, 0x73, 0x6e, 0x01, 0, 0, 0, 0]);
  head.writeUInt32BE(length, 4);
  return Buffer.concat([head, content]);
}

const faults = {
  /** A frame of the right form whose content nobody can read. */
  frame() {
    writeSync(CHANNEL, frame(Buffer.from([0xff, 0x0f, 0x6f, 0x22, 0x99, 0x00, 0xde, 0xad])));
  },
  /** A frame that announces two gigabytes. */
  flood() {
    writeSync(CHANNEL, frame(Buffer.alloc(64, 0x41), 2 ** 31));
  },
  /** A frame that takes in what comes after it: what is read then is out of step. */
  swallow() {
    writeSync(CHANNEL, frame(Buffer.alloc(64, 0x41), 80));
  },
  /** What a library prints on a pipe that is not its own. */
  text() {
    writeSync(CHANNEL, 'Warning: CUDA is not available.\n');
  },
  /** Messages that are no protocol's. */
  messages() {
    for (const message of [
      'hello',
      { jsonrpc: '2.0', id: 10 ** 9, result: 1 },
      { jsonrpc: '2.0', method: 'basin/progress', params: [{ job: 7 }] },
      { jsonrpc: '2.0', method: 'basin/none', id: 'x' },
      { jsonrpc: '2.0', method: 3 },
      new Uint8Array(9),
    ]) {
      writeSync(CHANNEL, frame(serialize(message)));
    }
  },
  /** The same from the host to the engine. */
  received() {
    for (const message of ['hello', 3, { jsonrpc: '2.0', method: 3 }, { id: {} }, { result: 1 }]) {
      process.stdin.emit('data', frame(serialize(message)));
    }
  },
  /** The host's pipe to the engine carries what is no frame. */
  misheard() {
    process.stdin.emit('data', Buffer.from('GET / HTTP/1.1\r\n'));
  },
  /** Bytes where lines are expected. */
  output() {
    for (let i = 0; i < 16; i++) writeSync(2, Buffer.alloc(4096, i * 17));
    writeSync(1, Buffer.from('no line \u0007 at all'));
  },
};

process.on('SIGUSR2', () => {
  const kind = readFileSync(join(import.meta.dirname, 'fault'), 'utf8');
  try {
    faults[kind]();
  } catch (error) {
    // A full pipe takes no more rubbish.
    if (error.code !== 'EAGAIN') throw error;
  }
});

createRequire(import.meta.url)('./engine.real.js');
