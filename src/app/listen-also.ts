// Lets the app serve one more address: a second server that hands its connections to the app's own.
import net from 'node:net';
import type { ServableApp } from './app.ts';

/** `_handle`: an inherited socket that is listened on instead. */
export interface ListenAlsoOptions {
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
  readonly _handle?: unknown;
}

/** The connections of the returned server look like the app's own to the app and to the drain. */
export async function listenAlso(
  { server: appServer }: ServableApp,
  options: ListenAlsoOptions,
): Promise<net.Server> {
  const server = net.createServer(connectionOptions(appServer), (socket) =>
    appServer.emit('connection', socket),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, resolve);
  });
  return server;
}

/** What the app's server sets on each connection, such as TCP_NODELAY. Node keeps the options in these fields. */
function connectionOptions(server: net.Server): net.ServerOpts {
  const names = ['allowHalfOpen', 'noDelay', 'keepAlive', 'keepAliveInitialDelay', 'highWaterMark'] as const;
  const set = names
    .map((name) => [name, Reflect.get(server, name)])
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(set);
}
