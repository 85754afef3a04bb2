// Lets the app, or another server, listen on several sockets at once. Beside the server itself, each socket gets a server that hands
// its connections over.
import net from 'node:net';
import { boundAt, formatEndpoint } from '../net/endpoint.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { ServableApp } from './app.ts';

/** A socket on which a server can begin to listen. */
export interface Opening {
  readonly where: Where;
  /** How many connections the kernel may queue. */
  readonly backlog: number;
  /** Others hold the socket, and go on when this service is gone: what waits in its queue is for who listens next. */
  readonly isLent: boolean;
  /** True: workers of other slots do not accept from it. */
  readonly isOfSlot?: boolean;
  /** One that cannot be listened on is left out. */
  readonly isOptional?: boolean;
  /** Like server.listen(): an event tells what came of it. */
  begin(server: net.Server): void;
  /** To be called before the queue is emptied for good: nobody is to come any more. May be called twice. */
  release?(): void;
  /** Where another process accepts for this one: settles when, after the end, no connection is on its way any more. Never rejects. */
  arrived?(): Promise<void>;
}

/** What the app is told of it. */
export type Where = { readonly host: string; readonly port: number } | { readonly path: string };

export function whereOf(endpoint: Endpoint): Where {
  const bound = boundAt(endpoint);
  if (bound?.type === 'tcp') return { host: bound.host, port: bound.port };
  return { path: formatEndpoint(endpoint) };
}

export interface Listening extends Pick<Opening, 'backlog' | 'isLent' | 'isOfSlot' | 'release' | 'arrived'> {
  readonly server: net.Server;
}

/** With all that app.listen() does: its hooks, and its line in the log. Rejects if a socket cannot be listened on; then none is. */
export async function listenWithApp(
  app: ServableApp,
  openings: readonly Opening[],
): Promise<readonly Listening[]> {
  return listenOn(app.server, openings, (first) => listenAsApp(app, first));
}

/** The same for a server that is not the app's own. */
export async function listenWithServer(
  server: net.Server,
  openings: readonly Opening[],
): Promise<readonly Listening[]> {
  return listenOn(server, openings, (first) => begin(server, first));
}

async function listenOn(
  server: net.Server,
  [first, ...others]: readonly Opening[],
  listenFirst: (first: Opening) => Promise<unknown>,
): Promise<readonly Listening[]> {
  if (first === undefined) return [];
  await listenFirst(first);
  const listening: Listening[] = [listeningOn(server, first)];
  try {
    for (const other of others) listening.push(...(await listenAlso(server, other)));
  } catch (error) {
    for (const { server: each, release } of listening) {
      release?.();
      net.Server.prototype.close.call(each);
    }
    throw error;
  }
  return listening;
}

/** app.listen() ends in server.listen(), which a worker cannot use. */
async function listenAsApp(app: ServableApp, { where, backlog, begin }: Opening): Promise<void> {
  const { server } = app;
  Object.defineProperty(server, 'listen', {
    configurable: true,
    value: () => {
      begin(server);
      return server;
    },
  });
  try {
    await app.listen({ ...where, backlog });
  } finally {
    Reflect.deleteProperty(server, 'listen');
  }
}

/** Its connections look like those of the first server to the app and to the drain. Empty: it is left out. */
async function listenAlso(first: net.Server, opening: Opening): Promise<readonly Listening[]> {
  const server = net.createServer(connectionOptions(first), (socket) => first.emit('connection', socket));
  try {
    await begin(server, opening);
    return [listeningOn(server, opening)];
  } catch (error) {
    if (opening.isOptional === true) return [];
    throw error;
  }
}

function listeningOn(server: net.Server, opening: Opening): Listening {
  const { backlog, isLent, isOfSlot = false, release, arrived } = opening;
  return { server, backlog, isLent, isOfSlot, ...(release && { release }), ...(arrived && { arrived }) };
}

function begin(server: net.Server, opening: Opening): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const settle = (settled: () => void): void => {
      server.off('error', onError);
      server.off('listening', onListening);
      settled();
    };
    const onError = (error: unknown): void => settle(() => reject(error));
    const onListening = (): void => settle(resolve);
    server.on('error', onError);
    server.on('listening', onListening);
    opening.begin(server);
  });
}

/** What the first server sets on each connection, such as TCP_NODELAY. Node keeps the options in fields of the server. */
function connectionOptions(server: net.Server): net.ServerOpts {
  const names = ['allowHalfOpen', 'noDelay', 'keepAlive', 'keepAliveInitialDelay', 'highWaterMark'] as const;
  const set = names
    .map((name) => [name, Reflect.get(server, name)] as const)
    .filter(([, value]) => value !== undefined)
    // It takes milliseconds, and keeps seconds.
    .map(([name, value]) => [name, name === 'keepAliveInitialDelay' ? Number(value) * 1_000 : value]);
  return Object.fromEntries(set);
}
