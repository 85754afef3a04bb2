// The drain of one server that the app has opened beside its own.
import type net from 'node:net';
import tls from 'node:tls';
import type { Listening } from '../app/listen.ts';
import { allowClosingAgain } from '../app/close.ts';
import { attempt } from '../attempt.ts';
import { Acceptor } from './acceptor.ts';
import type { Succession } from './acceptor.ts';
import { closeAfterResponse } from './close-after-response.ts';
import { Connections } from './connections.ts';
import { NOTHING_CUT, cut } from './cut.ts';
import type { Cut } from './cut.ts';
import { orAborted } from './grace.ts';
import { Sessions } from './http2.ts';
import { IdleCloser } from './idle.ts';

/** What Linux cuts a backlog to by default (net.core.somaxconn). Which one the app asked for, Node does not tell. */
const MAX_BACKLOG = 4_096;

export class FurtherServer {
  readonly #server: net.Server;
  readonly #connections: Connections;
  readonly #sessions: Sessions;
  #acceptor: Acceptor;
  #idle: IdleCloser | undefined;
  #stopped: Promise<unknown> | undefined;
  #closed: Promise<Cut> | undefined;

  constructor(server: net.Server) {
    this.#server = server;
    this.#connections = new Connections(server);
    this.#sessions = new Sessions(server, this.#connections);
    this.#acceptor = new Acceptor([{ server, backlog: MAX_BACKLOG, isLent: false }]);
  }

  /** It listens there, also by way of others that hand their connections over. */
  listensAt(listening: readonly Listening[]): void {
    this.#acceptor = new Acceptor(listening);
    if (this.#stopped !== undefined) this.#acceptor.stop();
  }

  /** It begins to drain. A later call can only shorten idleMs. */
  drain({ idleMs, ...succession }: Succession & { readonly idleMs: number }): void {
    this.#stopped ??= this.#stop(succession);
    // When connections of another protocol are idle, only the app can know.
    if (!speaksHttp(this.#server)) return;
    this.#sessions.end(idleMs);
    if (this.#idle === undefined) {
      this.#connections.forEach((socket) => closeAfterResponse(this.#connections, socket));
      this.#idle = new IdleCloser(this.#connections, idleMs);
    }
    this.#idle.shorten(idleMs);
  }

  /** Settles when it is closed, with what had to be cut when the signal aborted; never rejects. */
  closed(graceOver: AbortSignal): Promise<Cut> {
    this.#closed ??= this.#untilClosed(graceOver);
    return this.#closed;
  }

  async #untilClosed(graceOver: AbortSignal): Promise<Cut> {
    let lost = NOTHING_CUT;
    try {
      await orAborted(Promise.resolve(this.#stopped), graceOver);
      await this.#connections.untilEmpty(graceOver);
    } catch {
      lost = this.#cut();
    }
    this.#idle?.stop();
    // A server of HTTP has timers of its own.
    attempt(() => this.#server.close());
    // Most apps close it themselves, in an onClose hook. That it is closed already is no error then.
    allowClosingAgain(this.#server);
    return lost;
  }

  #cut(): Cut {
    this.#acceptor.stop();
    const { all } = this.#connections;
    if (speaksHttp(this.#server)) return cut(all, this.#sessions.openStreams);
    // Over TLS a connection has two sockets.
    const upgraded = this.#server instanceof tls.Server ? all.filter(isEncrypted) : all;
    cut(all, 0);
    return { requests: 0, upgraded: upgraded.length };
  }

  #stop(succession: Succession): Promise<unknown> {
    const stop = (): Promise<void> => this.#acceptor.leave(succession);
    // It may not listen yet.
    this.#server.on('listening', () => void stop());
    return stop();
  }
}

/** HTTP/1.1 or HTTP/2: of the servers of Node only these time their connections out. */
function speaksHttp(server: net.Server): boolean {
  return typeof Reflect.get(server, 'setTimeout') === 'function';
}

function isEncrypted(socket: net.Socket): boolean {
  return socket instanceof tls.TLSSocket;
}
