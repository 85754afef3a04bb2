// The sockets that the primary holds and this worker inherited: they are listened on, or this worker's copies of them are closed.
import fs from 'node:fs';
import net from 'node:net';
import { whereOf } from '../app/listen.ts';
import type { Opening } from '../app/listen.ts';
import { attempt } from '../attempt.ts';
import { portOf } from '../net/endpoint.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { MOST_BACKLOG, adopt, listenOnHandle } from '../net/listen-on-handle.ts';
import type { HeldSocket, WorkerSettings } from '../protocol/worker-settings.ts';

export class InheritedSockets {
  readonly #backlog: number;
  readonly #all: readonly HeldSocket[];
  /** Nobody listens on them, and their descriptors are open. */
  #left: readonly HeldSocket[];
  readonly #heard: () => Promise<void>;

  /** @param heard settles when everything has arrived that the primary had sent when it heard of this call; never rejects */
  constructor(
    { sockets, backlog }: Pick<WorkerSettings, 'sockets' | 'backlog'>,
    heard: () => Promise<void> = async () => undefined,
  ) {
    this.#heard = heard;
    this.#all = sockets;
    this.#left = sockets;
    this.#backlog = backlog;
  }

  get ports(): readonly number[] {
    return this.#all.flatMap(({ endpoint }) => portOf(endpoint) ?? []);
  }

  /** Of the endpoints that are not for the app. */
  get names(): ReadonlySet<string> {
    return new Set(this.#all.flatMap(({ endpoint }) => endpoint.name ?? []));
  }

  /** They are to be listened on. Undefined: those of the app. Empty: they are closed. */
  take(name: string | undefined): readonly Opening[] {
    const taken = this.#left.filter(({ endpoint }) => endpoint.name === name);
    this.#left = this.#left.filter((socket) => !taken.includes(socket));
    return taken.map((socket) => this.#opening(socket));
  }

  /**
   * Closes those that nobody has taken. A worker that will not listen must not keep them open: once it holds the last copy,
   * connections would wait in a queue that is never emptied, and the port would stay taken.
   */
  closeRest(): void {
    // The app may have closed it already.
    for (const { fd } of this.#left) if (fd !== null) attempt(() => fs.closeSync(fd));
    this.#left = [];
  }

  #opening({ fd, endpoint, isOfSlot = false, backlog: own = this.#backlog }: HeldSocket): Opening {
    const where = whereOf(endpoint);
    const backlog = own ?? MOST_BACKLOG;
    return {
      where,
      backlog,
      isLent: endpoint.type === 'inherited',
      isOfSlot,
      // One that arrives after the end is handed back: node:cluster gives it to another worker.
      ...(fd === null && { arrived: () => this.#heard() }),
      begin(server) {
        if (fd === null) return listenByCluster(server, { ...where, backlog, ...ipv6OnlyOf(endpoint) });
        return listenOnHandle(server, adopt(fd), backlog, 'path' in where ? where.path : undefined);
      },
    };
  }
}

/** In the way of its class, which asks the primary: the one of the app's own server is taken away while app.listen() runs. */
function listenByCluster(server: net.Server, options: net.ListenOptions): void {
  Reflect.apply(net.Server.prototype.listen, server, [options]);
}

function ipv6OnlyOf(endpoint: Endpoint): { readonly ipv6Only?: boolean } {
  return endpoint.type === 'tcp' && endpoint.ipv6Only === true ? { ipv6Only: true } : {};
}
