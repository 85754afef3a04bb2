// Stops accepting connections, without a reset for those that wait in the kernel's queue.
import net from 'node:net';
import { wholePollPhase } from '../net/poll.ts';

/** The queue counts as empty after this many poll phases without a new connection. */
const QUIET_PHASES = 3;

/** The servers over which this process accepts its connections. */
export class Acceptor {
  readonly #servers: readonly net.Server[];
  readonly #backlog: number;
  #accepted = 0;

  /** `backlog`: how many connections the kernel may queue for each server. */
  constructor(servers: readonly net.Server[], backlog: number) {
    this.#servers = servers;
    this.#backlog = backlog;
    for (const server of servers) {
      server.prependListener('connection', () => {
        this.#accepted += 1;
      });
    }
  }

  /** Closes this process's copies of the sockets. Open connections stay open. May be called twice. */
  stop(): void {
    // Not the server's own close(), which would close idle connections at once, and stop request timeouts.
    for (const server of this.#servers) if (server.listening) net.Server.prototype.close.call(server);
  }

  /**
   * Stops when every connection is accepted that is in the queue now. To close the last copy of a socket before would reset
   * them. It takes no notice of time: Node accepts one connection in a poll phase, and between them the app may be at work.
   */
  async stopWhenEmpty(): Promise<void> {
    // With a backlog of 0 the kernel queues as few new connections as it can, and keeps those that it has queued.
    for (const server of this.#servers) setBacklog(server, 0);
    // The kernel queues one more than the backlog says. What is behind those came later: a flood must not hold up the exit.
    const most = this.#accepted + this.#servers.length * (this.#backlog + 1);
    for (let quiet = 0; quiet < QUIET_PHASES && this.#accepted < most;) {
      const before = this.#accepted;
      await wholePollPhase();
      quiet = this.#accepted === before ? quiet + 1 : 0;
    }
    this.stop();
  }
}

/** The part of libuv's handle that Node does not expose. */
interface ListenHandle {
  listen(backlog: number): number;
}

/** Listens anew on a socket that listens already: it only changes the length of the queue. */
export function setBacklog(server: net.Server, backlog: number): void {
  const handle: ListenHandle | null | undefined = Reflect.get(server, '_handle');
  if (typeof handle?.listen === 'function') handle.listen(backlog);
}
