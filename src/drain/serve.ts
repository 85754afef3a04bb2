// Begins to serve an app in a way that can end without losing a request. For workers and for the single process.
import type { ServableApp } from '../app/app.ts';
import type { MutableContext } from '../app/context.ts';
import type { Acceptor } from './acceptor.ts';
import { Connections } from './connections.ts';
import { Drain } from './drain.ts';
import { Sessions } from './http2.ts';

/** Listens, and returns the drain for every connection that is accepted from then on. Rejects if `listen` does. */
export async function serve(
  app: ServableApp,
  context: MutableContext,
  listen: () => Promise<Acceptor>,
): Promise<Drain> {
  // Before the first connection comes.
  const connections = new Connections(app.server);
  const sessions = new Sessions(app.server);
  const acceptor = await listen();
  return new Drain({ app, context, connections, sessions, acceptor });
}
