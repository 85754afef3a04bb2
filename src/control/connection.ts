// One client of the control socket: reads its requests, and answers them, each when it is done. A client that goes away stops
// nothing: what it has asked for goes on.
import type net from 'node:net';
import process from 'node:process';
import { ControlRequestError } from '../errors.ts';
import { LineTooLongError, Lines } from '../net/lines.ts';
import { CONTROL_PROTOCOL, MAX_REQUEST, parseRequest, requestIdOf } from '../protocol/control.ts';
import type {
  ControlReply,
  ControlRequest,
  ControlResults,
  Greeting,
  RequestId,
} from '../protocol/control.ts';
import { toErrorInfo, withoutProperties } from '../protocol/error-info.ts';
import { mapError } from '../status.ts';
import type { ControlTarget } from './target.ts';

/** Requests of one client that are not answered yet. Further ones are refused. */
const MAX_PENDING = 64;

/** What may wait for a client that does not read, in bytes. Then it is disconnected. */
const MAX_UNREAD = 2 ** 20;

export class Connection {
  readonly #socket: net.Socket;
  readonly #target: ControlTarget;
  readonly #lines = new Lines(MAX_REQUEST);
  /** Of those that hear what happens in the fleet. */
  readonly #following = new Set<{ readonly id: RequestId }>();
  #pending = 0;
  /** The client sends no more: once it has its answers, there is nothing left to do. */
  #hasEnded = false;
  /** Everything was handed to the system, or the client is gone. */
  readonly #sent: Promise<void>;

  constructor(socket: net.Socket, target: ControlTarget) {
    this.#socket = socket.unref();
    this.#target = target;
    this.#sent = new Promise((resolve) => socket.once('finish', resolve).once('close', () => resolve()));
    // It has gone away.
    socket.on('error', () => socket.destroy());
    socket.on('data', (piece: Buffer) => this.#read(piece));
    socket.on('end', () => this.#end());
    this.#write({ protocol: CONTROL_PROTOCOL, pid: process.pid });
  }

  /** An event of the fleet. */
  tell(event: string, details: Readonly<Record<string, unknown>>): void {
    for (const { id } of this.#following) this.#write({ id, event, details });
  }

  /** Ends it when all that is pending is answered. Settles when the client can read that, whether it does or not. */
  async close(): Promise<void> {
    this.#hasEnded = true;
    if (this.#pending === 0) this.#socket.end();
    await this.#sent;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(piece: Buffer): void {
    try {
      for (const line of this.#lines.push(piece)) void this.#take(line);
    } catch (error) {
      if (!(error instanceof LineTooLongError)) throw error;
      this.#fail(null, new ControlRequestError(error.message));
      // Where the next request begins is not known.
      this.#socket.removeAllListeners('data').resume().end();
    }
  }

  #end(): void {
    this.#hasEnded = true;
    // The last line may lack its end, as that of `printf`.
    void this.#take(this.#lines.rest());
  }

  async #take(line: string): Promise<void> {
    this.#pending += 1;
    try {
      if (line.trim() !== '') await this.#answer(line);
    } finally {
      this.#pending -= 1;
      if (this.#hasEnded && this.#pending === 0) this.#socket.end();
    }
  }

  async #answer(line: string): Promise<void> {
    let id: RequestId = null;
    try {
      const value = parseJson(line);
      id = requestIdOf(value);
      if (this.#pending > MAX_PENDING)
        throw new ControlRequestError(`${MAX_PENDING} others of this client are pending`);
      this.#write({ id, result: await this.#carryOut(parseRequest(value)) });
    } catch (error) {
      this.#fail(id, error);
    }
  }

  async #carryOut(request: ControlRequest): Promise<ControlResults[ControlRequest['command']]> {
    const target = this.#target;
    if (request.command !== 'status') target.told(request.command);
    switch (request.command) {
      case 'status':
        return target.status();
      case 'scale':
        return target.scale(request.size);
      case 'restart':
        return this.#follow(request.id, async () =>
          mapError(await target.restart(), (error) => withoutProperties(toErrorInfo(error))),
        );
      case 'stop':
        return this.#follow(request.id, () => {
          target.stop();
          return target.stopped;
        });
    }
  }

  async #follow<T>(id: RequestId, run: () => Promise<T>): Promise<T> {
    // An id may come twice.
    const follower = { id };
    this.#following.add(follower);
    try {
      return await run();
    } finally {
      this.#following.delete(follower);
    }
  }

  #fail(id: RequestId, error: unknown): void {
    const { code, message } = toErrorInfo(error);
    this.#write({ id, error: { code, message } });
  }

  #write(line: Greeting | ControlReply): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    socket.write(`${JSON.stringify(line)}\n`);
    if (socket.writableLength > MAX_UNREAD) socket.destroy();
  }
}

/** @throws FST_CLUSTERED_CONTROL_REQUEST */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new ControlRequestError('it is no JSON; a request is one line of JSON');
  }
}
