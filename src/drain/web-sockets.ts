// Closes the clients of @fastify/websocket over time, with a code that says why. The plugin itself closes them in preClose, when
// the drain is over: all at once, and without a code.
import type { ServableApp } from '../app/app.ts';
import { attempt } from '../attempt.ts';
import { webSocketServersOf } from './web-socket-servers.ts';
import type { WebSocketClient, WebSocketServer } from './web-socket-servers.ts';

/** RFC 6455, section 7.4.1: the server goes down. */
const GOING_AWAY = 1001;

/** IANA's registry of close codes: the service restarts, and the client may reconnect. */
const SERVICE_RESTART = 1012;

/** The interval between two checks of all clients. */
const CHECK_MS = 50;

/** A client that does not answer a close frame, and to which nothing more can be sent, is terminated after this time. */
const ANSWER_MS = 5_000;

/** `readyState` of a client, as in the browser. */
const OPEN = 1;
const CLOSING = 2;

export interface WebSocketOrder {
  readonly final: boolean;
  readonly idleMs: number;
  readonly graceMs: number;
}

interface Farewell {
  readonly since: number;
  /** From 0 to 1: clients that were closed in the same instant would reconnect in the same instant. */
  readonly share: number;
  /** What is still to be sent to a client that is closing, and since when that and its silence have not changed. */
  unsent: number;
  quietSince: number;
}

export class WebSockets {
  readonly #app: ServableApp;
  readonly #farewells = new WeakMap<WebSocketClient, Farewell>();
  #servers: readonly WebSocketServer[] = [];
  #timer: NodeJS.Timeout | undefined;
  #code = SERVICE_RESTART;
  #withinMs = Infinity;

  constructor(app: ServableApp) {
    this.#app = app;
  }

  /** Also those that connect later. A later call can only shorten the time. */
  close({ final, idleMs, graceMs }: WebSocketOrder): void {
    if (final) this.#code = GOING_AWAY;
    // The last ones need time to answer, too.
    this.#withinMs = Math.min(this.#withinMs, idleMs, graceMs / 2);
    if (this.#timer !== undefined) return;
    this.#servers = webSocketServersOf(this.#app);
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
    this.#check();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Every client has gone. */
  get areClosed(): boolean {
    return this.#clients().length === 0;
  }

  #clients(): readonly WebSocketClient[] {
    return this.#servers.flatMap(({ clients }) => [...clients]);
  }

  #check(): void {
    const now = performance.now();
    for (const client of this.#clients()) {
      const farewell = this.#farewellOf(client, now);
      if (client.readyState === OPEN) {
        farewell.quietSince = now;
        if (now - farewell.since >= this.#withinMs * farewell.share) attempt(() => client.close(this.#code));
      } else if (client.readyState === CLOSING) {
        // The app may have begun to close it, with a code of its own.
        if (farewell.unsent !== client.bufferedAmount) farewell.quietSince = now;
        farewell.unsent = client.bufferedAmount;
        if (now - farewell.quietSince >= ANSWER_MS) attempt(() => client.terminate());
      }
    }
  }

  #farewellOf(client: WebSocketClient, now: number): Farewell {
    const farewell = this.#farewells.get(client) ?? {
      since: now,
      share: Math.random(),
      unsent: 0,
      quietSince: now,
    };
    this.#farewells.set(client, farewell);
    return farewell;
  }
}
