// Binds as soon as the port is free. When a primary is killed its workers finish what they have accepted, and one that computes
// has not even noticed yet: until then they hold the port, and a primary that is started meanwhile has to wait for them.
import { setTimeout } from 'node:timers/promises';
import type { Endpoint, TcpEndpoint } from '../../net/endpoint.ts';
import { bind } from './bind.ts';
import type { BoundSocket } from './bound-socket.ts';
import { systemCodeOf } from './listen-error.ts';

/** What to do while the port is in use. */
export interface InUse {
  readonly timeoutMs: number;
  /** Called once, when the wait begins. */
  waiting(endpoints: readonly Endpoint[]): void;
}

/** How often the port is tried, in ms. */
const RETRY_MS = 50;

/** @throws FST_CLUSTERED_LISTEN_FAILED: it is still in use after `timeoutMs`, or cannot be bound for another reason */
export async function bindOnceFree(
  endpoints: readonly TcpEndpoint[],
  { timeoutMs, waiting }: InUse,
): Promise<readonly BoundSocket[]> {
  const begun = performance.now();
  let isWaiting = false;
  for (;;) {
    const isLast = performance.now() - begun >= timeoutMs;
    try {
      return bind(endpoints, isLast ? timeoutMs : 0);
    } catch (error) {
      if (isLast || !isInUse(error, endpoints)) throw error;
    }
    if (!isWaiting) waiting(endpoints);
    isWaiting = true;
    await setTimeout(RETRY_MS);
  }
}

/** Where the system chooses the port, `bind` has tried several. */
function isInUse(error: unknown, endpoints: readonly TcpEndpoint[]): boolean {
  return systemCodeOf(error) === 'EADDRINUSE' && endpoints.some(({ port }) => port !== 0);
}
