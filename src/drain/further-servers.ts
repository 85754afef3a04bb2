// The servers that the app has opened beside its own, and has given to the drain.
import net from 'node:net';
import type { Listening } from '../app/listen.ts';
import { invalid } from '../options/checks.ts';
import type { Succession } from './acceptor.ts';
import { sumOf } from './cut.ts';
import type { Cut } from './cut.ts';
import { FurtherServer } from './further-server.ts';
import { Grace } from './grace.ts';

/** Those of a drain of the app's own server. */
export interface FurtherOrder extends Succession {
  readonly idleMs: number;
  /** Infinity: no limit. */
  readonly graceMs: number;
}

export class FurtherServers {
  readonly #servers = new Map<net.Server, FurtherServer>();
  /** It may end while none is open, and must not keep the process alive then; others may be added later. */
  readonly #grace = new Grace({ ref: false });
  /** Undefined: they serve. */
  #order: FurtherOrder | undefined;

  /**
   * Returns the function that takes it back; during the drain that has no effect.
   * @throws FST_CLUSTERED_OPTION_INVALID
   */
  add(server: net.Server): () => void {
    if (!(server instanceof net.Server)) throw invalid('server', server, ALLOWED);
    const further = this.#servers.get(server) ?? new FurtherServer(server);
    this.#servers.set(server, further);
    if (this.#order !== undefined) further.drain(this.#order);
    return () => {
      if (this.#order === undefined) this.#servers.delete(server);
    };
  }

  /** One that was added listens there: not on sockets of its own. */
  listensAt(server: net.Server, listening: readonly Listening[]): void {
    this.#servers.get(server)?.listensAt(listening);
  }

  /**
   * Settles when each is closed, with what had to be cut, also of those that are added meanwhile; never rejects. A later call can
   * only shorten the times.
   */
  drain(order: FurtherOrder): Promise<Cut> {
    this.#order = order;
    this.#grace.limit(order.graceMs);
    for (const server of this.#servers.values()) server.drain(order);
    return this.closed();
  }

  /** As {@link drain}, but without beginning it: also those that were added since then. */
  async closed(): Promise<Cut> {
    const cuts: Cut[] = [];
    // Those that are added meanwhile come in this iteration, too.
    for (const server of this.#servers.values()) cuts.push(await server.closed(this.#grace.over));
    return sumOf(cuts);
  }
}

const ALLOWED =
  'a server of node:http, node:https, node:http2, node:net or node:tls; of a Fastify instance, its property `server`';
