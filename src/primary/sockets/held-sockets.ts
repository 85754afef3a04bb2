// Holds the sockets of the service in the primary, which never accepts: workers inherit their descriptors, and accept.
import { tcp } from '../../net/endpoint.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import { inherit } from '../../net/inherited.ts';
import type { Place } from '../../options/index.ts';
import type { InUse } from './once-free.ts';
import { bindOnceFree, bindUnixOnceFree } from './once-free.ts';
import { resolve } from './resolve.ts';

export interface HeldSockets {
  readonly all: readonly HeldSocket[];
  /** Where they are bound, by the system's answer. */
  readonly endpoints: readonly Endpoint[];
  /** Closes the primary's copies: from then on only workers hold the sockets. May be called twice. */
  release(): void;
}

export interface HeldSocket {
  readonly endpoint: Endpoint;
  /** The descriptor in this process. */
  readonly fd: number;
  /** Null: as many as the kernel allows. */
  readonly backlog: number | null;
  close(): void;
}

/**
 * Binds a socket to every address that `localhost` has on this machine; any other host stands for one address.
 * @throws FST_CLUSTERED_LISTEN_FAILED: then none is held
 */
export async function holdSockets(places: readonly Place[], waiting: InUse['waiting']): Promise<HeldSockets> {
  const all: HeldSocket[] = [];
  try {
    for (const place of places) {
      const { name, backlog } = place;
      const sockets = await bindAt(place, { timeoutMs: place.timeoutMs, waiting });
      for (const { endpoint, fd, close } of sockets)
        all.push({ endpoint: name === null ? endpoint : { ...endpoint, name }, fd, backlog, close });
    }
  } catch (error) {
    // Those that were handed over stay: the service may be started once more.
    for (const socket of all) if (socket.endpoint.type !== 'inherited') socket.close();
    throw error;
  }
  return held(all);
}

type Bound = Pick<HeldSocket, 'endpoint' | 'fd' | 'close'>;

async function bindAt(place: Place, inUse: InUse): Promise<readonly Bound[]> {
  switch (place.type) {
    case 'tcp': {
      const { host, port, ipv6Only } = place;
      return bindOnceFree(await resolve(tcp({ host, port, ipv6Only })), inUse);
    }
    case 'unix':
      return [await bindUnixOnceFree(place, inUse)];
    case 'descriptor': {
      const { endpoint, handle } = inherit(Number(place.fd));
      return [{ endpoint, fd: endpoint.fd, close: () => handle.close() }];
    }
  }
}

function held(all: readonly HeldSocket[]): HeldSockets {
  let open = all;
  return {
    all,
    endpoints: all.map(({ endpoint }) => endpoint),
    release() {
      for (const socket of open) socket.close();
      open = [];
    },
  };
}
