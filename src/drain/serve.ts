// Begins to serve an app in a way that can end without losing a request. For workers and for the single process.
import type { ServableApp } from '../app/app.ts';
import type { MutableContext } from '../app/context.ts';
import type { Acceptor } from './acceptor.ts';
import { ConnectionLoad } from './connection-load.ts';
import { Connections } from './connections.ts';
import { Drain } from './drain.ts';
import type { DrainParts } from './drain.ts';
import { Sessions } from './http2.ts';
import { WebSockets } from './web-sockets.ts';

/** What the drain needs besides what is served. */
export type ServeOptions = Pick<DrainParts, 'furtherServers' | 'onCut'>;

export interface Served {
  readonly drain: Drain;
  readonly load: ConnectionLoad;
}

/** Listens, and returns the drain and the load of every connection that is accepted from then on. Rejects if `listen` does. */
export async function serve(
  app: ServableApp,
  context: MutableContext,
  listen: () => Promise<Acceptor>,
  options: ServeOptions,
): Promise<Served> {
  // Before the first connection comes.
  const connections = new Connections(app.server);
  const sessions = new Sessions(app.server, connections);
  const acceptor = await listen();
  const webSockets = new WebSockets(app);
  const drain = new Drain({ app, context, connections, sessions, webSockets, acceptor, ...options });
  return { drain, load: new ConnectionLoad(connections, sessions) };
}
