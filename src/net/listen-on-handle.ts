// Lets a server listen on a socket that is bound already, in any process. The only file that knows how Node can.
import net from 'node:net';

/** For as many connections in the queue as the kernel allows (net.core.somaxconn): it takes the smaller number. */
export const MOST_BACKLOG = 65_535;

/** A socket of this process, as Node's own servers hold it. */
export interface SocketHandle {
  close(): void;
  listen(backlog: number): number;
  /** Only a TCP socket has one. */
  getsockname?(out: { address?: string; port?: number }): number;
  getpeername?(out: object): number;
}

/**
 * Makes a handle of a descriptor, without Node starting to read from it.
 * @throws ERR_INVALID_FD_TYPE: it is no stream socket
 */
export function adopt(fd: number): SocketHandle {
  return Reflect.get(new net.Socket({ fd, readable: false, writable: false }), '_handle');
}

/**
 * Neither of the documented ways does in a worker of node:cluster: server.listen({ fd }) looks the number up in the primary, and
 * only TCP sockets can be passed as a handle. `_listen2` is how Node itself goes on once it has the handle, since 0.x.
 * @param path what server.address() is of a Unix socket, whose handle does not tell
 */
export function listenOnHandle(
  server: net.Server,
  handle: SocketHandle,
  backlog: number,
  path: string | undefined,
): void {
  Object.assign(server, { _handle: handle, ...(path !== undefined && { _pipeName: path }) });
  const listen: unknown = Reflect.get(server, '_listen2');
  if (typeof listen !== 'function')
    throw new Error('this version of Node cannot listen on an inherited socket');
  Reflect.apply(listen, server, [null, -1, -1, backlog]);
}

/** Has a Unix socket that is bound listen, while this process never accepts: its queue is for others, who hold it as well. */
export function listenForOthers(fd: number, backlog: number): number {
  const handle = adopt(fd);
  // uv_listen() begins to watch the socket, and uv_read_stop() is what ends that. It does nothing if it does not read.
  Reflect.apply(Reflect.get(handle, 'readStart'), handle, []);
  const code = handle.listen(backlog);
  Reflect.apply(Reflect.get(handle, 'readStop'), handle, []);
  Reflect.apply(Reflect.get(handle, 'unref'), handle, []);
  // It is never closed: the descriptor belongs to the handle that has bound it.
  return code;
}
