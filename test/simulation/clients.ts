// Clients with connections that they keep alive: where these are, and where they come to rest when they are opened anew.
import { between } from './random.ts';
import type { Random } from './random.ts';

/** A worker as clients see it. */
export interface Server {
  readonly id: number;
  /** The number of its connections has changed. */
  counts(): void;
}

const mostClients = 120;

export class Clients {
  readonly #random: Random;
  readonly #servers: () => readonly Server[];
  readonly #held = new Map<number, number>();
  /** They wait in the kernel's queue. */
  #waiting: number;

  /** @param servers those that accept connections */
  constructor(random: Random, servers: () => readonly Server[]) {
    this.#random = random;
    this.#servers = servers;
    this.#waiting = random() < 0.3 ? 0 : between(random, 1, mostClients);
  }

  heldBy(server: number): number {
    return this.#held.get(server) ?? 0;
  }

  /** So many connections end, or all of them, and are opened anew. */
  moveFrom(server: number, most: number): void {
    const moved = Math.min(most, this.heldBy(server));
    this.#held.set(server, this.heldBy(server) - moved);
    this.#waiting += moved;
    this.#accept();
  }

  /** It has begun to accept. */
  connectTo(server: number): void {
    this.#held.set(server, this.heldBy(server));
    this.#accept();
  }

  /** The kernel wakes some more often than others. */
  #accept(): void {
    const servers = this.#servers();
    const weights = servers.map(() => 1 + 3 * this.#random());
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (servers.length === 0) return;
    for (; this.#waiting > 0; this.#waiting -= 1) {
      let left = this.#random() * total;
      const index = weights.findIndex((weight) => (left -= weight) < 0);
      const { id } = servers[Math.max(0, index)] ?? { id: 0 };
      this.#held.set(id, this.heldBy(id) + 1);
    }
    for (const server of servers) server.counts();
  }
}
