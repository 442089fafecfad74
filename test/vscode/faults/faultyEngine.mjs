// Stands in for dist/engine.js in a copy of the extension: the engine as it is, and rubbish on its
// channels when SIGUSR2 comes. What kind is in the file `fault` beside it.
import { readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';

/** The channel to the host: Node gives a forked process its third descriptor. */
const CHANNEL = Number(process.env.NODE_CHANNEL_FD ?? 3);

const faults = {
  /** A frame of the right form whose content nobody can read: its reader throws. */
  frame() {
    const body = Buffer.from([0xff, 0x0f, 0x6f, 0x22, 0x99, 0x00, 0xde, 0xad]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    writeSync(CHANNEL, Buffer.concat([length, body]));
  },
  /** A frame that announces two gigabytes: nothing behind it is ever read. */
  flood() {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(2 ** 31);
    writeSync(CHANNEL, Buffer.concat([length, Buffer.alloc(64, 0x41)]));
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
      process.send(message);
    }
  },
  /** The same from the host to the engine. */
  received() {
    for (const message of ['hello', 3, { jsonrpc: '2.0', method: 3 }, { id: {} }, { result: 1 }]) {
      process.emit('message', message);
    }
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
