// Binds as soon as it is free. When a primary is killed its workers finish what they have accepted, and one that computes has not
// even noticed yet: until then they hold the port, or the path, and a primary that is started meanwhile has to wait for them.
import { setTimeout } from 'node:timers/promises';
import type { Endpoint, TcpEndpoint } from '../../net/endpoint.ts';
import type { UnixPlace } from '../../options/index.ts';
import { bindUnix } from './bind-unix.ts';
import type { BoundUnixSocket } from './bind-unix.ts';
import { bind } from './bind.ts';
import type { BoundSocket } from './bound-socket.ts';
import { systemCodeOf } from './listen-error.ts';

/** What to do while it is in use. */
export interface InUse {
  readonly timeoutMs: number;
  /** Called once, when the wait begins. */
  waiting(endpoints: readonly Endpoint[], timeoutMs: number): void;
}

/** How often it is tried, in ms. */
const RETRY_MS = 50;

/** @throws FST_CLUSTERED_LISTEN_FAILED: it is still in use after `timeoutMs`, or cannot be bound for another reason */
export function bindOnceFree(
  endpoints: readonly TcpEndpoint[],
  inUse: InUse,
): Promise<readonly BoundSocket[]> {
  // Where the system chooses the port, `bind` has tried several.
  const isFixed = endpoints.some(({ port }) => port !== 0);
  return onceFree(endpoints, isFixed, inUse, (waitedMs) => bind(endpoints, waitedMs));
}

/** The same for a Unix socket. */
export function bindUnixOnceFree(place: UnixPlace, inUse: InUse): Promise<BoundUnixSocket> {
  return onceFree([{ type: 'unix', path: place.path }], true, inUse, (waitedMs) => bindUnix(place, waitedMs));
}

async function onceFree<T>(
  endpoints: readonly Endpoint[],
  mayBecomeFree: boolean,
  { timeoutMs, waiting }: InUse,
  attempt: (waitedMs: number) => T | Promise<T>,
): Promise<T> {
  const begun = performance.now();
  let isWaiting = false;
  for (;;) {
    const isLast = performance.now() - begun >= timeoutMs;
    try {
      return await attempt(isLast ? timeoutMs : 0);
    } catch (error) {
      if (isLast || !mayBecomeFree || systemCodeOf(error) !== 'EADDRINUSE') throw error;
    }
    if (!isWaiting) waiting(endpoints, timeoutMs);
    isWaiting = true;
    await setTimeout(RETRY_MS);
  }
}
