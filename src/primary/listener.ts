// Binds and holds the listening sockets. It never accepts: the workers inherit the descriptors, and do.
import dns from 'node:dns/promises';
import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { ListenError } from '../errors.ts';
import type { Settings } from '../options.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Listener {
  readonly addresses: readonly Address[];
  /** Of this process, in the order of the addresses. */
  readonly descriptors: readonly number[];
  /** From now on only the workers hold the sockets. May be called twice. */
  release(): void;
}

/** A bound socket that does not listen. */
interface BoundSocket {
  fd(): number;
  address(): { readonly address: string; readonly port: number };
  close(): void;
}

/** @throws FST_CLUSTERED_LISTEN_FAILED: every address of `localhost` must be free, any other host is one address. */
export async function bind({ host, port }: Settings['listen']): Promise<Listener> {
  const hosts = await resolve(host, port);
  return hold(port === 0 ? bindToFreePort(hosts) : bindAll(hosts, port));
}

function hold(sockets: readonly BoundSocket[]): Listener {
  let held = sockets;
  return {
    addresses: sockets.map((socket) => {
      const { address, port } = socket.address();
      return { host: address, port };
    }),
    descriptors: sockets.map((socket) => socket.fd()),
    release() {
      for (const socket of held) socket.close();
      held = [];
    },
  };
}

async function resolve(host: string, port: number): Promise<readonly string[]> {
  try {
    const addresses = await dns.lookup(host, { all: true });
    const unique = [...new Set(addresses.map(({ address }) => address))];
    return host === 'localhost' ? unique : unique.slice(0, 1);
  } catch (error) {
    throw listenError(host, port, error);
  }
}

const MOST_TRIES = 10;

/** The port that the first address got may be taken on the second one. */
function bindToFreePort(hosts: readonly string[], tries = 1): readonly BoundSocket[] {
  const [first, ...others] = hosts;
  if (first === undefined) return [];
  const socket = bindOne(first, 0);
  try {
    return [socket, ...bindAll(others, socket.address().port)];
  } catch (error) {
    socket.close();
    if (tries === MOST_TRIES) throw error;
    return bindToFreePort(hosts, tries + 1);
  }
}

function bindAll(hosts: readonly string[], port: number): readonly BoundSocket[] {
  const bound: BoundSocket[] = [];
  try {
    for (const host of hosts) bound.push(bindOne(host, port));
    return bound;
  } catch (error) {
    for (const socket of bound) socket.close();
    throw error;
  }
}

function bindOne(host: string, port: number): BoundSocket {
  try {
    return BoundSocketOfNode === undefined ? bindHandle(host, port) : new BoundSocketOfNode({ host, port });
  } catch (error) {
    throw listenError(host, port, error);
  }
}

function listenError(host: string, port: number, error: unknown): Error {
  const address = net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
  return new ListenError(address, error instanceof Error ? explain(error) : String(error), { cause: error });
}

function explain(error: Error): string {
  switch ('code' in error ? error.code : undefined) {
    case 'EADDRINUSE':
      return 'the port is in use; stop what listens there, or choose another one (listen.port, PORT)';
    case 'EACCES':
      return 'this user may not use the port; choose one above 1023, or grant CAP_NET_BIND_SERVICE';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is unknown (listen.host, FASTIFY_ADDRESS)';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address (listen.host, FASTIFY_ADDRESS)';
    default:
      return error.message;
  }
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
