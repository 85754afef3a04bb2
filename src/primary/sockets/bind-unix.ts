// Binds a Unix socket at a path, for workers to accept from.
import { getSystemErrorName } from 'node:util';
import type { UnixEndpoint } from '../../net/endpoint.ts';
import { listenForOthers } from '../../net/listen-on-handle.ts';
import { SocketFile, nameBeside } from '../../net/socket-file.ts';
import { removeStaleSocket } from '../../net/unix-socket.ts';
import type { UnixPlace } from '../../options/index.ts';
import { bindPath } from './bound-socket.ts';
import { listenError } from './listen-error.ts';

export interface BoundUnixSocket {
  readonly endpoint: UnixEndpoint;
  readonly fd: number;
  /** Removes the file first, unless it is somebody else's by now: nobody connects to a queue that is about to end. */
  close(): void;
}

/**
 * It listens from the beginning, so that whoever connects waits for the first worker; and another primary sees that it is alive.
 * @param waitedMs for how long it was tried before, for the error
 * @throws FST_CLUSTERED_LISTEN_FAILED: somebody listens there, or the system refuses it
 */
export async function bindUnix(
  { path, backlog, ...permissions }: Omit<UnixPlace, 'type'>,
  waitedMs = 0,
): Promise<BoundUnixSocket> {
  const endpoint: UnixEndpoint = { type: 'unix', path };
  try {
    await removeStaleSocket(path);
    const beside = nameBeside(path);
    // Of a process with the same pid that was killed while it bound.
    await removeStaleSocket(beside);
    const socket = bindPath(beside);
    try {
      const code = listenForOthers(socket.fd, backlog);
      if (code !== 0) throw new Error(`listen ${getSystemErrorName(code)} ${path}`);
      const file = new SocketFile(beside, path, permissions);
      return {
        endpoint,
        fd: socket.fd,
        close() {
          file.remove();
          socket.close();
        },
      };
    } catch (error) {
      socket.close();
      throw error;
    }
  } catch (error) {
    throw listenError(endpoint, error, waitedMs);
  }
}
