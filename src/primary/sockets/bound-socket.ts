// Binds one socket without listening on it. The only file that knows the two ways in which Node can.
import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { formatEndpoint } from '../../net/endpoint.ts';
import type { TcpEndpoint } from '../../net/endpoint.ts';

export interface BoundSocket {
  /** The address that the system chose where the endpoint left it open: a port of 0. */
  readonly endpoint: TcpEndpoint;
  /** The descriptor in this process. */
  readonly fd: number;
  close(): void;
}

/**
 * Throws the system's error synchronously, also for a port that is in use.
 * @param reusePort with SO_REUSEPORT: other sockets that have it may be bound there, too; see {@link canReusePort}
 */
export function bindSocket(endpoint: TcpEndpoint, reusePort = false): BoundSocket {
  return NetBoundSocket === undefined
    ? bindHandle(endpoint, reusePort)
    : bindPublicly(NetBoundSocket, endpoint, reusePort);
}

/** Can several sockets listen on one port, here, with this Node? Where it cannot, Node may ignore the wish without a word. */
export function canReusePort(): boolean {
  const open: Pick<BoundSocket, 'close'>[] = [];
  try {
    const { endpoint, ...first } = bindSocket(LOOPBACK, true);
    open.push(first);
    // Without SO_REUSEPORT a second socket may be bound as long as nobody listens.
    if (NetBoundSocket === undefined) open.push(listenAt(endpoint));
    open.push(bindSocket(endpoint, true));
    return true;
  } catch {
    return false;
  } finally {
    for (const socket of open) socket.close();
  }
}

const LOOPBACK: TcpEndpoint = { type: 'tcp', host: '127.0.0.1', port: 0 };

/** Binds a Unix socket there. When it is closed, whatever is at that path then is removed. */
export function bindPath(path: string): Omit<BoundSocket, 'endpoint'> {
  if (NetBoundSocket !== undefined) {
    const socket = new NetBoundSocket({ path });
    return { fd: socket.fd(), close: () => socket.close() };
  }
  const handle = createServerHandle(path, -1, -1);
  if (typeof handle === 'number') throw systemError(handle, path);
  return { fd: handle.fd, close: () => handle.close() };
}

/** Public since Node 26.4 and 24.19: https://nodejs.org/api/net.html#class-netboundsocket */
const NetBoundSocket: NetBoundSocketClass | undefined = Reflect.get(net, 'BoundSocket');

type NetBoundSocketClass = new (options: object) => {
  fd(): number;
  address(): { readonly address: string; readonly port: number };
  close(): void;
};

function bindPublicly(
  NetBoundSocket: NetBoundSocketClass,
  endpoint: TcpEndpoint,
  reusePort: boolean,
): BoundSocket {
  const { host, port, ipv6Only = false } = endpoint;
  const socket = new NetBoundSocket({ host, port, ipv6Only, reusePort });
  const bound = socket.address();
  return {
    endpoint: { ...endpoint, host: bound.address, port: bound.port },
    fd: socket.fd(),
    close: () => socket.close(),
  };
}

interface Handle {
  readonly fd: number;
  listen(backlog: number): number;
  getsockname(out: { address?: string; port?: number }): number;
  close(): void;
}

/** What older versions of Node have instead: exported, though without documentation, since 0.x. */
type CreateServerHandle = (
  address: string,
  port: number,
  family: 4 | 6 | -1,
  fd?: number,
  flags?: number,
) => Handle | number;

function createServerHandle(...args: Parameters<CreateServerHandle>): Handle | number {
  const create: CreateServerHandle = Reflect.get(net, '_createServerHandle');
  return create(...args);
}

/** Flags of libuv's uv_tcp_bind(): UV_TCP_IPV6ONLY, and UV_TCP_REUSEPORT, which it has since 1.49 (Node 22.12). */
const IPV6_ONLY = 1;
const REUSE_PORT = 2;

function bindHandle(endpoint: TcpEndpoint, reusePort: boolean): BoundSocket {
  const { host, port, ipv6Only = false } = endpoint;
  const family = net.isIPv6(host) ? 6 : 4;
  const flags = (family === 6 && ipv6Only ? IPV6_ONLY : 0) | (reusePort ? REUSE_PORT : 0);
  const handle = createServerHandle(host, port, family, undefined, flags);
  if (typeof handle === 'number') throw systemError(handle, formatEndpoint(endpoint));
  // libuv reports a port in use only now: https://docs.libuv.org/en/v1.x/tcp.html#c.uv_tcp_bind
  const bound: { address?: string; port?: number } = {};
  const code = handle.getsockname(bound);
  if (code !== 0) {
    handle.close();
    throw systemError(code, formatEndpoint(endpoint));
  }
  return {
    endpoint: { ...endpoint, host: bound.address ?? host, port: bound.port ?? port },
    fd: handle.fd,
    close: () => handle.close(),
  };
}

/** It is closed before anything could be accepted. */
function listenAt(endpoint: TcpEndpoint): Pick<BoundSocket, 'close'> {
  const { host, port } = endpoint;
  const handle = createServerHandle(host, port, 4, undefined, REUSE_PORT);
  if (typeof handle === 'number') throw systemError(handle, formatEndpoint(endpoint));
  const code = handle.listen(1);
  if (code === 0) return handle;
  handle.close();
  throw systemError(code, formatEndpoint(endpoint));
}

function systemError(errno: number, where: string): Error {
  const code = getSystemErrorName(errno);
  const message = `bind ${code} ${where}`;
  return Object.assign(new Error(message), { errno, code, syscall: 'bind' });
}
