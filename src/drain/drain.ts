// Leaves without losing a request: what was accepted is answered, new connections are left to other workers.
import type { ServableApp } from '../app/app.ts';
import type { MutableContext } from '../app/context.ts';
import { logError } from '../app/log-error.ts';
import type { Acceptor } from './acceptor.ts';
import { closeAfterResponse } from './close-after-response.ts';
import type { Connections } from './connections.ts';
import type { Sessions } from './http2.ts';
import { IdleCloser } from './idle.ts';

/** How to drain. */
export interface DrainOrder {
  /** True: no process accepts connections after this one, so the kernel's queue has to be emptied first. */
  readonly final: boolean;
  /** A connection that is idle for this long is closed. */
  readonly idleMs: number;
  /** How long requests in flight may take. Then their connections are cut. */
  readonly graceMs: number;
}

export interface DrainParts {
  readonly app: ServableApp;
  readonly context: MutableContext;
  readonly connections: Connections;
  readonly sessions: Sessions;
  readonly acceptor: Acceptor;
}

export class Drain {
  readonly #parts: DrainParts;
  readonly #graceOver = new AbortController();
  #begun: { readonly idle: IdleCloser; readonly done: Promise<void> } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #deadline = Infinity;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  /** Settles when no connection is left; never rejects. A later call can only shorten the times. */
  drain(order: DrainOrder): Promise<void> {
    if (order.final) this.#parts.context.markLeaving();
    this.#limit(order.graceMs);
    this.#parts.sessions.end(order.idleMs);
    this.#begun?.idle.shorten(order.idleMs);
    this.#begun ??= this.#begin(order);
    return this.#begun.done;
  }

  #begin({ final, idleMs }: DrainOrder): { readonly idle: IdleCloser; readonly done: Promise<void> } {
    const { acceptor, app, connections, context } = this.#parts;
    const stopped = final ? acceptor.stopWhenEmpty() : Promise.resolve(acceptor.stop());
    connections.forEach((socket) => closeAfterResponse(connections, socket));
    const hooks = context.startDraining((error) => logError(app.log, error, 'an onDrain hook failed'));
    const idle = new IdleCloser(connections, idleMs);
    return { idle, done: this.#finish(idle, [stopped, hooks]) };
  }

  async #finish(idle: IdleCloser, begun: readonly Promise<void>[]): Promise<void> {
    const { acceptor, connections } = this.#parts;
    const { signal } = this.#graceOver;
    try {
      await orAborted(Promise.all(begun), signal);
      await connections.untilEmpty(signal);
    } catch {
      // The grace is over: what is left is cut.
      acceptor.stop();
      for (const socket of connections.all) socket.destroy();
    }
    idle.stop();
    clearTimeout(this.#timer);
  }

  #limit(graceMs: number): void {
    const deadline = performance.now() + graceMs;
    if (deadline >= this.#deadline) return;
    this.#deadline = deadline;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#graceOver.abort(), graceMs);
  }
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
