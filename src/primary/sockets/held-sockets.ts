// Holds the sockets of the service in the primary, which never accepts: workers inherit their descriptors, and accept.
import type { Endpoint } from '../../net/endpoint.ts';
import type { BoundSocket } from './bound-socket.ts';
import type { InUse } from './once-free.ts';
import { bindOnceFree } from './once-free.ts';
import { resolve } from './resolve.ts';

export interface HeldSockets {
  /** Where they are bound, by the system's answer. */
  readonly endpoints: readonly Endpoint[];
  /** Their descriptors in this process, in the order of the endpoints. */
  readonly descriptors: readonly number[];
  /** Closes the primary's copies: from then on only workers hold the sockets. May be called twice. */
  release(): void;
}

/**
 * Binds a socket to every address that `localhost` has on this machine; any other host stands for one address.
 * @throws FST_CLUSTERED_LISTEN_FAILED
 */
export async function holdSockets(endpoint: Endpoint, inUse: InUse): Promise<HeldSockets> {
  switch (endpoint.type) {
    case 'tcp':
      return hold(await bindOnceFree(await resolve(endpoint), inUse));
  }
}

function hold(sockets: readonly BoundSocket[]): HeldSockets {
  let held = sockets;
  return {
    endpoints: sockets.map(({ endpoint }) => endpoint),
    descriptors: sockets.map(({ fd }) => fd),
    release() {
      for (const socket of held) socket.close();
      held = [];
    },
  };
}
