// Closes one HTTP/1.1 connection without losing a request: with `Connection: close` on its last response, on no other.
import type { ServerResponse } from 'node:http';
import type net from 'node:net';
import type { Connections } from './connections.ts';
import { currentResponse, newestRequest } from './http1.ts';
import { makeLast } from './last-response.ts';
import { closeInStages } from './linger.ts';

/** Connections for which closeAfterResponse was called. */
const closing = new WeakSet<net.Socket>();

/** True: it was asked for already. */
export function isClosing(socket: net.Socket): boolean {
  return closing.has(socket);
}

/**
 * Closes the connection after the response in flight, or, if there is none or its head is already written, after the next
 * one. Of pipelined requests every one is answered, and the response to the newest is the last (RFC 9112, section 9.6).
 *
 * A connection that stays idle stays open. To call it twice is to call it once.
 */
export function closeAfterResponse(connections: Connections, socket: net.Socket): void {
  if (closing.has(socket)) return;
  closing.add(socket);
  let last: { readonly response: ServerResponse; undo(): void } | undefined;
  const setLast = (response: ServerResponse): void => {
    if (response.headersSent || last?.response === response) return;
    // The client has pipelined one more request. Node would drop it behind a last response.
    if (last !== undefined && !last.response.headersSent) last.undo();
    last = { response, undo: makeLast(response) };
    // Node calls this to close a connection after its last response.
    socket.destroySoon = () => closeInStages(socket);
  };
  connections.onRequest(socket, setLast);
  followToNewest(socket, setLast);
}

/**
 * Of pipelined requests Node exposes the oldest response and the newest request: step from one response to the next. If the
 * app has written the head of the newest by then, it is too late for this one, and the next response will be the last.
 */
function followToNewest(socket: net.Socket, found: (response: ServerResponse) => void): void {
  const response = currentResponse(socket);
  if (response === null) return;
  if (response.req === newestRequest(socket)) found(response);
  else response.once('finish', () => followToNewest(socket, found));
}
