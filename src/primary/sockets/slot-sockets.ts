// A socket for each slot, all on one port (SO_REUSEPORT): the kernel chooses between them by a hash of the client's address and port.
//
// The primary holds them, so that a queue outlives the worker that empties it: its successor in the slot goes on.
import type { Endpoint, TcpEndpoint } from '../../net/endpoint.ts';
import { bindSocket } from './bound-socket.ts';
import type { BoundSocket } from './bound-socket.ts';
import type { HeldSocket, Source } from './held-sockets.ts';
import { listenError } from './listen-error.ts';
import { lockPort } from './port-lock.ts';

type Bound = TcpEndpoint & Endpoint;

export class SlotSockets implements Source {
  readonly endpoints: readonly Bound[];
  readonly #backlog: number;
  readonly #unlock: readonly (() => void)[];
  readonly #slots = new Map<number, readonly BoundSocket[]>();
  /** Those that had sockets, and were scaled away since. */
  readonly #closed = new Set<number>();

  private constructor(endpoints: readonly Bound[], backlog: number, unlock: readonly (() => void)[]) {
    this.endpoints = endpoints;
    this.#backlog = backlog;
    this.#unlock = unlock;
    this.ofSlot(0);
  }

  /**
   * @param endpoints with the ports that the system has chosen. Those of the first slot are bound at once, which keeps the ports.
   * @throws FST_CLUSTERED_LISTEN_FAILED: another service has just begun to use one of them
   */
  static async hold(endpoints: readonly Bound[], backlog: number): Promise<SlotSockets> {
    const unlock: (() => void)[] = [];
    try {
      for (const endpoint of endpoints) unlock.push(await lock(endpoint));
      return new SlotSockets(endpoints, backlog, unlock);
    } catch (error) {
      for (const each of unlock) each();
      throw error;
    }
  }

  ofSlot(slot: number): readonly HeldSocket[] {
    const sockets = this.#slots.get(slot) ?? this.#bind();
    this.#slots.set(slot, sockets);
    this.#closed.delete(slot);
    return sockets.map(({ fd }, index) => ({
      endpoint: this.endpoints[index] as Bound,
      fd,
      backlog: this.#backlog,
      isOfSlot: true,
    }));
  }

  closeSlot(slot: number): boolean {
    for (const socket of this.#slots.get(slot) ?? []) socket.close();
    if (this.#slots.delete(slot)) this.#closed.add(slot);
    // Several of its workers may drain at once: each may be the last.
    return this.#closed.has(slot);
  }

  close(): void {
    for (const slot of this.#slots.keys()) this.closeSlot(slot);
    for (const unlock of this.#unlock) unlock();
  }

  #bind(): readonly BoundSocket[] {
    const sockets: BoundSocket[] = [];
    for (const endpoint of this.endpoints) {
      try {
        sockets.push(bindSocket(endpoint, true));
      } catch (error) {
        for (const socket of sockets) socket.close();
        throw listenError(endpoint, error);
      }
    }
    return sockets;
  }
}

async function lock(endpoint: TcpEndpoint): Promise<() => void> {
  try {
    return await lockPort(endpoint);
  } catch (error) {
    throw listenError(endpoint, error);
  }
}
