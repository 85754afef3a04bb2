// Binds a socket to each of several addresses, on one port.
import type { TcpEndpoint } from '../../net/endpoint.ts';
import { bindSocket as bindSocketOf } from './bound-socket.ts';
import type { BoundSocket } from './bound-socket.ts';
import { listenError, systemCodeOf } from './listen-error.ts';

type Bind = typeof bindSocketOf;

const MAX_ATTEMPTS = 10;

/**
 * With port 0 the system chooses a free port for the first address. Another process may use that port on one of the other
 * addresses: then all of them are bound again, to another port.
 * @param waitedMs for how long it was tried before, for the error
 * @throws FST_CLUSTERED_LISTEN_FAILED: one address is in use, or this machine has none of them
 */
export function bind(
  endpoints: readonly TcpEndpoint[],
  waitedMs = 0,
  bindSocket = bindSocketOf,
): readonly BoundSocket[] {
  const isAnyPort = endpoints.every(({ port }) => port === 0);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return bindAll(endpoints, waitedMs, bindSocket);
    } catch (error) {
      if (!isAnyPort || attempt === MAX_ATTEMPTS || systemCodeOf(error) !== 'EADDRINUSE') throw error;
    }
  }
}

function bindAll(
  endpoints: readonly TcpEndpoint[],
  waitedMs: number,
  bindSocket: Bind,
): readonly BoundSocket[] {
  const bound: BoundSocket[] = [];
  let absent: unknown;
  for (const endpoint of endpoints) {
    try {
      const { port } = bound[0]?.endpoint ?? endpoint;
      bound.push(bindOne({ ...endpoint, port }, waitedMs, bindSocket));
    } catch (error) {
      // A container without IPv6 often has ::1 for localhost in its /etc/hosts nevertheless.
      absent = error;
      if (isAbsent(error)) continue;
      for (const socket of bound) socket.close();
      throw error;
    }
  }
  if (bound.length === 0) throw absent;
  return bound;
}

function bindOne(endpoint: TcpEndpoint, waitedMs: number, bindSocket: Bind): BoundSocket {
  try {
    return bindSocket(endpoint);
  } catch (error) {
    throw listenError(endpoint, error, waitedMs);
  }
}

/** Does this machine not have the address? */
function isAbsent(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
}
