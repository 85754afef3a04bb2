// Knows every connection of the app's server and, of each, the newest response. This is all that serving costs.
import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type net from 'node:net';

export interface Connection {
  readonly socket: net.Socket;
  /** To the newest HTTP/1.1 request. Responses to earlier, pipelined requests are sent before it. */
  last: ServerResponse | null;
}

export type RequestListener = (connection: Connection, before: ServerResponse | null) => void;

export class Connections {
  readonly #connections = new Map<net.Socket, Connection>();
  readonly #events: EventEmitter = new EventEmitter();
  #onRequest: RequestListener | undefined;

  constructor(server: net.Server) {
    const add = (socket: net.Socket): void => this.#add(socket);
    server.prependListener('connection', add);
    // Over TLS, requests come on another socket than the one that was accepted.
    server.prependListener('secureConnection', add);
    // Before Fastify sees it, so that the listener can still change the headers.
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.httpVersionMajor === 1) this.#request(request.socket, response);
    });
  }

  get all(): readonly Connection[] {
    return [...this.#connections.values()];
  }

  onRequest(listener: RequestListener): void {
    this.#onRequest = listener;
  }

  /** Settles when no connection is left; rejects when the signal aborts before. */
  async untilEmpty(signal: AbortSignal): Promise<void> {
    while (this.#connections.size > 0) await once(this.#events, 'closed', { signal });
  }

  #add(socket: net.Socket): void {
    this.#connections.set(socket, { socket, last: null });
    socket.once('close', () => {
      this.#connections.delete(socket);
      this.#events.emit('closed');
    });
  }

  #request(socket: net.Socket, response: ServerResponse): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    const before = connection.last;
    connection.last = response;
    this.#onRequest?.(connection, before);
  }
}

/** Is a response of this connection still to be sent, or on its way? */
export function isAnswering({ last }: Connection): boolean {
  return last !== null && isInFlight(last);
}

export function isInFlight(response: ServerResponse): boolean {
  return !response.writableFinished && !response.destroyed;
}
