// Closes connections on which nothing happens, spread over time, and never with a request in the kernel's buffer.
import type net from 'node:net';
import { wholePollPhase } from '../net/poll.ts';
import type { Connections } from './connections.ts';
import { currentResponse, isHttp1 } from './http1.ts';
import { closeInStages } from './linger.ts';

/** How often connections are looked at, in ms. */
const SWEEP_MS = 50;

/** So fresh, in ms, the last look at the network has to be: what arrives after it is lost. */
const FRESH_MS = 0.5;

/** A worker that is always busy has to do with less. */
const MOST_TRIES = 20;

interface Watched {
  bytesRead: number;
  idleSince: number;
  /** How often it could have been closed, had the last look at the network been fresh. */
  tries: number;
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
    for (const socket of this.#connections.all) {
      const watched = this.#watch(socket, now);
      const isDue = now - watched.idleSince >= this.#idleMs * watched.patience;
      if (isDue) void closeUnlessUsed(socket, watched);
    }
  }

  #watch(socket: net.Socket, now: number): Watched {
    const known = this.#watched.get(socket) ?? {
      bytesRead: -1,
      idleSince: now,
      tries: 0,
      patience: 1 + Math.random() / 2,
    };
    this.#watched.set(socket, known);
    if (known.bytesRead !== socket.bytesRead || isBusy(socket)) known.idleSince = now;
    known.bytesRead = socket.bytesRead;
    return known;
  }
}

function isBusy(socket: net.Socket): boolean {
  return currentResponse(socket) !== null || !isHttp1(socket);
}

/** A request may have arrived that Node has not read yet: to close now would be to lose it. */
async function closeUnlessUsed(socket: net.Socket, watched: Watched): Promise<void> {
  const { bytesRead } = watched;
  const ageMs = await wholePollPhase();
  if (socket.bytesRead !== bytesRead || isBusy(socket)) return;
  watched.tries += 1;
  if (ageMs <= FRESH_MS || watched.tries > MOST_TRIES) closeInStages(socket);
}
