// Stops accepting connections, without a reset for those that wait in the kernel's queue.
import net from 'node:net';
import type { Listening } from '../app/listen.ts';
import { wholePollPhase } from '../net/poll.ts';

/** The queue counts as empty after this many poll phases without a new connection. */
const QUIET_PHASES = 3;

/** Who goes on accepting when this process has stopped. */
export interface Succession {
  /** Nobody. */
  readonly final: boolean;
  /** The workers of other slots, which do not accept from the sockets that this slot has for itself. */
  readonly isLastOfSlot?: boolean;
}

/** The servers over which this process accepts its connections. */
export class Acceptor {
  /** Their queues end with this process. */
  readonly #own: readonly Listening[];
  /** What waits in the queues of those is for who listens next. */
  readonly #lent: readonly Listening[];
  #accepted = 0;

  constructor(listening: readonly Listening[]) {
    this.#own = listening.filter(({ isLent }) => !isLent);
    this.#lent = listening.filter(({ isLent }) => isLent);
    for (const { server } of this.#own) {
      server.prependListener('connection', () => {
        this.#accepted += 1;
      });
    }
  }

  /** Closes this process's copies of the sockets. Open connections stay open. May be called twice. */
  stop(): void {
    // Not the server's own close(), which would close idle connections at once, and stop request timeouts.
    close(this.#lent);
    close(this.#own);
  }

  /** Empties the queues that nobody else will. Settles when it has stopped. */
  async leave({ final, isLastOfSlot = false }: Succession): Promise<void> {
    if (final) return this.stopWhenEmpty();
    const left = isLastOfSlot ? this.#own.filter(({ isOfSlot }) => isOfSlot) : [];
    close(this.#lent);
    const closed = this.#own.filter((listening) => !left.includes(listening));
    close(closed);
    await arrived(closed);
    if (left.length > 0) await this.#emptyAndStop(left);
    return undefined;
  }

  /**
   * Stops when every connection is accepted that is in the queue now. To close the last copy of a socket before would reset
   * them. It takes no notice of time: Node accepts one connection in a poll phase, and between them the app may be at work.
   */
  async stopWhenEmpty(): Promise<void> {
    for (const { release } of this.#own) release?.();
    close(this.#lent);
    await this.#emptyAndStop(this.#own);
  }

  async #emptyAndStop(left: readonly Listening[]): Promise<void> {
    await this.#acceptUntilQuiet(1, left);
    // With a backlog of 0 the kernel queues as few new connections as it can, and keeps those that it has queued. It drops the
    // SYNs of the others, which try again a second later: only now, so that few clients hear nothing instead of a refusal.
    for (const { server } of left) setBacklog(server, 0);
    await this.#acceptUntilQuiet(QUIET_PHASES, left);
    close(left);
    await arrived(left);
  }

  /** Settles after so many poll phases in a row without a new connection. */
  async #acceptUntilQuiet(phases: number, left: readonly Listening[]): Promise<void> {
    // The kernel queues one more than the backlog says. What is behind those came later: a flood must not hold up the exit.
    const queued = left.reduce((sum, { backlog }) => sum + backlog + 1, 0);
    const most = this.#accepted + queued;
    for (let quiet = 0; quiet < phases && this.#accepted < most;) {
      const before = this.#accepted;
      await wholePollPhase();
      quiet = this.#accepted === before ? quiet + 1 : 0;
    }
  }
}

async function arrived(closed: readonly Listening[]): Promise<void> {
  await Promise.all(closed.map(async (listening) => listening.arrived?.()));
}

function close(listening: readonly Listening[]): void {
  for (const { server } of listening) if (server.listening) net.Server.prototype.close.call(server);
}

/** The part of libuv's handle that Node does not expose. */
interface ListenHandle {
  listen(backlog: number): number;
}

/** Listens anew on a socket that listens already: it only changes the length of the queue. */
function setBacklog(server: net.Server, backlog: number): void {
  const handle: ListenHandle | null | undefined = Reflect.get(server, '_handle');
  if (typeof handle?.listen === 'function') handle.listen(backlog);
}
