// A socket for each slot, all on one port (SO_REUSEPORT): the kernel chooses between them by a hash of the client's address and port.
//
// The primary holds them, so that a queue outlives the worker that empties it: its successor in the slot goes on.
import type { Endpoint, TcpEndpoint } from '../../net/endpoint.ts';
import { bindSocket } from './bound-socket.ts';
import type { BoundSocket } from './bound-socket.ts';
import type { HeldSocket, Source } from './held-sockets.ts';
import { listenError } from './listen-error.ts';

type Bound = TcpEndpoint & Endpoint;

export class SlotSockets implements Source {
  readonly endpoints: readonly Bound[];
  readonly #backlog: number;
  readonly #slots = new Map<number, readonly BoundSocket[]>();

  /** @param endpoints with the ports that the system has chosen. Those of the first slot are bound at once, which keeps the ports. */
  constructor(endpoints: readonly Bound[], backlog: number) {
    this.endpoints = endpoints;
    this.#backlog = backlog;
    this.ofSlot(0);
  }

  ofSlot(slot: number): readonly HeldSocket[] {
    const sockets = this.#slots.get(slot) ?? this.#bind();
    this.#slots.set(slot, sockets);
    return sockets.map(({ fd }, index) => ({
      endpoint: this.endpoints[index] as Bound,
      fd,
      backlog: this.#backlog,
      isOfSlot: true,
    }));
  }

  closeSlot(slot: number): boolean {
    for (const socket of this.#slots.get(slot) ?? []) socket.close();
    return this.#slots.delete(slot);
  }

  close(): void {
    for (const slot of this.#slots.keys()) this.closeSlot(slot);
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
