// Binds one socket without listening on it. The only file that knows the two ways in which Node can.
import net from 'node:net';
import { getSystemErrorName } from 'node:util';

export interface BoundSocket {
  /** Of this process. */
  fd(): number;
  address(): { readonly address: string; readonly port: number };
  close(): void;
}

/** Throws the system's error at once, also for a port that is in use. */
export function bindSocket(host: string, port: number): BoundSocket {
  return BoundSocketOfNode === undefined ? bindHandle(host, port) : new BoundSocketOfNode({ host, port });
}

/** Public since Node 26.4 and 24.19: https://nodejs.org/api/net.html#class-netboundsocket */
const BoundSocketOfNode: (new (options: { host: string; port: number }) => BoundSocket) | undefined =
  Reflect.get(net, 'BoundSocket');

interface Handle {
  readonly fd: number;
  getsockname(out: { address?: string; port?: number }): number;
  close(): void;
}

/** What older versions of Node have instead: exported, though without documentation, since 0.x. */
function bindHandle(host: string, port: number): BoundSocket {
  const createServerHandle: (host: string, port: number, family: 4 | 6) => Handle | number = Reflect.get(
    net,
    '_createServerHandle',
  );
  const handle = createServerHandle(host, port, net.isIPv6(host) ? 6 : 4);
  if (typeof handle === 'number') throw systemError(handle, host, port);
  // A busy port is told only now: https://docs.libuv.org/en/v1.x/tcp.html#c.uv_tcp_bind
  const name: { address?: string; port?: number } = {};
  const code = handle.getsockname(name);
  if (code !== 0) {
    handle.close();
    throw systemError(code, host, port);
  }
  return {
    fd: () => handle.fd,
    address: () => ({ address: name.address ?? host, port: name.port ?? port }),
    close: () => handle.close(),
  };
}

function systemError(errno: number, host: string, port: number): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`bind ${code} ${host}:${port}`), { errno, code, syscall: 'bind' });
}
