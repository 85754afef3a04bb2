// Tracks the connections of the app's server. What a connection is doing is read from Node when the drain needs it, so
// serving pays nothing for it.
import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type net from 'node:net';

export class Connections {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #events: EventEmitter = new EventEmitter();
  #newest: net.Socket | undefined;
  /** Undefined until one is needed: only then the server is listened to. */
  #requestListeners: WeakMap<net.Socket, (response: ServerResponse) => void> | undefined;

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

  /** The one that was opened last, if it is open. */
  get newest(): net.Socket | undefined {
    return this.#newest;
  }

  /** Calls the function for every open connection, and for every later one. */
  forEach(visit: (socket: net.Socket) => void): void {
    this.#events.on('opened', visit);
    for (const socket of this.all) visit(socket);
  }

  /**
   * Sets the listener for the HTTP/1.1 requests of one connection, each with its response. It is called before Fastify
   * handles the request, so it can still change the headers.
   */
  onRequest(socket: net.Socket, listener: (response: ServerResponse) => void): void {
    this.#requestListeners ??= this.#listenToRequests();
    this.#requestListeners.set(socket, listener);
  }

  /** Settles when no connection is left; rejects when the signal aborts before. */
  async untilEmpty(signal: AbortSignal): Promise<void> {
    while (this.#sockets.size > 0) await once(this.#events, 'closed', { signal });
  }

  #listenToRequests(): WeakMap<net.Socket, (response: ServerResponse) => void> {
    const listeners = new WeakMap<net.Socket, (response: ServerResponse) => void>();
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      if (request.httpVersionMajor === 1) listeners.get(request.socket)?.(response);
    };
    this.#server.prependListener('request', onRequest);
    // Node emits these events instead of 'request' if the app listens to them; otherwise it responds by itself.
    for (const name of ['checkContinue', 'checkExpectation']) {
      if (this.#server.listenerCount(name) > 0) this.#server.prependListener(name, onRequest);
    }
    return listeners;
  }

  #add(socket: net.Socket): void {
    this.#sockets.add(socket);
    this.#newest = socket;
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#newest === socket) this.#newest = undefined;
      this.#events.emit('closed');
    });
    this.#events.emit('opened', socket);
  }
}
