// Knows every connection of the app's server. What happens on one is looked up when it is asked: serving pays nothing.
import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type net from 'node:net';

export type RequestListener = (socket: net.Socket, response: ServerResponse) => void;

export class Connections {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #events: EventEmitter = new EventEmitter();

  constructor(server: net.Server) {
    this.#server = server;
    const add = (socket: net.Socket): void => this.#add(socket);
    server.prependListener('connection', add);
    // Over TLS, requests come on another socket than the one that was accepted.
    server.prependListener('secureConnection', add);
  }

  get all(): readonly net.Socket[] {
    return [...this.#sockets];
  }

  /** Of every HTTP/1.1 request from now on, before Fastify sees it, so that the headers can still be changed. */
  onRequest(listener: RequestListener): void {
    const hear = (request: IncomingMessage, response: ServerResponse): void => {
      if (request.httpVersionMajor === 1) listener(request.socket, response);
    };
    this.#server.prependListener('request', hear);
    // An app that listens to one of these gets such a request in this way only. Without it Node answers by itself.
    for (const name of ['checkContinue', 'checkExpectation']) {
      if (this.#server.listenerCount(name) > 0) this.#server.prependListener(name, hear);
    }
  }

  /** Settles when no connection is left; rejects when the signal aborts before. */
  async untilEmpty(signal: AbortSignal): Promise<void> {
    while (this.#sockets.size > 0) await once(this.#events, 'closed', { signal });
  }

  #add(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#events.emit('closed');
    });
  }
}
