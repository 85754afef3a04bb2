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

/** Throws the system's error synchronously, also for a port that is in use. */
export function bindSocket(endpoint: TcpEndpoint): BoundSocket {
  return NetBoundSocket === undefined ? bindHandle(endpoint) : bindPublicly(NetBoundSocket, endpoint);
}

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

function bindPublicly(NetBoundSocket: NetBoundSocketClass, endpoint: TcpEndpoint): BoundSocket {
  const { host, port, ipv6Only = false } = endpoint;
  const socket = new NetBoundSocket({ host, port, ipv6Only });
  const bound = socket.address();
  return {
    endpoint: { ...endpoint, host: bound.address, port: bound.port },
    fd: socket.fd(),
    close: () => socket.close(),
  };
}

interface Handle {
  readonly fd: number;
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

/** UV_TCP_IPV6ONLY of libuv. */
const IPV6_ONLY = 1;

function bindHandle(endpoint: TcpEndpoint): BoundSocket {
  const { host, port, ipv6Only = false } = endpoint;
  const family = net.isIPv6(host) ? 6 : 4;
  const handle = createServerHandle(host, port, family, undefined, family === 6 && ipv6Only ? IPV6_ONLY : 0);
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

function systemError(errno: number, where: string): Error {
  const code = getSystemErrorName(errno);
  const message = `bind ${code} ${where}`;
  return Object.assign(new Error(message), { errno, code, syscall: 'bind' });
}
