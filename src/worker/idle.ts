// Closes connections on which nothing happens, spread over time, and never with a request in the kernel's buffer.
import type net from 'node:net';
import { isAnswering } from './connections.ts';
import type { Connection, Connections } from './connections.ts';
import { wholePollPhase } from './poll.ts';

/** How often connections are looked at, in ms. */
const SWEEP_MS = 50;

interface Watched {
  bytesRead: number;
  idleSince: number;
  /** From 1 to 1.5: so connections that fell idle together are not closed together. */
  readonly patience: number;
}

export class IdleReaper {
  readonly #connections: Connections;
  readonly #watched = new WeakMap<net.Socket, Watched>();
  readonly #sweep: NodeJS.Timeout;
  #idleMs: number;

  constructor(connections: Connections, idleMs: number) {
    this.#connections = connections;
    this.#idleMs = idleMs;
    this.#look();
    this.#sweep = setInterval(() => this.#look(), SWEEP_MS);
  }

  /** Only ever less patient. */
  hurry(idleMs: number): void {
    this.#idleMs = Math.min(this.#idleMs, idleMs);
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #look(): void {
    const now = performance.now();
    for (const connection of this.#connections.all) {
      const watched = this.#watch(connection, now);
      const isDue = now - watched.idleSince >= this.#idleMs * watched.patience;
      if (isDue) void closeUnlessUsed(connection, watched.bytesRead);
    }
  }

  #watch(connection: Connection, now: number): Watched {
    const { socket } = connection;
    const known = this.#watched.get(socket) ?? {
      bytesRead: -1,
      idleSince: now,
      patience: 1 + Math.random() / 2,
    };
    this.#watched.set(socket, known);
    if (known.bytesRead !== socket.bytesRead || isAnswering(connection) || !isHttp1(socket))
      known.idleSince = now;
    known.bytesRead = socket.bytesRead;
    return known;
  }
}

/** A request may have arrived that Node has not read yet: to close now would be to reset it. */
async function closeUnlessUsed(connection: Connection, bytesRead: number): Promise<void> {
  await wholePollPhase();
  const { socket } = connection;
  if (socket.bytesRead === bytesRead && !isAnswering(connection)) socket.destroySoon();
}

/** A connection that was upgraded, or speaks HTTP/2, has no HTTP/1.1 parser: its silence means nothing. */
function isHttp1(socket: net.Socket): boolean {
  return socket.bytesRead === 0 || Reflect.get(socket, 'parser') instanceof Object;
}
