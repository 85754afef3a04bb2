// Binds and holds the listening sockets. It never accepts: the workers inherit the descriptors, and do.
import dns from 'node:dns/promises';
import net from 'node:net';
import { ListenError } from '../../errors.ts';
import type { Settings } from '../../options/index.ts';
import { bindSocket } from './bound-socket.ts';
import type { BoundSocket } from './bound-socket.ts';

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

/**
 * On every address of `localhost` that this machine has; any other host is one address.
 * @throws FST_CLUSTERED_LISTEN_FAILED
 */
export async function bind({ host, port }: Settings['listen']): Promise<Listener> {
  return bindAddresses(await resolve(host, port), port);
}

/** @throws FST_CLUSTERED_LISTEN_FAILED: one is in use, or the machine has none of them */
export function bindAddresses(hosts: readonly string[], port: number): Listener {
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

/** The port that the first address got may be taken on another one: then all try again. */
function bindToFreePort(hosts: readonly string[], tries = 1): readonly BoundSocket[] {
  try {
    return bindAll(hosts, 0);
  } catch (error) {
    if (tries === MOST_TRIES || codeOf(error) !== 'EADDRINUSE') throw error;
    return bindToFreePort(hosts, tries + 1);
  }
}

function bindAll(hosts: readonly string[], port: number): readonly BoundSocket[] {
  const bound: BoundSocket[] = [];
  let absent: unknown;
  for (const host of hosts) {
    try {
      bound.push(bindOne(host, bound[0]?.address().port ?? port));
    } catch (error) {
      // A container without IPv6 often has ::1 for localhost in its /etc/hosts nevertheless.
      absent = error;
      if (codeOf(error) === 'EADDRNOTAVAIL' || codeOf(error) === 'EAFNOSUPPORT') continue;
      for (const socket of bound) socket.close();
      throw error;
    }
  }
  if (bound.length === 0) throw absent;
  return bound;
}

/** The system's code, from under our error. */
function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(Object(error.cause), 'code') : undefined;
}

function bindOne(host: string, port: number): BoundSocket {
  try {
    return bindSocket(host, port);
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
