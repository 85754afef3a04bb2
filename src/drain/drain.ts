// Leaves without losing a request: what was accepted is answered, new connections are left to other workers.
import type { ServableApp } from '../app/app.ts';
import type { MutableContext } from '../app/context.ts';
import { logError } from '../app/log-error.ts';
import type { Acceptor } from './acceptor.ts';
import { closeAfterResponse } from './close-after-response.ts';
import type { Connections } from './connections.ts';
import { NOTHING_CUT, cut, sumOf } from './cut.ts';
import type { Cut } from './cut.ts';
import type { FurtherServers } from './further-servers.ts';
import { Grace, orAborted } from './grace.ts';
import type { Sessions } from './http2.ts';
import { IdleCloser } from './idle.ts';
import { untilUpgraded } from './upgraded.ts';
import type { WebSockets } from './web-sockets.ts';

/** How to drain. */
export interface DrainOrder {
  /** True: no process accepts connections after this one, so the kernel's queue has to be emptied first. */
  readonly final: boolean;
  /** True: other workers go on, but not with the sockets that this one's slot has for itself. */
  readonly isLastOfSlot?: boolean;
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
  readonly webSockets: WebSockets;
  readonly acceptor: Acceptor;
  readonly furtherServers: FurtherServers;
  /** Called once, if anything was under way that had to be cut, before the drain ends. */
  readonly onCut: (cut: Cut) => void;
}

interface Begun {
  readonly idle: IdleCloser;
  readonly done: Promise<void>;
  readonly closable: Promise<void>;
}

export class Drain {
  readonly #parts: DrainParts;
  readonly #grace = new Grace();
  #begun: Begun | undefined;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  /**
   * Settles when the app may be closed: no connection is left, or none but upgraded ones, which its preClose hooks may end.
   * Never rejects. A later call can only shorten the times.
   */
  drain(order: DrainOrder): Promise<void> {
    if (order.final) this.#parts.context.markLeaving();
    this.#grace.limit(order.graceMs);
    void this.#parts.furtherServers.drain(order);
    this.#parts.sessions.end(order.idleMs);
    this.#begun?.idle.shorten(order.idleMs);
    this.#begun ??= this.#begin(order);
    // After the onDrain hooks have begun: they may close what they want to close in another way.
    this.#parts.webSockets.close(order);
    return this.#begun.closable;
  }

  /** Settles when no connection is left, upgraded or not; at once if it has not begun. Never rejects. */
  get ended(): Promise<void> {
    return this.#begun?.done ?? Promise.resolve();
  }

  #begin({ idleMs, ...succession }: DrainOrder): Begun {
    const { acceptor, app, connections, context, furtherServers, webSockets } = this.#parts;
    const stopped = acceptor.leave(succession);
    connections.forEach((socket) => closeAfterResponse(connections, socket));
    const hooks = context.startDraining(
      (error) => logError(app.log, error, 'an onDrain hook failed'),
      idleMs,
    );
    const idle = new IdleCloser(connections, idleMs);
    const begun = [stopped, hooks];
    const done = this.#finish(idle, begun);
    // What further servers still answer may need what the app closes.
    const upgraded = Promise.all([...begun, furtherServers.closed()]).then(() =>
      untilUpgraded(connections, webSockets, this.#grace.over),
    );
    return { idle, done, closable: Promise.race([done, upgraded]) };
  }

  async #finish(idle: IdleCloser, begun: readonly Promise<void>[]): Promise<void> {
    const { acceptor, connections, furtherServers, sessions, webSockets, onCut } = this.#parts;
    const { over } = this.#grace;
    let own = NOTHING_CUT;
    try {
      await orAborted(Promise.all(begun), over);
      await connections.untilEmpty(over);
    } catch {
      // The grace is over: what is left is cut.
      acceptor.stop();
      own = cut(connections.all, sessions.openStreams);
    }
    idle.stop();
    webSockets.stop();
    const lost = sumOf([own, await furtherServers.closed()]);
    this.#grace.stop();
    if (lost.requests + lost.upgraded > 0) onCut(lost);
  }
}
