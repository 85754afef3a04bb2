// A debugger, as an editor has it: it attaches to a process of a service, and stops it.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import WebSocket from 'ws';
import type { Service } from './service.ts';

const LISTENING = /^Debugger listening on (ws:\/\/\S+)$/gm;

/** Where the debuggers of a service listen, by what its processes have written to stderr. */
export function debuggers(service: Service): readonly URL[] {
  return [...service.stderr.matchAll(LISTENING)].map(([, url = '']) => new URL(url));
}

/** Resolves when so many processes of the service have opened one. */
export async function debuggersSeen(service: Service, count: number): Promise<readonly URL[]> {
  const lines = Array.from({ length: count }, () => String.raw`^Debugger listening on ws://\S+$`);
  await service.seenOnStderr(new RegExp(lines.join('[^]*?'), 'm'));
  return debuggers(service);
}

export class Debugger {
  readonly #socket: WebSocket;
  readonly #events = new EventEmitter();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const { id, method, ...rest } = JSON.parse(data.toString());
      this.#events.emit(id === undefined ? method : `answer ${id}`, rest);
    });
  }

  static async attach(url: URL): Promise<Debugger> {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new Debugger(socket);
  }

  async post(method: string, params: object = {}): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = once(this.#events, `answer ${id}`);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const [{ error, result }] = await answered;
    assert.equal(error, undefined);
    return result;
  }

  /** Resolves with the next event of that name. To be called before what causes it. */
  async next(method: string): Promise<void> {
    await once(this.#events, method);
  }

  /** Runs code in the process, and waits for its promise. */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.post('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    return Reflect.get(Object(Reflect.get(Object(answer), 'result')), 'value');
  }

  /** A process whose debugger stays attached cannot exit. */
  async detach(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}
