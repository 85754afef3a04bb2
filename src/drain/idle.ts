// Closes idle connections, spread over time, and never while a request waits in the kernel's buffer.
import type net from 'node:net';
import { wholePollPhase } from '../net/poll.ts';
import type { Connections } from './connections.ts';
import { currentResponse, isHttp1 } from './http1.ts';
import { closeInStages } from './linger.ts';

/** The interval between two checks of all connections. */
const CHECK_MS = 50;

/** A connection is closed only if the network was polled at most this long ago: a request that arrives later is lost. */
const MAX_POLL_AGE_MS = 0.5;

/** After this many attempts a connection is closed without that: the event loop of a busy worker may never be fast enough. */
const MAX_ATTEMPTS = 20;

interface Activity {
  bytesRead: number;
  idleSince: number;
  /** How often the poll was too old when the connection could have been closed. */
  attempts: number;
  /** A factor from 1 to 1.5 on idleMs: connections that fell idle together must not be closed together. */
  readonly spread: number;
}

export class IdleCloser {
  readonly #connections: Connections;
  readonly #activities = new WeakMap<net.Socket, Activity>();
  readonly #timer: NodeJS.Timeout;
  #idleMs: number;

  /** It begins at once: no connection counts as idle before. */
  constructor(connections: Connections, idleMs: number) {
    this.#connections = connections;
    this.#idleMs = idleMs;
    this.#check();
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
  }

  /** A longer time than before changes nothing. */
  shorten(idleMs: number): void {
    this.#idleMs = Math.min(this.#idleMs, idleMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const now = performance.now();
    for (const socket of this.#connections.all) {
      const activity = this.#update(socket, now);
      const isDue = now - activity.idleSince >= this.#idleMs * activity.spread;
      if (isDue) void closeUnlessUsed(socket, activity);
    }
  }

  #update(socket: net.Socket, now: number): Activity {
    const activity = this.#activities.get(socket) ?? {
      bytesRead: -1,
      idleSince: now,
      attempts: 0,
      spread: 1 + Math.random() / 2,
    };
    this.#activities.set(socket, activity);
    if (activity.bytesRead !== socket.bytesRead || isBusy(socket)) activity.idleSince = now;
    activity.bytesRead = socket.bytesRead;
    return activity;
  }
}

function isBusy(socket: net.Socket): boolean {
  return currentResponse(socket) !== null || !isHttp1(socket);
}

/** A request may have arrived that Node has not read yet: to close the connection now would lose it. */
async function closeUnlessUsed(socket: net.Socket, activity: Activity): Promise<void> {
  const { bytesRead } = activity;
  const pollAgeMs = await wholePollPhase();
  if (socket.bytesRead !== bytesRead || isBusy(socket)) return;
  if (isFresh(pollAgeMs, activity.attempts)) closeInStages(socket);
  activity.attempts += 1;
}

/** The look at the network is fresh enough to close an idle connection. `attempts`: how often it was not. */
export function isFresh(pollAgeMs: number, attempts: number): boolean {
  return pollAgeMs <= MAX_POLL_AGE_MS || attempts >= MAX_ATTEMPTS;
}
