// Takes over the listening sockets that the primary holds, and lets go of this worker's copies again.
import dns from 'node:dns/promises';
import fs from 'node:fs';
import net from 'node:net';
import { toErrorInfo } from '../protocol/error-info.ts';
import { ListenError } from '../errors.ts';
import { addressOf, formatEndpoint, tcp } from '../net/endpoint.ts';
import type { Address } from '../net/endpoint.ts';
import type { HeldSocket } from '../protocol/messages.ts';
import type { Settings } from '../options/index.ts';
import type { ServableApp } from './app.ts';

/** This worker's way of accepting connections. */
export interface Acceptor {
  /** How many connections were accepted so far. */
  readonly accepted: number;
  /** The kernel queues no more than it must: what it holds already can still be accepted. */
  shrinkQueue(): void;
  /** Closes this worker's copies of the sockets; connections stay open. May be called twice. */
  stop(): void;
}

/** The part of libuv's TCP handle that Node does not pass on. */
interface ListenHandle {
  listen(backlog: number): number;
}

export async function listenOnInherited(
  app: ServableApp,
  sockets: readonly HeldSocket[],
  backlog: number,
): Promise<Acceptor> {
  const [first, ...others] = sockets.map(({ fd, endpoint }) => ({
    ...addressOf(endpoint),
    _handle: adopt(fd),
    backlog,
  }));
  if (first !== undefined) await app.listen(first);
  const servers = [app.server, ...(await Promise.all(others.map((other) => feed(app.server, other))))];
  return accept(servers, backlog);
}

/** Nobody may be left waiting in a queue that nobody empties, nor the port be taken, when only this worker is left. */
export function closeInherited(sockets: readonly HeldSocket[]): void {
  for (const { fd } of sockets) {
    try {
      fs.closeSync(fd);
    } catch {
      // Somebody else has closed it already.
    }
  }
}

/**
 * Without a primary: listens by itself, on every address of `localhost`, as the primary would.
 * @throws FST_CLUSTERED_LISTEN_FAILED
 */
export async function listenAlone(
  app: ServableApp,
  { host, port, backlog }: Settings['listen'],
): Promise<Acceptor> {
  try {
    const addresses = host === 'localhost' ? await dns.lookup(host, { all: true }) : [{ address: host }];
    const [first = host, ...others] = new Set(addresses.map(({ address }) => address));
    await app.listen({ host: first, port, backlog });
    const bound = app.server.address();
    const at = { port: typeof bound === 'object' && bound !== null ? bound.port : port, backlog };
    const feeds = await Promise.allSettled(others.map((other) => feed(app.server, { ...at, host: other })));
    // As Fastify does: one address of localhost is enough, ::1 may not be there.
    return accept(
      [app.server, ...feeds.flatMap((fed) => (fed.status === 'fulfilled' ? [fed.value] : []))],
      backlog,
    );
  } catch (error) {
    throw new ListenError(formatEndpoint(tcp({ host, port })), toErrorInfo(error).message, {
      cause: error,
    });
  }
}

function accept(servers: readonly net.Server[], backlog: number): Acceptor {
  let accepted = 0;
  for (const server of servers) {
    server.prependListener('connection', () => {
      accepted += 1;
    });
    // In the options it has no effect next to a handle that was brought along.
    handleOf(server)?.listen(backlog);
  }
  return {
    get accepted() {
      return accepted;
    },
    shrinkQueue() {
      // A backlog of 0 makes the kernel turn away whom it has no room for, instead of queueing them.
      for (const server of servers) handleOf(server)?.listen(0);
    },
    stop() {
      // Not the server's own close(), which would close idle connections at once, and stop request timeouts.
      for (const server of servers) if (server.listening) net.Server.prototype.close.call(server);
    },
  };
}

/** An inherited descriptor becomes a handle without Node starting to read from it. */
function adopt(fd: number): unknown {
  return Reflect.get(new net.Socket({ fd, readable: false, writable: false }), '_handle');
}

/** A server for one more address: its connections are served, and seen by everybody, as the app's own. */
async function feed(app: net.Server, at: Address): Promise<net.Server> {
  const server = net.createServer({ ...connectionOptions(app) }, (socket) => app.emit('connection', socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, resolve);
  });
  return server;
}

/** What the app's server does to each connection, such as TCP_NODELAY; Node keeps it in these fields. */
function connectionOptions(server: net.Server): net.ServerOpts {
  const names = ['allowHalfOpen', 'noDelay', 'keepAlive', 'keepAliveInitialDelay', 'highWaterMark'] as const;
  const given = names
    .map((name) => [name, Reflect.get(server, name)])
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

function handleOf(server: net.Server): ListenHandle | null {
  const handle: ListenHandle | null | undefined = Reflect.get(server, '_handle');
  return typeof handle?.listen === 'function' ? handle : null;
}
