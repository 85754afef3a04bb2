// Where a process without a primary can listen: on every address of the host, as the primary would, or at a path.
import dns from 'node:dns/promises';
import net from 'node:net';
import { whereOf } from '../app/listen.ts';
import type { Opening } from '../app/listen.ts';
import { ListenError } from '../errors.ts';
import { formatEndpoint, tcp } from '../net/endpoint.ts';
import { inherit } from '../net/inherited.ts';
import { MOST_BACKLOG, listenOnHandle } from '../net/listen-on-handle.ts';
import { SocketFile, nameBeside } from '../net/socket-file.ts';
import { removeStaleSocket } from '../net/unix-socket.ts';
import type { DescriptorPlace, Place, UnixPlace } from '../options/index.ts';
import { toErrorInfo } from '../protocol/error-info.ts';

/** @throws FST_CLUSTERED_LISTEN_FAILED */
export async function openingsAt(places: readonly Place[]): Promise<readonly Opening[]> {
  const openings: Opening[] = [];
  for (const place of places) {
    try {
      openings.push(...(await openingsOf(place)));
    } catch (error) {
      throw listenError(place, error);
    }
  }
  return openings;
}

export function listenError(place: Place, error: unknown): Error {
  if (error instanceof ListenError) return error;
  return new ListenError(nameOf(place), toErrorInfo(error).message, { cause: error });
}

function nameOf(place: Place): string {
  switch (place.type) {
    case 'tcp':
      return formatEndpoint(tcp(place));
    case 'unix':
      return place.path;
    case 'descriptor':
      return `descriptor ${place.fd}`;
  }
}

async function openingsOf(place: Place): Promise<readonly Opening[]> {
  switch (place.type) {
    case 'tcp':
      return tcpOpenings(place);
    case 'unix':
      await removeStaleSocket(place.path);
      // Of a process with the same pid that was killed while it began to listen.
      await removeStaleSocket(nameBeside(place.path));
      return [unixOpening(place)];
    case 'descriptor':
      return [inheritedOpening(place)];
  }
}

async function tcpOpenings({
  host,
  port,
  ipv6Only,
  backlog,
}: Extract<Place, { type: 'tcp' }>): Promise<readonly Opening[]> {
  const addresses = host === 'localhost' ? await dns.lookup(host, { all: true }) : [{ address: host }];
  let chosen = port;
  return [...new Set(addresses.map(({ address }) => address))].map((address, index) => ({
    where: { host: address, port },
    backlog,
    isLent: false,
    // As in Fastify, one address of localhost is enough: a machine may name ::1 and not have it.
    isOptional: index > 0,
    begin(server) {
      server.once('listening', () => {
        const bound = server.address();
        if (typeof bound === 'object' && bound !== null) chosen = bound.port;
      });
      listen(server, { host: address, port: chosen, ipv6Only, backlog });
    },
  }));
}

function unixOpening({ path, backlog, mode, owner, group }: UnixPlace): Opening {
  let file: SocketFile | undefined;
  return {
    where: { path },
    backlog,
    isLent: false,
    begin(server) {
      const beside = nameBeside(path);
      listen(server, { path: beside, backlog });
      if (!server.listening) return;
      try {
        file = new SocketFile(beside, path, { mode, owner, group });
      } catch (error) {
        net.Server.prototype.close.call(server);
        throw error;
      }
      // What server.address() is.
      Reflect.set(server, '_pipeName', path);
    },
    release: () => file?.remove(),
  };
}

function inheritedOpening({ fd, backlog: given }: DescriptorPlace): Opening {
  const { endpoint, handle } = inherit(Number(fd));
  const backlog = given ?? MOST_BACKLOG;
  const where = whereOf(endpoint);
  return {
    where,
    backlog,
    isLent: true,
    begin: (server) => listenOnHandle(server, handle, backlog, 'path' in where ? where.path : undefined),
  };
}

/** In the way of its class: that of the app's own server is taken away while app.listen() runs. */
function listen(server: net.Server, options: net.ListenOptions): void {
  Reflect.apply(Reflect.get(Object.getPrototypeOf(server), 'listen'), server, [options]);
}
