// Binds one TCP socket without listening on it. The only file that knows the two ways in which Node can.
import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { formatEndpoint, tcp } from '../../net/endpoint.ts';
import type { Address, TcpEndpoint } from '../../net/endpoint.ts';

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

/** Public since Node 26.4 and 24.19: https://nodejs.org/api/net.html#class-netboundsocket */
const NetBoundSocket: NetBoundSocketClass | undefined = Reflect.get(net, 'BoundSocket');

type NetBoundSocketClass = new (address: Address) => {
  fd(): number;
  address(): { readonly address: string; readonly port: number };
  close(): void;
};

function bindPublicly(NetBoundSocket: NetBoundSocketClass, { host, port }: TcpEndpoint): BoundSocket {
  const socket = new NetBoundSocket({ host, port });
  const bound = socket.address();
  return {
    endpoint: tcp({ host: bound.address, port: bound.port }),
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
function bindHandle(endpoint: TcpEndpoint): BoundSocket {
  const { host, port } = endpoint;
  const createServerHandle: (host: string, port: number, family: 4 | 6) => Handle | number = Reflect.get(
    net,
    '_createServerHandle',
  );
  const handle = createServerHandle(host, port, net.isIPv6(host) ? 6 : 4);
  if (typeof handle === 'number') throw systemError(handle, endpoint);
  // libuv reports a port in use only now: https://docs.libuv.org/en/v1.x/tcp.html#c.uv_tcp_bind
  const bound: { address?: string; port?: number } = {};
  const code = handle.getsockname(bound);
  if (code !== 0) {
    handle.close();
    throw systemError(code, endpoint);
  }
  return {
    endpoint: tcp({ host: bound.address ?? host, port: bound.port ?? port }),
    fd: handle.fd,
    close: () => handle.close(),
  };
}

function systemError(errno: number, endpoint: TcpEndpoint): Error {
  const code = getSystemErrorName(errno);
  const message = `bind ${code} ${formatEndpoint(endpoint)}`;
  return Object.assign(new Error(message), { errno, code, syscall: 'bind' });
}
