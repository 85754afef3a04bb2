// Opens the control socket: nobody but its user can connect to it, at no moment.
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { ListenError } from '../errors.ts';
import { removeStaleSocket } from '../net/unix-socket.ts';
import { startingDirectory } from '../process/environment.ts';

/** Listens already: it has to be served before the event loop goes on. @throws FST_CLUSTERED_LISTEN_FAILED */
export async function openControlSocket(given: string): Promise<net.Server> {
  const file = path.resolve(startingDirectory(), given);
  try {
    await removeStaleSocket(file);
    // A client may send its request and end at once, as `nc -U` does: it still gets its answer.
    const server = net.createServer({ allowHalfOpen: true });
    listenPrivately(server, file);
    await once(server, 'listening');
    // The service must end although somebody can still connect.
    return server.unref();
  } catch (error) {
    throw new ListenError(file, explain(error), { cause: error });
  }
}

/** The file of a Unix socket is created by bind(), which happens in this call: a chmod afterwards would come too late. */
function listenPrivately(server: net.Server, file: string): void {
  const umask = process.umask(0o177);
  try {
    // Exclusive: in a worker of somebody else's cluster it would be the primary there that binds.
    server.listen({ path: file, exclusive: true });
  } finally {
    process.umask(umask);
  }
}

function explain(error: unknown): string {
  switch (Reflect.get(Object(error), 'code')) {
    case 'EADDRINUSE':
      return 'another process listens there; stop it, or choose another path (control.path)';
    case 'EEXIST':
      return 'there is a file that is no socket; choose another path (control.path)';
    case 'ENOENT':
      return 'there is no such folder; create it, or choose another path (control.path)';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'this user may not create a file there; choose another path (control.path)';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
