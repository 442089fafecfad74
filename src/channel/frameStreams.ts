import type { Readable, Writable } from 'node:stream';
import { deserialize, serialize } from 'node:v8';
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageReader,
  type MessageWriter,
} from 'vscode-jsonrpc/node';
import { FrameError, frameHead, FrameSplitter } from './frames';

/**
 * Messages of the other process, as V8 writes them: typed arrays stay typed arrays. Node's own channel
 * between processes does the same, and throws where nobody can catch at bytes it cannot read.
 */
export class FrameReader extends AbstractMessageReader implements MessageReader {
  private readonly splitter = new FrameSplitter();

  constructor(private readonly stream: Readable) {
    super();
  }

  /** Reads until the stream ends, or until something cannot be read: that is an error, once. */
  listen(callback: DataCallback): Disposable {
    const onData = (bytes: Uint8Array): void => {
      let messages: Message[];
      try {
        messages = this.splitter.push(bytes).map(decode);
      } catch (error) {
        stop();
        this.fireError(error);
        return;
      }
      for (const message of messages) callback(message);
    };
    const onError = (error: Error): void => {
      this.fireError(error);
    };
    const onClose = (): void => {
      this.fireClose();
    };
    const stop = (): void => {
      this.stream.off('data', onData);
      // Nobody reads the rest, and it must not fill the pipe.
      this.stream.resume();
    };
    this.stream.on('data', onData).on('error', onError).on('close', onClose);
    return {
      dispose: () => {
        stop();
        this.stream.off('close', onClose);
      },
    };
  }
}

function decode(content: Uint8Array): Message {
  try {
    return deserialize(content) as Message;
  } catch {
    throw new FrameError('The content of a message cannot be read.');
  }
}

export class FrameWriter extends AbstractMessageWriter implements MessageWriter {
  constructor(private readonly stream: Writable) {
    super();
    stream.on('error', (error) => {
      this.fireError(error);
    });
    stream.on('close', () => {
      this.fireClose();
    });
  }

  /**
   * What cannot be written any more is told by the end of the other side, and not by each message.
   *
   * @throws FrameError for a message that is too long; an error of V8 for one it cannot write.
   */
  async write(message: Message): Promise<void> {
    const content = serialize(message);
    const head = frameHead(content.length);
    await new Promise<void>((resolve) => {
      this.stream.write(head);
      this.stream.write(content, () => {
        resolve();
      });
    });
  }

  end(): void {
    this.stream.end();
  }
}
