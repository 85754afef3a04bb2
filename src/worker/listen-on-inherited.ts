// Listens on the sockets that the primary holds and this worker inherited, or closes this worker's copies of them.
import fs from 'node:fs';
import net from 'node:net';
import type { ServableApp } from '../app/app.ts';
import { listenAlso } from '../app/listen-also.ts';
import { Acceptor, setBacklog } from '../drain/acceptor.ts';
import { addressOf } from '../net/endpoint.ts';
import type { HeldSocket } from '../protocol/worker-settings.ts';

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
  const servers = [app.server, ...(await Promise.all(others.map((other) => listenAlso(app, other))))];
  // Node ignores the option `backlog` where a handle is passed.
  for (const server of servers) setBacklog(server, backlog);
  return new Acceptor(servers, backlog);
}

/**
 * A worker that will not listen must not keep the sockets open: once it holds the last copy, connections would wait in a
 * queue that is never emptied, and the port would stay taken.
 */
export function closeInherited(sockets: readonly HeldSocket[]): void {
  for (const { fd } of sockets) {
    try {
      fs.closeSync(fd);
    } catch {
      // The app has closed it already.
    }
  }
}

/** Makes a handle of an inherited descriptor, without Node starting to read from it. */
function adopt(fd: number): unknown {
  return Reflect.get(new net.Socket({ fd, readable: false, writable: false }), '_handle');
}
