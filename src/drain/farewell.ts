// Tells HTTP/1.1 clients that the connection ends: `Connection: close` on the last response known, and on no other.
import type { ServerResponse } from 'node:http';
import type net from 'node:net';
import type { Connections } from './connections.ts';
import { currentResponse, newestRequest } from './http1.ts';
import { makeLast } from './last-response.ts';
import { closeInStages } from './linger.ts';

interface Marked {
  readonly response: ServerResponse;
  unmark(): void;
}

/** From now on. Every request is still answered (RFC 9112, section 9.6). */
export function closeAfterLastResponse(connections: Connections): void {
  const marked = new WeakMap<net.Socket, Marked>();
  const mark = (socket: net.Socket, response: ServerResponse): void => {
    const before = marked.get(socket);
    // What is sent already needs no mark.
    if (response.headersSent || before?.response === response) return;
    // One more, pipelined: were the one before it the last, Node would drop this one.
    if (before !== undefined && !before.response.headersSent) before.unmark();
    marked.set(socket, { response, unmark: makeLast(response) });
    // Node's way to end a connection whose last response is sent.
    socket.destroySoon = () => closeInStages(socket);
  };
  connections.onRequest(mark);
  for (const socket of connections.all) markLast(socket, mark);
}

/** Of pipelined requests Node shows the first response and the newest request: so it is followed from one to the next. */
function markLast(socket: net.Socket, mark: (socket: net.Socket, response: ServerResponse) => void): void {
  const response = currentResponse(socket);
  if (response === null) return;
  if (response.req === newestRequest(socket)) mark(socket, response);
  else response.once('finish', () => markLast(socket, mark));
}
