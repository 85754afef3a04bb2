// Cuts connections at the end of the grace, and counts what is lost with them.
import type net from 'node:net';
import { currentResponse, isUpgraded, newestRequest } from './http1.ts';

/** What was under way on connections that were cut. */
export interface Cut {
  /** Of HTTP/1.1 and HTTP/2: those whose response had not ended. Of pipelined ones on a connection two at most are counted. */
  readonly requests: number;
  /** Connections on which another protocol than HTTP is spoken: WebSockets, tunnels, those of a server of `node:net`. */
  readonly upgraded: number;
}

export const NOTHING_CUT: Cut = { requests: 0, upgraded: 0 };

export function sumOf(cuts: readonly Cut[]): Cut {
  return {
    requests: cuts.reduce((sum, { requests }) => sum + requests, 0),
    upgraded: cuts.reduce((sum, { upgraded }) => sum + upgraded, 0),
  };
}

/** Counts before it cuts: a connection that is cut has nothing under way any more. */
export function cut(sockets: readonly net.Socket[], openStreams: number): Cut {
  const requests = sockets.reduce((sum, socket) => sum + requestsOn(socket), openStreams);
  const upgraded = sockets.filter(isUpgraded).length;
  for (const socket of sockets) socket.destroy();
  return { requests, upgraded };
}

/** Node exposes the oldest response and the newest request of HTTP/1.1: they differ if the client has pipelined. */
function requestsOn(socket: net.Socket): number {
  const response = currentResponse(socket);
  if (response === null) return 0;
  const newest = newestRequest(socket);
  return newest === null || newest === response.req ? 1 : 2;
}
