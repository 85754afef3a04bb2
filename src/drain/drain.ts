// Leaves without losing a request: what was accepted is answered, what comes is left to others.
import { wholePollPhase } from '../net/poll.ts';
import type { ServableApp } from '../app/app.ts';
import type { Connections } from './connections.ts';
import type { LiveContext } from '../app/context.ts';
import { closeAfterLastResponse } from './farewell.ts';
import type { Sessions } from './http2.ts';
import { IdleReaper } from './idle.ts';
import type { Acceptor } from '../app/listen.ts';
import { logError } from '../app/log-error.ts';

export interface DrainTimes {
  /** Nobody accepts after this worker: the accept queue has to be emptied first. */
  readonly final: boolean;
  readonly idleMs: number;
  readonly graceMs: number;
}

export interface DrainParts {
  readonly app: ServableApp;
  readonly context: LiveContext;
  readonly connections: Connections;
  readonly sessions: Sessions;
  readonly acceptor: Acceptor;
}

export class Drain {
  readonly #parts: DrainParts;
  readonly #graceOver = new AbortController();
  #begun: { readonly reaper: IdleReaper; readonly done: Promise<void> } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #deadline = Infinity;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  /** Settles when no connection is left. Called again, it only becomes less patient. Never rejects. */
  drain(times: DrainTimes): Promise<void> {
    if (times.final) this.#parts.context.becomeUnready();
    this.#limit(times.graceMs);
    this.#parts.sessions.end(times.idleMs);
    this.#begun?.reaper.hurry(times.idleMs);
    this.#begun ??= this.#begin(times);
    return this.#begun.done;
  }

  #begin({ final, idleMs }: DrainTimes): { readonly reaper: IdleReaper; readonly done: Promise<void> } {
    const { acceptor, app, connections, context } = this.#parts;
    const stopped = final ? emptyQueue(acceptor) : Promise.resolve(acceptor.stop());
    closeAfterLastResponse(connections);
    const told = context.becomeDraining((error) => logError(app.log, error, 'an onDrain hook failed'));
    const reaper = new IdleReaper(connections, idleMs);
    return { reaper, done: this.#finish(reaper, [stopped, told]) };
  }

  async #finish(reaper: IdleReaper, begun: readonly Promise<void>[]): Promise<void> {
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
    reaper.stop();
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

/** Whoever has connected already is in the kernel's queue; to close the last copy of the socket would reset them. */
async function emptyQueue(acceptor: Acceptor): Promise<void> {
  acceptor.shrinkQueue();
  const deadline = performance.now() + EMPTYING_MS;
  for (let quiet = 0; quiet < QUIET_PHASES && performance.now() < deadline;) {
    const before = acceptor.accepted;
    await wholePollPhase();
    quiet = acceptor.accepted === before ? quiet + 1 : 0;
  }
  acceptor.stop();
}

/** At the most this long; a flood of new connections must not hold up the end. */
const EMPTYING_MS = 500;
const QUIET_PHASES = 3;

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
