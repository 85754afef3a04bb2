// Holds the sockets of the service in the primary, which never accepts: workers inherit their descriptors, and accept.
import process from 'node:process';
import { tcp } from '../../net/endpoint.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import { inherit } from '../../net/inherited.ts';
import type { Balance, Place } from '../../options/index.ts';
import type { InUse } from './once-free.ts';
import { bindOnceFree, bindUnixOnceFree } from './once-free.ts';
import { resolve } from './resolve.ts';
import { SlotSockets } from './slot-sockets.ts';

export interface HeldSockets {
  /** Where they are bound, by the system's answer. */
  readonly endpoints: readonly Endpoint[];
  /**
   * What a worker of that slot accepts from. A slot that has no sockets of its own yet gets them now.
   * @throws FST_CLUSTERED_LISTEN_FAILED: the system refuses them
   */
  ofSlot(slot: number): readonly HeldSocket[];
  /** Closes the primary's copies of those that only this slot has. True: it has had some, so its last workers have to empty their queues. */
  closeSlot(slot: number): boolean;
  /** Closes the primary's copies: from then on only workers hold the sockets. May be called twice. */
  release(): void;
}

export interface HeldSocket {
  readonly endpoint: Endpoint;
  /** The descriptor in this process. Null: node:cluster listens, and deals the connections out. */
  readonly fd: number | null;
  /** Null: as many as the kernel allows. */
  readonly backlog: number | null;
  /** True: workers of other slots do not accept from it. */
  readonly isOfSlot: boolean;
}

/** The sockets of one place. */
export interface Source extends Pick<HeldSockets, 'ofSlot' | 'closeSlot'> {
  readonly endpoints: readonly Endpoint[];
  close(): void;
}

/**
 * Binds a socket to every address that `localhost` has on this machine; any other host stands for one address.
 * @throws FST_CLUSTERED_LISTEN_FAILED: then none is held
 */
export async function holdSockets(
  places: readonly Place[],
  waiting: InUse['waiting'],
  balance: Balance = 'shared',
): Promise<HeldSockets> {
  const held: { readonly source: Source; readonly isLent: boolean }[] = [];
  try {
    for (const place of places) {
      const source = await hold(place, { timeoutMs: place.timeoutMs, waiting }, balance);
      held.push({ source, isLent: place.type === 'descriptor' });
    }
  } catch (error) {
    // Those that were handed over stay: the service may be started once more.
    for (const { source, isLent } of held) if (!isLent) source.close();
    throw error;
  }
  const all = held.map(({ source }) => source);
  let open = all;
  return {
    endpoints: all.flatMap(({ endpoints }) => endpoints),
    ofSlot: (slot) => open.flatMap((source) => source.ofSlot(slot)),
    closeSlot: (slot) => open.map((source) => source.closeSlot(slot)).includes(true),
    release() {
      for (const source of open) source.close();
      open = [];
    },
  };
}

async function hold(place: Place, inUse: InUse, balance: Balance): Promise<Source> {
  switch (place.type) {
    case 'tcp':
      return holdTcp(place, inUse, balance);
    case 'unix': {
      const { endpoint, fd, close } = await bindUnixOnceFree(place, inUse);
      return sharedBySlots([{ endpoint: named(endpoint, place), fd, backlog: place.backlog }], close);
    }
    case 'descriptor': {
      const { endpoint, handle } = inherit(Number(place.fd));
      const socket = { endpoint: named(endpoint, place), fd: endpoint.fd, backlog: place.backlog };
      return sharedBySlots([socket], () => handle.close());
    }
  }
}

async function holdTcp(
  place: Extract<Place, { type: 'tcp' }>,
  inUse: InUse,
  balance: Balance,
): Promise<Source> {
  const { host, port, ipv6Only, backlog } = place;
  const bound = await bindOnceFree(await resolve(tcp({ host, port, ipv6Only })), inUse);
  const close = (): void => bound.forEach((socket) => socket.close());
  const sockets = bound.map(({ endpoint, fd }) => ({ endpoint: named(endpoint, place), fd, backlog }));
  switch (balance) {
    case 'shared':
      return sharedBySlots(sockets, close);
    case 'round-robin':
      // On Windows nobody else could listen while it is bound. Elsewhere that keeps the port while no worker lives.
      if (process.platform === 'win32') close();
      return sharedBySlots(
        sockets.map((socket) => ({ ...socket, fd: null })),
        process.platform === 'win32' ? () => undefined : close,
      );
    case 'reuse-port':
      // By now it is clear that nobody listens there.
      close();
      return SlotSockets.hold(
        sockets.map(({ endpoint }) => endpoint),
        backlog,
      );
  }
}

function named<E extends Endpoint>(endpoint: E, { name }: Pick<Place, 'name'>): E {
  return name === null ? endpoint : { ...endpoint, name };
}

function sharedBySlots(sockets: readonly Omit<HeldSocket, 'isOfSlot'>[], close: () => void): Source {
  const all = sockets.map((socket) => ({ ...socket, isOfSlot: false }));
  return {
    endpoints: all.map(({ endpoint }) => endpoint),
    ofSlot: () => all,
    closeSlot: () => false,
    close,
  };
}
